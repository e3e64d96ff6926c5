"""Hints from links: rel=next, the next link in words, pictures or signs, offsets in its address, ASP.NET postbacks."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from bs4 import Tag

from scraper.page_data.parameters import CURSOR, LIMIT, OFFSET, PAGE
from scraper.paging.forms import POSTBACK
from scraper.paging.links import REL_NEXT, addresses, header_links
from scraper.paging.words import NEXT_CLASS, says_more, says_next
from scraper.probe.hints import Call, Hint, Study
from scraper.probe.selectors import classes_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_ADDRESS = ("javascript:", "#", "mailto:", "tel:", "data:")
PAGED = re.compile(r"(?:^|[/_.-])(?:page|paged|pg|p|seite|pagina|strana|sida)[/_=-]?\d{1,6}(?:\D|$)", re.IGNORECASE)
ICON = re.compile(r"(?:chevron|arrow|angle|caret)s?(?:-\w{1,10})?-right$|(?:^|[-_])next$|^navigate_next$", re.ASCII)
SECOND = re.compile(r"[-_]?0?2(?=\.\w{2,5}$|/?$)")
"""What the address of a second page has more than that of the first: `list2.html` and `list.html`."""

PAGER = re.compile(
    r"pag(?:er|ing|inat)|(?:^|[-_ ])pages?(?:$|[-_ ])|nav(?:igation)?[-_]?(?:links|below)", re.IGNORECASE
)
PERIOD = re.compile(r"(?:^|[?&;/])(?:month|week|day|date|year|ym|tag)=|/(?:19|20)\d\d[/-]\d{1,2}(?:/|$)", re.IGNORECASE)
ONE_OF = re.compile(
    r"(?:post|entry|article|product|slide|carousel|image|photo|story)[-_]?nav|prev[-_]?next|carousel|slide|"
    r"nav-(?:next|previous)-(?:post|product)|single",
    re.IGNORECASE,
)
"""Names of what leads from one record to the next, rather than from a page of a list."""

SAID = re.compile("[^\\W\\d_]{2,}|[>\u203a\u00bb\u2192\u27e9\u276f\u25b6\u25ba\u21d2\u279c\u2794]")
"""The words and signs of a next link."""

MOST_AROUND, MOST_INSIDE = 4, 20


def link_hints(study: Study) -> Iterator[Hint]:
    """Yield the hints that links give, the surest first."""
    if study.is_last:
        return
    stated = {"total": study.stated.total, "last": study.stated.last}
    response = study.page.response
    if header_links(response):
        yield from _given(
            study.hint(Call.of("NextLink", **stated), "a Link header with rel=next; NextLink() is the default")
        )
    elif addresses(response, REL_NEXT) and not _leads_to_one(study):
        yield from _given(study.hint(Call.of("NextLink", **stated), "a link with rel=next; NextLink() is the default"))
    for anchor in next_links(study):
        call = next_call(study, anchor, **stated)
        if call and (hint := study.hint(call, f"the link '{said_by(anchor)[:30]}'")):
            yield hint
            yield from _offset_hint(study, hint.leads_to)
            break
    yield from _postback_hint(study)


def _leads_to_one(study: Study) -> bool:
    """Say whether all that is marked as next stands in what leads from one record to another."""
    marked = study.page.soup.find_all(["a", "link"], rel="next", limit=10)
    return bool(marked) and all(any(map(ONE_OF.search, _names_around(tag))) for tag in marked)


def next_links(study: Study) -> list[Tag]:
    """Return the links that look as if they led to the next page, those that say so in words first."""
    if study.next_anchors is None:
        anchors = [
            anchor
            for anchor in study.page.soup.find_all("a", href=True)
            if not str(anchor["href"]).lower().strip().startswith(NO_ADDRESS)
        ]
        ranked = [(rank, anchor) for anchor in anchors if (rank := _rank(study, anchor)) is not None]
        study.next_anchors = [anchor for _, anchor in sorted(ranked, key=lambda pair: pair[0])]
    return study.next_anchors


def next_call(study: Study, anchor: Tag, **stated: str) -> Call | None:
    """Return the pagination that finds a next link by a selector which finds that address alone, or None."""
    wanted = {str(anchor["href"]).strip()}
    for selector in _next_selectors(study, anchor):
        if set(addresses(study.page.response, selector)) == wanted:
            return Call.of("NextLink", selector, **stated)
    return None


def said_by(anchor: Tag) -> str:
    """Return what a link says: its text, or that of its picture, or its title."""
    picture = picture_in(anchor)
    alt = str(picture.get("alt") or picture.get("title") or "") if picture is not None else ""
    return words_of(anchor, 60) or alt or str(anchor.get("aria-label") or anchor.get("title") or "")


def picture_in(tag: Tag) -> Tag | None:
    """Return the picture that a link is made of; links may hold all that a page has, so two levels are looked at."""
    near = [part for part in tag.contents[:MOST_INSIDE] if isinstance(part, Tag)]
    near += [part for holder in near for part in holder.contents[:MOST_INSIDE] if isinstance(part, Tag)]
    return next((part for part in near if part.name == "img"), None)


def _rank(study: Study, anchor: Tag) -> int | None:
    """Say how sure it is that a link leads to the next page, 0 the surest; None: it does not."""
    words, labels = said_by(anchor), [str(anchor.get(name) or "") for name in ("aria-label", "title")]
    marked = [anchor, anchor.parent] if anchor.parent is not None else [anchor]
    classed = any(NEXT_CLASS.search(name) for tag in marked for name in classes_of(tag))
    says, more = any(says_next(text) for text in (words, *labels)), says_more(words)
    pictured = _is_next_picture(anchor)
    if not (says or more or classed or pictured):
        return None
    address, around = urljoin(study.page.url, str(anchor["href"]).strip()), _names_around(anchor)
    if PERIOD.search(address) or any(map(ONE_OF.search, around)):
        return None
    is_sign = not any(letter.isalnum() for letter in words)
    if says and (classed or any(labels) or not is_sign):
        return 0
    like_list, in_pager = is_paged(study.page.url, address), any(map(PAGER.search, around))
    if (says or pictured) and (like_list or (in_pager and (says or bool(_icon_in(anchor)[1])))):
        return 1
    return 2 if (classed and (like_list or in_pager)) or (more and like_list) else None


def _names_around(tag: Tag) -> list[str]:
    """Return the classes and ids of a link and of what is around it."""
    around = [tag, *islice(tag.parents, MOST_AROUND)]
    return [f"{' '.join(map(str, part.get_attribute_list('class')))} {part.get('id') or ''}" for part in around]


def _is_next_picture(anchor: Tag) -> bool:
    picture = picture_in(anchor)
    name = str(picture.get("src") or "").rpartition("/")[2] if picture is not None else ""
    return bool(re.search(r"next|forward|arrow[-_]?r", name, re.IGNORECASE)) or bool(_icon_in(anchor)[1])


def _icon_in(anchor: Tag) -> tuple[str, str]:
    """Return the tag and the class of what a link without words is made of, when that is an arrow to the right."""
    inner = [part for part in anchor.contents[:MOST_INSIDE] if isinstance(part, Tag)]
    named = [(part.name, name) for part in inner for name in classes_of(part) if ICON.search(name)]
    return named[0] if named and not words_of(anchor, 2) else ("", "")


def is_paged(url: str, address: str) -> bool:
    """Say whether an address looks like a further page of the list at another.

    >>> is_paged("http://x/news", "http://x/news?page=2"), is_paged("http://x/news", "http://x/search/")
    (True, False)
    """
    try:
        own, other = urlsplit(url), urlsplit(address)
    except ValueError:
        return False
    if other.netloc != own.netloc or (other.path, other.query) == (own.path, own.query):
        return False
    mine, others = set(parse_qsl(own.query)), parse_qsl(other.query)
    changed = [name for name, value in others if (name, value) not in mine]
    if any(pattern.match(name) for name in changed for pattern in (PAGE, OFFSET, CURSOR)):
        return True
    if other.path == own.path:
        return bool(changed)
    return bool(PAGED.search(other.path)) or SECOND.sub("", other.path) == own.path


def _next_selectors(study: Study, anchor: Tag) -> Iterator[str]:
    """Yield selectors of the next link: by the class or words that say "next" before its place."""
    yield from (f"a.{name}" for name in classes_of(anchor) if NEXT_CLASS.search(name))
    parent = anchor.parent
    if parent is not None:
        yield from (f"{parent.name}.{name} a" for name in classes_of(parent) if NEXT_CLASS.search(name))
    for name in ("title", "aria-label"):
        value = str(anchor.get(name) or "")
        if says_next(value) and not re.search(r"[\\'\n]", value):
            yield f"a[{name}='{value}']"
    selector = study.selectors.of(anchor)
    if selector != "a" and study.selectors.count(selector) == 1:
        yield selector
    words = words_of(anchor, 60)
    quote = '"' if "'" in words else "'"
    if words and '"' not in words:
        yield f"//a[normalize-space()={quote}{words}{quote}]"
        for word in sorted(SAID.findall(words), key=len, reverse=True):
            yield f"//a[contains(., {quote}{word}{quote})]"
    if (icon := _icon_in(anchor))[1]:
        yield f"//a[{icon[0]}[contains(@class, '{icon[1]}')]]"
    picture = picture_in(anchor)
    for name in ("alt", "src") if picture is not None else ():
        value = str(picture.get(name) or "") if picture is not None else ""
        if value and not re.search(r"[\\'\n]", value):
            yield f"//a[img/@{name}='{value}']"
    yield f"{selector} a" if parent is None else f"{study.selectors.of(parent)} a:last-of-type"


def offset_parameter(url: str) -> tuple[str, str, dict[str, str]]:
    """Return the names of the parameters of an address that count records: the offset, the limit, and all of them."""
    parameters = dict(parse_qsl(urlsplit(url).query))
    numbers = [name for name, value in parameters.items() if value.isdecimal()]
    offset = next((name for name in numbers if OFFSET.match(name)), "")
    return offset, next((name for name in numbers if LIMIT.match(name)), ""), parameters


def offsets_call(study: Study, offset: str, limit: str, size: int) -> Call:
    """Write the call that counts records in parameters of these names."""
    address = f"?{offset}={{offset}}" + (f"&{limit}={{limit}}" if limit else "")
    return Call.of("Offsets", address, limit=size, total=study.stated.total)


def _offset_hint(study: Study, url: str) -> Iterator[Hint]:
    """Propose offset and limit where the next link's address has them."""
    offset, limit, parameters = offset_parameter(url)
    if offset and int(parameters[offset]) > 1 and urlsplit(url).path == urlsplit(study.page.url).path:
        call = offsets_call(study, offset, limit, int(parameters[limit or offset]) or 1)
        yield from _given(study.hint(call, f"the next link's address counts records in '{offset}'", number=2))


def posting(study: Study) -> list[Tag]:
    """Return the links that post the page back."""
    anchors = study.page.soup.find_all("a", limit=5_000)
    return [tag for tag in anchors if POSTBACK.search(str(tag.get("href") or tag.get("onclick") or ""))]


def _postback_hint(study: Study) -> Iterator[Hint]:
    anchors = posting(study)
    if not anchors:
        return
    holder = anchors[0].parent
    while holder is not None and not classes_of(holder) and not holder.get("id") and holder.name != "form":
        holder = holder.parent
    selector = f"{study.selectors.of(holder)} a" if holder is not None else "a"
    call = Call.of("Postback", selector, last=study.stated.last, total=study.stated.total)
    yield from _given(study.hint(call, f"{len(anchors)} links that post the page back (__doPostBack)"))


def _given(hint: Hint | None) -> Iterator[Hint]:
    if hint is not None:
        yield hint
