"""Hints from links: rel=next, the next link, links with page numbers, offsets in their addresses, ASP.NET postbacks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from bs4 import Tag

from scraper.page_data.parameters import LIMIT, OFFSET, PAGE
from scraper.paging.forms import POSTBACK
from scraper.paging.links import REL_NEXT, absolute, addresses, header_links
from scraper.paging.numbering import Numbering
from scraper.paging.words import NEXT_CLASS, says_more, says_next
from scraper.probe.hints import Call, Hint, Study, untried
from scraper.probe.selectors import classes_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NUMBER = 100_000


def link_hints(study: Study) -> Iterator[Hint]:
    """Yield the hints that links give, the surest first."""
    stated = {"total": study.stated.total, "last": study.stated.last}
    response = study.page.response
    if header_links(response):
        yield from _given(
            study.hint(Call.of("NextLink", **stated), "a Link header with rel=next; NextLink() is the default")
        )
    elif addresses(response, REL_NEXT):
        yield from _given(study.hint(Call.of("NextLink", **stated), "a link with rel=next; NextLink() is the default"))
    for anchor in next_links(study):
        selector = _next_selector(study, anchor)
        if hint := study.hint(Call.of("NextLink", selector, **stated), f"the link '{words_of(anchor, 30)}'"):
            yield hint
            yield from _offset_hint(study, hint.leads_to)
            break
    yield from _postback_hint(study)
    yield from _number_hint(study)


def next_links(study: Study) -> Iterator[Tag]:
    """Yield the links that look as if they led to the next page."""
    for anchor in study.page.soup.find_all("a", href=True):
        words = words_of(anchor, 60) or str(anchor.get("aria-label") or anchor.get("title") or "")
        worded = says_next(words) or says_more(words)
        marked = [anchor, anchor.parent] if anchor.parent is not None else [anchor]
        classed = any(NEXT_CLASS.search(name) for tag in marked for name in classes_of(tag))
        if (worded or classed) and not str(anchor["href"]).lower().startswith(("javascript:", "#", "mailto:")):
            yield anchor


def _next_selector(study: Study, anchor: Tag) -> str:
    """Write the next link's selector by the class that says "next", also of the element around it."""
    for name in classes_of(anchor):
        if NEXT_CLASS.search(name):
            return f"a.{name}"
    parent = anchor.parent
    if parent is not None:
        for name in classes_of(parent):
            if NEXT_CLASS.search(name):
                return f"{parent.name}.{name} a"
    selector = study.selectors.of(anchor)
    if selector != "a" and study.selectors.count(selector) == 1:
        return selector
    words = words_of(anchor, 60)
    quote = '"' if "'" in words else "'"
    return f"//a[normalize-space()={quote}{words}{quote}]" if words and '"' not in words else selector


def _offset_hint(study: Study, url: str) -> Iterator[Hint]:
    """Propose offset and limit where the next link's address has them."""
    parameters = dict(parse_qsl(urlsplit(url).query))
    offset = next((name for name in parameters if OFFSET.match(name) and parameters[name].isdecimal()), "")
    if not offset or int(parameters[offset]) < 2:
        return
    limit = next((name for name in parameters if LIMIT.match(name) and parameters[name].isdecimal()), "")
    size = int(parameters[limit]) if limit else int(parameters[offset])
    address = f"?{offset}={{offset}}" + (f"&{limit}={{limit}}" if limit else "")
    call = Call.of("Offsets", address, limit=size, total=study.stated.total)
    yield from _given(study.hint(call, f"the next link's address counts records in '{offset}'", number=2))


def _posting(study: Study) -> list[Tag]:
    """Return the links that post the page back."""
    anchors = study.page.soup.find_all("a", limit=5_000)
    return [tag for tag in anchors if POSTBACK.search(str(tag.get("href") or tag.get("onclick") or ""))]


def _postback_hint(study: Study) -> Iterator[Hint]:
    anchors = _posting(study)
    if not anchors:
        return
    holder = anchors[0].parent
    while holder is not None and not classes_of(holder) and not holder.get("id") and holder.name != "form":
        holder = holder.parent
    selector = f"{study.selectors.of(holder)} a" if holder is not None else "a"
    call = Call.of("Postback", selector, last=study.stated.last, total=study.stated.total)
    yield from _given(study.hint(call, f"{len(anchors)} links that post the page back (__doPostBack)"))


def _number_hint(study: Study) -> Iterator[Hint]:
    """Propose numbered pages where links with numbers as texts agree on how pages are addressed."""
    page, ways, numbers = study.page, Counter[Numbering](), dict[int, str]()
    for anchor in page.soup.find_all("a", href=True):
        words = words_of(anchor, 8)
        if words.isdecimal() and 1 < int(words) < MOST_NUMBER:
            url = absolute(page.response, str(anchor["href"]).strip())[0]
            if url and (way := Numbering.learn(url, int(words))):
                ways[way] += 1
                numbers[int(words)] = url
    if ways:
        way, count = ways.most_common(1)[0]
        address = _address(page.url, way)
        call = Call.of("PageNumbers", address, start=0 if way.shift else "", **_stated(study))
        number = next(number for number, url in numbers.items() if way.url(number) == url)
        hint = study.hint(call, f"{count} links with page numbers", number=number)
        if hint and hint.leads_to == numbers[number]:
            yield hint
        return
    own = dict(parse_qsl(urlsplit(page.url).query))
    offset = next((name for name in own if OFFSET.match(name) and own[name] == "0"), "")
    if offset and not any(next_links(study)):
        limit = next((name for name in own if LIMIT.match(name) and own[name].isdecimal()), "")
        size = int(own[limit]) if limit else max((block.count for block in study.blocks), default=100)
        address = f"?{offset}={{offset}}" + (f"&{limit}={{limit}}" if limit else "")
        call = Call.of("Offsets", address, limit=size, total=study.stated.total)
        yield from _given(study.hint(call, f"the address has the parameter '{offset}'", number=2))
        return
    named = next((name for name in own if PAGE.match(name) and own[name].isdecimal()), "")
    if named and int(own[named]) <= 1:
        call = Call.of("PageNumbers", f"?{named}={{page}}", start=0 if own[named] == "0" else "", **_stated(study))
        yield from _given(study.hint(call, f"the address has the parameter '{named}'", number=2))
    elif study.stated.last and not any(next_links(study)) and not _posting(study):
        yield untried(
            Call.of("PageNumbers", "?page={page}", last=study.stated.last),
            "the page states how many pages there are; look how they are addressed",
        )


def _stated(study: Study) -> dict[str, str]:
    return {"last": study.stated.last, "total": study.stated.total}


def _address(url: str, way: Numbering) -> str:
    """Write a numbered address relative to the start page, as short as it goes."""
    whole = f"{way.before}{{page}}{way.after}"
    start, _, query = whole.partition("?")
    if "{page}" in query and "{page}" not in start:
        place = next(part for part in query.split("&") if "{page}" in part)
        return f"?{place}"
    folder = url.partition("?")[0].rpartition("/")[0] + "/"
    if whole.startswith(folder) and len(whole) > len(folder):
        return whole[len(folder) :]
    parts = urlsplit(url)
    return whole.removeprefix(f"{parts.scheme}://{parts.netloc}")


def _given(hint: Hint | None) -> Iterator[Hint]:
    if hint is not None:
        yield hint
