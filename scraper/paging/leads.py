"""Look for what on a page leads to another page of its list, or says that there is one, whatever a selector finds."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urldefrag, urlsplit

from lxml import etree

from scraper.core import meta as meta_keys
from scraper.core import tiers
from scraper.page_data.api_calls import api_calls
from scraper.page_data.element_text import UNSEEN, pieces_of
from scraper.page_data.parameters import CURSOR, LAST, MORE, OFFSET, PAGE, TOTAL, place_of
from scraper.paging.links import absolute, header_links
from scraper.paging.numbering import PAGE_PARAMETER, Numbering
from scraper.paging.values import in_json
from scraper.paging.words import (
    ADDRESS_ATTRIBUTES,
    MORE_CLASS,
    NEXT_CLASS,
    pages_stated,
    says_more,
    says_next,
    total_stated,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.paging.kind import ListPage

MOST_LEADS = 3
MOST_NUMBER = 100_000
LONGEST_TEXT = 160
MOST_SAID = 1_000
"""Characters and elements of a link that are read; links may stand within links, around all that a page has."""
MOST_ALIKE = 100
"""Links that seem to lead to the next page, or that say the same number, of which a page is asked."""
LEAST_CALENDAR = 20
"""Numbers in one table from which they are taken for the days of a month."""

PAGER = re.compile(r"pag(?:er|in|es|ing|enav)|page-?(?:nav|numbers|links)|seiten|nav-links", re.IGNORECASE)
ASIDE = re.compile(
    r"carousel|slick|swiper|slider|slideshow|glide|splide|owl-|lightbox|gallery|calendar|datepicker", re.IGNORECASE
)
OFF = re.compile(r"(?:^|[\s_-])(?:disabled?|inactive|unavailable)(?:$|[\s_-])", re.IGNORECASE)
UNFOLDS = ("aria-expanded", "aria-haspopup", "data-toggle", "data-bs-toggle", "data-slide", "data-bs-slide")
"""What has a button that shows more of something else than a list."""

PAGES_STATED = (
    "data-total-pages",
    "data-last-page",
    "data-page-count",
    "data-num-pages",
    "data-max-pages",
    "data-max-page",
)
NEXT_STATED = ("data-next-url", "data-next-page", "data-next-cursor", "data-next")
NO_VALUE = ("", "#", "0", "false", "null", "none", "undefined")
JUMP = re.compile(r"""location(?:\.href|\.assign|\.replace)?\s{0,5}(?:=|\()\s{0,5}["']([^"'\s<>]{1,300})["']""")
NEXT_KEY = re.compile(r"^(?:next|next_?(?:page_?)?(?:url|link|href)?)$", re.IGNORECASE)


class Lead(NamedTuple):
    """One of them."""

    what: str
    """A clause for the run's reasons: what it is, and where it leads."""
    url: str = ""
    """The page that it leads to, where that is known."""
    beyond: int = 0
    """How many records it says that there are: it leads on only from a list that has fewer."""


def leads_of(page: ListPage) -> list[Lead]:
    """Return what leads from a page to another one of its list, the surest first and few of them.

    Behind the first page, only what names the page after it: the pager is known to work there, and may keep a link that
    does nothing on the last page.
    """
    if page.kind.json:
        found = _in_answer(page)
    elif not page.is_html:
        return []
    else:
        found = _Study(page).leads()
    return list(dict.fromkeys(found))[:MOST_LEADS]


def _in_answer(page: ListPage) -> Iterator[Lead]:
    """Yield what an API's first answer says of more records than it has."""
    for pattern, wanted in ((MORE, bool), (NEXT_KEY, str), (CURSOR, str), (LAST, int), (TOTAL, int)):
        place = place_of(page.data, pattern, wanted)
        value = in_json(page.data, place) if place else None
        is_more = value > (1 if pattern is LAST else page.size) if wanted is int and value is not None else bool(value)
        if is_more and not (pattern is TOTAL and page.kind.total):
            yield Lead(f"its answer says so: {place} is {str(value)[:60]}")


HOLDERS = re.compile(
    r"^_?(?:meta(?:data)?|pag(?:e|ing|ination|inator)(?:_?info)?|page_?info|data|result|results|response|info|summary)$",
    re.IGNORECASE,
)
"""Where an answer says something of the list, beside its top; elsewhere a total may be one of something else."""


def answer_leads(page: ListPage, *, is_end: bool) -> list[Lead]:
    """Return what an answer of an API, the first or a later one, says of more records than its list may show.

    Only of one at which the pagination says that the list ends, what says that there are more.
    """
    said = [page.data, *(part for key, part in _fields(page.data) if HOLDERS.match(key))]
    leads = []
    for name, value in (field for part in said for field in _fields(part)):
        what = f"its answer says so: {name} is {str(value)[:60]}"
        if TOTAL.match(name) and type(value) is int and value > page.size and not page.kind.total:
            leads.append(Lead(what, beyond=value))
        elif is_end and page.kind.chained and _says_more(name, value, page.number):
            leads.append(Lead(what))
    return leads[:MOST_LEADS]


def _says_more(name: str, value: Any, number: int) -> bool:
    """Return whether a field says that there are pages behind one."""
    return (value is True and MORE.match(name) is not None) or (
        type(value) is int and value > number and LAST.match(name) is not None
    )


def _fields(part: Any) -> list[tuple[str, Any]]:
    return [(str(key), value) for key, value in part.items()] if isinstance(part, dict) else []


class _Study:
    """The elements of a page, without those of its entries."""

    def __init__(self, page: ListPage) -> None:
        self.page = page
        self.first = page.number == 1
        self.clickable: list[etree._Element] = []
        self.stating: list[etree._Element] = []
        self.options: list[etree._Element] = []
        self.scripts: list[str] = []
        self._gather(page.response.selector.root)  # type: ignore[attr-defined]

    def _gather(self, root: etree._Element) -> None:
        entries = {entry for entry in self.page.entries_found if isinstance(entry, etree._Element)}
        around = {parent for entry in entries for parent in entry.iterancestors()}
        walk = etree.iterwalk(root, events=("start",))
        for _, node in walk:
            if node in entries or (node.tag != "body" and node not in around and ASIDE.search(_names(node))):
                walk.skip_subtree()
            elif node.tag == "script":
                self.scripts += [node.text] if node.text and not node.get("src") else []
            elif node.tag in UNSEEN:
                walk.skip_subtree()
            elif node.tag == "select":
                self.options.append(node)
            elif _is_clickable(node):
                self.clickable.append(node)
            if node.tag not in ("a", "button"):
                self.stating.append(node)

    def leads(self) -> Iterator[Lead]:
        """Yield them, the surest first."""
        for raw in header_links(self.page.answer):
            yield from self._to(raw, "its Link header leads")
        yield from self._next_links()
        yield from self._numbers()
        yield from self._statements()
        if self.first:
            yield from self._in_scripts()

    def _next_links(self) -> Iterator[Lead]:
        alike = 0
        for node in self.clickable:
            said = _said(node)
            named = _named(node, said)
            is_next = (
                "next" in (node.get("rel") or "").lower().split()
                or any(map(says_next, said))
                or _classed(node, NEXT_CLASS)
            )
            is_more = not is_next and (any(map(says_more, said)) or _classed(node, MORE_CLASS))
            if not (is_next or is_more) or (node.tag == "link" and not node.get("rel")) or _is_off(node):
                continue
            alike += 1
            if alike > MOST_ALIKE:
                return
            raws = [
                raw.strip() for raw in (node.get("href"), *map(node.get, ADDRESS_ATTRIBUTES)) if raw and raw.strip()
            ]
            real = [lead for raw in raws for lead in self._to(raw, f"{named} leads", sure=is_next and self.first)]
            yield from real
            if not real and node.tag != "link" and self.first and self._runs_a_script(node, raws, is_more):
                yield Lead(f"{named} runs a script{_asked_for(node)}")

    def _to(self, raw: str, what: str, *, sure: bool = True) -> Iterator[Lead]:
        """Yield the lead to an address; one that is not `sure` must look like a further page of this list."""
        url, _ = absolute(self.page.response, raw)
        here = urldefrag(self.page.url)[0]
        if url is None or url == here or urlsplit(url).hostname != urlsplit(here).hostname:
            return
        if sure or _continues(here, url, self.page.number + 1):
            parts = urlsplit(url)
            yield Lead(f"{what} to {parts.path}{parts.query and '?'}{parts.query}", url)

    def _runs_a_script(self, node: etree._Element, raws: list[str], is_more: bool) -> bool:
        """Return whether a link or button without an address does something all the same."""
        if any(name in node.attrib for name in UNFOLDS):
            return False
        if is_more and any(parent.tag in ("nav", "header", "footer") for parent in node.iterancestors()):
            return False
        if node.tag in ("button", "input") or node.get("role") == "button" or node.get("onclick"):
            return node.get("type") not in ("text", "search", "hidden", "checkbox", "radio", "reset")
        if raws:
            href = raws[0].lower()
            return href.startswith("javascript:") or href == "#" or bool(re.search(r"^#.*\d|^#!|^#/", href))
        names = [name for one in (node, node.getparent()) if one is not None for name in _names(one).split()]
        return any(name.startswith("data-") for name in node.attrib) or any(
            re.search(rf"[.#'\"]{re.escape(name)}\b", script) for name in names for script in self.scripts
        )

    def _numbers(self) -> Iterator[Lead]:
        """Yield the lead to the page after this one, where numbers lead to pages."""
        following = self.page.number + 1
        by_text: dict[str, list[etree._Element]] = {}
        for node in self.clickable:
            words = _words(node)
            if 1 < _number(words) < MOST_NUMBER and not _is_off(node):
                alike = by_text.setdefault(str(int(words)), [])
                alike += [node] if len(alike) < MOST_ALIKE else []
        for node in by_text.get(str(following), ()):
            others = [other for one in (following + 1, following + 2) for other in by_text.get(str(one), ())]
            if not self._is_pager(node, others, following):
                continue
            href = (node.get("href") or "").strip()
            leads = list(self._to(href, f"the link '{following}' leads"))
            yield from leads
            scripted = node.tag != "a" or "onclick" in node.attrib or re.search(r"\d|javascript", href)
            if not leads and self.first and scripted:
                yield Lead(f"the link '{following}' runs a script{_asked_for(node)}")
        for node in self.options:
            values = [option.get("value") or _words(option) for option in node.iter("option")]
            if self.first and PAGE.match(node.get("name") or node.get("id") or "") and str(following) in values:
                yield Lead(f"its field '{node.get('name') or node.get('id')}' has a page {following} to choose")

    def _is_pager(self, node: etree._Element, others: list[etree._Element], number: int) -> bool:
        above = _above(node, 4)
        if any(parent.tag == "sup" for parent in (node, *above)):
            return False
        table = next((parent for parent in node.iterancestors("table")), None)
        if table is not None and sum(text.strip().isdecimal() for text in table.itertext()) >= LEAST_CALENDAR:
            return False
        here, href = urldefrag(self.page.url)[0], (node.get("href") or "").strip()
        url = absolute(self.page.response, href)[0] if href else None
        if any(PAGER.search(_names(one)) for one in above) or (url is not None and _continues(here, url, number)):
            return True
        elsewhere = url is not None and urlsplit(url).path != urlsplit(here).path
        return not elsewhere and any(set(_above(other, 2)) & set(above[:2]) for other in others)

    def _statements(self) -> Iterator[Lead]:
        """Yield what states more pages than this one, or more records than it shows."""
        for node in self.stating:
            for name in PAGES_STATED:
                if _number(node.get(name) or "") > self.page.number:
                    yield Lead(f"{name} says that there are {node.get(name)} pages")
            for name in NEXT_STATED if self.first else ():
                if (node.get(name) or "").strip().lower() not in NO_VALUE:
                    yield Lead(f"{name} is '{(node.get(name) or '')[:80]}'")
            own = [node.text or "", *(child.tail or "" for child in node)]
            if not any(text.strip() for text in own) or node.tag in ("option", "title", "label", "th"):
                continue
            words = _words(node)
            if len(words) > LONGEST_TEXT:
                continue
            pages = pages_stated(words)
            if pages is not None and pages[0] == self.page.number < pages[1]:
                yield Lead(f"it says '{words[:60]}'")
            elif self.first and self.page.size and not self.page.kind.total and not _is_beside(node):
                total = total_stated(words)
                if total is not None and total > self.page.size:
                    yield Lead(f"it says '{words[:60]}' and shows {self.page.size}")

    def _in_scripts(self) -> Iterator[Lead]:
        """Yield what inline scripts ask for that has the number of a page."""
        for script in self.scripts:
            for found in JUMP.finditer(script[:500_000]):
                yield from self._to(found[1], "a script leads", sure=False)
        # Where a browser has scrolled and clicked as the spider says, what its scripts ask for was asked for.
        for call in () if _was_acted_on(self.page) else api_calls(self.scripts):
            sent = [
                *call.fields,
                *(name for name, _ in parse_qsl(urlsplit(call.address).query, keep_blank_values=True)),
            ]
            if "{page}" in call.address or any(PAGE.match(name) or OFFSET.match(name) for name in sent):
                yield Lead(f"a script asks {call.address[:80]} for its pages")


def _was_acted_on(page: ListPage) -> bool:
    """Return whether a browser has done on the page what the spider says."""
    request = page.answer.request
    wanted = request.meta.get(meta_keys.BROWSER) if request is not None else None
    return tiers.BROWSER in page.answer.flags and bool(wanted and wanted.get("actions"))


def _words(node: etree._Element) -> str:
    return " ".join(pieces_of(node, most=MOST_SAID))


def _within(node: etree._Element, *tags: str) -> Iterator[etree._Element]:
    """Yield an element's first elements of some kinds."""
    return (one for one in islice(node.iter(), MOST_SAID) if one.tag in tags)


def _above(node: etree._Element, levels: int) -> list[etree._Element]:
    return list(islice(node.iterancestors(), levels))


def _is_clickable(node: etree._Element) -> bool:
    if node.tag in ("a", "area", "link", "button", "input") or node.get("role") == "button" or node.get("onclick"):
        return True
    marked = any(MORE_CLASS.search(name) or NEXT_CLASS.search(name) for name in _names(node).split())
    return marked and next(_within(node, "a", "button", "input"), None) is None


def _names(node: etree._Element) -> str:
    """Return an element's classes and id."""
    return f"{node.get('class') or ''} {node.get('id') or ''}" if isinstance(node.tag, str) else ""


def _said(node: etree._Element) -> list[str]:
    """Return what a link or button says, to those who see it and to others."""
    pictures = [picture.get(name) or "" for picture in _within(node, "img") for name in ("alt", "title")]
    own = [node.get(name) or "" for name in ("aria-label", "title", "alt", "value")]
    return [text for text in (_words(node), *own, *pictures) if text.strip()]


def _named(node: Any, said: list[str]) -> str:
    if node.tag == "link":
        return "its rel=next"
    what = "link" if node.tag in ("a", "area") else "button"
    return f"the {what} '{said[0].strip()[:40]}'" if said else f"the {what} {node.tag}.{_names(node).strip() or 'next'}"


def _classed(node: etree._Element, pattern: re.Pattern[str]) -> bool:
    """Return whether a class of an element, or of one around it that holds nothing else, matches."""
    around = node.getparent()
    alone = node.getprevious() is None and node.getnext() is None  # to count those around it takes time for each
    both = [node, around] if around is not None and alone else [node]
    return node.tag != "link" and any(pattern.search(name) for one in both for name in _names(one).split())


def _is_off(node: etree._Element) -> bool:
    """Return whether an element, or one of the two around it, is marked as of no use now."""
    around = [node, *_above(node, 2)]
    return any(
        "disabled" in one.attrib
        or "hidden" in one.attrib
        or (one.get("aria-disabled") or "").lower() == "true"
        or re.search(r"display\s*:\s*none", one.get("style") or "")
        or OFF.search(one.get("class") or "")
        for one in around
    )


def _is_beside(node: etree._Element) -> bool:
    return any(parent.tag in ("nav", "aside", "footer", "a", "button") for parent in (node, *node.iterancestors()))


def _asked_for(node: etree._Element) -> str:
    call = (node.get("onclick") or node.get("href") or "").strip()
    return f" ({call[:60]})" if call and call != "#" else ""


def _continues(here: str, url: str, number: int) -> bool:
    """Return whether an address looks like the page of a number of the list that a page belongs to."""
    numbering = Numbering.learn(url, number)
    if numbering is not None and PAGE_PARAMETER.search(numbering.before):
        return True
    now, then = urlsplit(here), urlsplit(url)
    if now.path.rstrip("/") != then.path.rstrip("/"):
        return numbering is not None and then.path.startswith(now.path.rstrip("/") + "/")
    before = dict(parse_qsl(now.query))
    changed = {name: value for name, value in parse_qsl(then.query) if before.get(name) != value}
    counted = {name: value for name, value in changed.items() if PAGE.match(name) or OFFSET.match(name)}
    return (bool(changed) and numbering is not None) or any(
        not value.isdecimal() or int(value) > _number(before.get(name, "")) for name, value in counted.items()
    )


def _number(text: str) -> int:
    """Return the number that a text is, or 0; longer ones than 18 digits number no page, and Python refuses some."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0
