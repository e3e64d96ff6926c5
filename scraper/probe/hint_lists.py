"""Hints from what leads to several lists, or names pages for machines: categories, feeds, sitemaps."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from scraper.probe.hint_links import next_call, next_links
from scraper.probe.hints import Call, Hint, Study, untried
from scraper.probe.page import unpacked
from scraper.probe.selectors import WORD, classes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import Tag

GROUPS = re.compile(r"categor|\btags?\b|genre|topic|departments?|sections?$|side[-_]?nav|rubri|kategori", re.IGNORECASE)
FEED_TYPES = ("application/rss+xml", "application/atom+xml")
LEAST_GROUPS = 5
LONGEST_NAME = 60
LOC = re.compile(r"<loc>\s*([^<\s]{1,2000})\s*</loc>", re.IGNORECASE)


def list_hints(study: Study) -> Iterator[Hint]:
    """Yield hints of categories that are lists of their own, and of feeds."""
    goes_on = next((next_call(study, anchor) for anchor in next_links(study)), None)
    if index := _index(study):
        further = {"index": goes_on} if goes_on else {}
        call = Call("Lists", (index[0], Call.of("NextLink")), tuple(further.items()))
        yield untried(call, f"{index[1]} links to lists of their own; look how those go on")
    elif group := _group(study):
        inner = Call.of("NextLink", "li.next a") if goes_on else Call.of("NextLink")
        yield untried(
            Call.of("Lists", group[0], inner), f"{group[1]} links to lists of their own; look how those go on"
        )
    for link in study.page.soup.find_all("link", rel="alternate", href=True, limit=50):
        if str(link.get("type") or "").lower() in FEED_TYPES:
            url = urljoin(study.page.url, str(link["href"]))
            yield untried(Call.of("Feed"), f"a feed at {url}: start_url is that address")


def _index(study: Study) -> tuple[str, int] | None:
    """Return the selector of the links when the page's own entries are categories or tags, and how many there are."""
    block = study.blocks[0] if study.blocks else None
    if block is None or not block.link or block.links != 1:
        return None
    first = study.page.soup.select_one(block.selector) if not block.selector.startswith("/") else None
    around = [first, *islice(first.parents, 2)] if first is not None else []
    names = [*(name for tag in around for name in classes_of(tag)), *(str(tag.get("id") or "") for tag in around)]
    if len(block.sample) > LONGEST_NAME or not any(map(GROUPS.search, names)):
        return None
    return f"{block.selector} {block.link}", block.count


def _group(study: Study) -> tuple[str, int] | None:
    """Return the selector of links to categories or tags, and how many there are."""
    for holder in study.page.soup.find_all(_may_be_group, limit=50):
        identity = str(holder.get("id") or "")
        name = next((name for name in classes_of(holder) if GROUPS.search(name)), "")
        links = holder.find_all("a", href=True, limit=500)
        if len({str(link["href"]) for link in links}) >= LEAST_GROUPS and not _within_block(study, holder):
            return f"{holder.name}.{name} a" if name else f"#{identity} a", len(links)
    return None


def _may_be_group(tag: Tag) -> bool:
    identity = str(tag.get("id") or "")
    named = any(map(GROUPS.search, classes_of(tag))) or (GROUPS.search(identity) and WORD.fullmatch(identity))
    return tag.name in ("ul", "div", "nav", "aside", "ol") and bool(named)


def _within_block(study: Study, holder: Tag) -> bool:
    """Say whether there is one such holder for each record, such as a quote's own tags."""
    return any(study.selectors.count(f"{holder.name}.{name}") > 2 for name in classes_of(holder))


def xml_hints(study: Study) -> Iterator[Hint]:
    """Yield the hint for a page that is a feed or a sitemap itself."""
    start = study.page.body[:4096].lower()
    if b"<urlset" in start or b"<sitemapindex" in start:
        yield sitemap_hint(study.page.url, study.page.fetched.body, study.page.url)
    elif b"<rss" in start or b"<feed" in start or b"<rdf:rdf" in start:
        if hint := study.hint(Call.of("Feed"), "a feed with a link to the page with older entries"):
            yield hint
        else:
            yield untried(Call.of("Feed"), "a feed")


def sitemap_hint(url: str, body: bytes, start: str) -> Hint:
    """Propose a sitemap, following the addresses that most of its beginning consists of."""
    text = unpacked(body).decode("utf-8", "replace")
    found = LOC.findall(text)
    is_index = b"<sitemapindex" in unpacked(body)[:4096]
    follow = "" if is_index else _common_folder(found)
    address = urlsplit(url).path if urlsplit(url).netloc == urlsplit(start).netloc else url
    call = Call.of("Sitemap", *([follow] if follow else []), address="" if address == "/sitemap.xml" else address)
    what = (
        'an index of sitemaps; say which addresses are records, such as Sitemap("/product/")'
        if is_index
        else (f"a sitemap of {len(found)} addresses or more")
    )
    return untried(call, f"{url}: {what}")


def _common_folder(addresses: list[str]) -> str:
    """Return the path that most addresses begin with, as far as it says what they are."""
    folders = Counter(urlsplit(address).path.rpartition("/")[0] + "/" for address in addresses)
    folders.update(Counter("/".join(urlsplit(address).path.split("/")[:2]) + "/" for address in addresses))
    best, count = max(folders.items(), key=lambda pair: (pair[1], len(pair[0])), default=("", 0))
    return re.escape(best).replace("\\-", "-") if best not in ("", "/", "//") and count >= 0.6 * len(addresses) else ""
