"""What is proposed for a list page of HTML: its blocks, with the fields of its entries or of the records' own pages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scraper.core.text import counted
from scraper.errors import ProbeError
from scraper.fetch.http.responses import base_of
from scraper.probe.blocks import same_texts
from scraper.probe.column_types import ADDRESS
from scraper.probe.columns import Column, Columns, keyed, list_columns, page_columns, records_of
from scraper.probe.listed_columns import listed_columns
from scraper.probe.outline import class_names, words
from scraper.probe.proposal import Proposal, find_column, pagination_of
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scraper.probe.blocks import Block
    from scraper.probe.page import StudiedPage
    from scraper.probe.report import Report

MOST_RECORD_PAGES = 5
MORE_COLUMNS = 2
"""A record's own page is read when it shows so many fields more than its entry in the list."""

NEAR, MOST_PLACES = 0.8, 4
OF_A_LIST = 6
"""So many records in one place are a list; fewer may be a row of a grid."""
LONGEST = 4000
"""Characters of a record that are looked through for values that a person sees."""


def proposed_html(report: Report, fetch: Callable[[str], StudiedPage], like: Mapping[str, str]) -> Proposal:
    """Return what to write for a page of HTML; raise ProbeError when it shows no list.

    `fetch` gets a few records' own pages; `like` has values that a person sees, by the name of their field.
    """
    if report.page.kind != "html" or not report.blocks:
        raise ProbeError(_no_list(report))
    pages = [report.page, *([report.second] if report.second is not None and report.second.kind == "html" else [])]
    roots = [page.response.selector.root for page in pages]
    block, found = _chosen(report.blocks, roots, like)
    if not like and not block.link and len(found.columns) <= 1 and _are_paragraphs(roots[0], block):
        raise ProbeError(
            f"{report.page.url} shows paragraphs and no list, expected records with more than a text: "
            f"--like NAME=TEXT, if the paragraphs are the records"
        )
    doubts = [*_doubts(report, block, len(pages)), *_places(roots[0], block)]
    unsure = [*doubts, *found.unsure]
    record_pages, missed = _record_pages(report.page, block, fetch, like) if block.link else ({}, [])
    unsure += missed
    if len(record_pages) > 1:
        saved, places = tuple(record_pages.values()), tuple(record_pages)
        own = page_columns([page.response.selector.root for page in saved])
        if _says_more(own, found, like):
            links = tuple(_links(roots[0], block)[place] for place in places)
            listed, differing = listed_columns(found.columns, own.columns, places, links)
            columns = own.columns if any(one.key for one in own.columns) else tuple(keyed([*own.columns, *listed]))
            columns = (*columns, *(one for one in listed if one.name not in {had.name for had in columns}))
            unsure = [*doubts, *missed, *own.unsure, *differing]
            return Proposal(
                block.selector, pagination_of(report), block.link, columns, tuple(page.text for page in saved),
                len(saved), tuple(unsure), report.page.text, places,
            )  # fmt: skip
    columns, texts = _with_key(found.columns, block, roots), tuple(page.text for page in pages)
    return Proposal(block.selector, pagination_of(report), "", columns, texts, found.records, tuple(unsure))


def _are_paragraphs(root: Any, block: Block) -> bool:
    """Say whether records are mere paragraphs, as every text without a list has them."""
    return all(record[0].tag == "p" and not class_names(record[0]) for record in records_of(root, block))


def _no_list(report: Report) -> str:
    """Say why there is nothing to write, and what could be done."""
    url, forms = report.page.url, {form.purpose for form in report.forms}
    if "login" in forms:
        return f"{url} shows a login form and no list, expected a page with records: give the address behind the login"
    if report.page.kind != "html":
        return f"{url} is {report.page.kind}, expected a page of HTML: see `swathe probe {url}`, and `scrapy genspider`"
    if report.serving.tier in ("browser", "api", "data"):
        why = report.serving.why
        return f"{url} shows no list without its scripts ({why}): see `swathe probe --browser {url}`"
    if same := same_texts(report.page):
        count, different, text = same
        return (
            f"{url} shows {count} elements that look alike with {counted(different, 'text')}, such as {text[:40]!r}, "
            f"expected records of which most differ: give the address of a page that shows each once"
        )
    return f"{url} shows no list, expected three or more records that look alike: give the address of a list page"


def _chosen(blocks: list[Block], roots: list[Any], like: Mapping[str, str]) -> tuple[Block, Columns]:
    """Return the block with its fields: the likeliest, or the first in which the values of `like` are found."""
    tried = [(block, list_columns(roots, block)) for block in (blocks if like else blocks[:1])]
    for exactly in (True, False):
        for block, columns in tried:
            if like and all(find_column(columns.columns, value, exactly=exactly) for value in like.values()):
                return block, columns
    return tried[0]


def _doubts(report: Report, block: Block, pages: int) -> list[str]:
    """Return what may be otherwise with the list as a whole."""
    doubts = []
    others = [
        other for other in report.blocks[1:] if other.count >= NEAR * block.count and other.score > NEAR * block.score
    ]
    doubts += [f"{other.selector} ({other.count}) may be the records as well" for other in others]
    if report.page.is_cut:
        doubts.append("the page is large: its beginning was studied")
    if not pagination_of(report):
        doubts.append("nothing on the page shows how the list goes on: the spider reads this page alone")
    elif pages < 2:
        doubts.append("the second page was not had, so the selectors were tried on one list page only")
    return doubts


def _places(root: Any, block: Block) -> list[str]:
    """Say so when the records stand in a few places that have names or hold many, of which one may be meant."""
    parents = Counter(record[0].getparent() for record in records_of(root, block))
    names = sorted({f"#{parent.get('id')}" for parent in parents if parent is not None and parent.get("id")})
    if 1 < len(names) <= MOST_PLACES:
        return [f"the records stand in {', '.join(names)}: put the one that you mean before `items`, if it is one"]
    if 1 < len(parents) <= MOST_PLACES and min(parents.values()) >= OF_A_LIST:
        counts = ", ".join(str(count) for count in parents.values())
        return [f"the records stand in {len(parents)} places of the page ({counts}): they may be several lists"]
    return []


def _links(root: Any, block: Block) -> list[tuple[str, ...]]:
    """Return the address that each record of a list page leads to, as it is written there."""
    found = []
    for record in records_of(root, block):
        links = [link for member in record if isinstance(member.tag, str) for link in compiled(block.link)(member)]
        found.append(tuple(link.get("href") for link in links[:1] if link.get("href")))
    return found


def _record_pages(
    page: StudiedPage, block: Block, fetch: Callable[[str], StudiedPage], like: Mapping[str, str]
) -> tuple[dict[int, StudiedPage], list[str]]:
    """Return the own pages of a few records by their place in the list, and what is not had of them.

    They are from all over the list; with `like` those come first that show one of its values.
    """
    root, base = page.response.selector.root, base_of(page.response)
    addresses: dict[str, int] = {}
    links = _links(root, block)
    for place, row in enumerate(links):
        try:
            url = base.resolve(row[0]) if row else ""
        except ValueError:
            continue  # no address at all; a crawl leaves it out, too
        if urlsplit(url).netloc == urlsplit(page.url).netloc:
            addresses.setdefault(url, place)
    if 0 < len(addresses) < NEAR * sum(map(bool, links)):
        return {}, [f"several records lead to one page each time ({block.link}): no page is a record's own"]
    step = max(1, len(addresses) // MOST_RECORD_PAGES)
    records = records_of(root, block) if like else []
    alike = [url for url, place in addresses.items() if like and _shows(records[place], like)]
    chosen = list(dict.fromkeys([*alike[:1], *list(addresses)[::step]]))[:MOST_RECORD_PAGES]
    found, missed = {}, []
    for url in chosen:
        try:
            found[addresses[url]] = fetch(url)
        except ProbeError as error:
            missed.append(f"a record's own page was not had: {error}")
    return found, missed


def _shows(record: list[Any], like: Mapping[str, str]) -> bool:
    """Say whether a record of a list shows one of the values that a person sees."""
    text = " ".join(words(part, LONGEST) for part in record if isinstance(part.tag, str))
    return any(" ".join(value.split()) in text for value in like.values())


def _says_more(own: Columns, listed: Columns, like: Mapping[str, str]) -> bool:
    """Say whether records' own pages are worth reading, and have what the list shows."""
    if like:
        lacking = [value for value in like.values() if not find_column(listed.columns, value, exactly=True)]
        return any(
            find_column(own.columns, value, exactly=True) or not find_column(listed.columns, value) for value in lacking
        )
    return len(own.columns) >= len(listed.columns) + MORE_COLUMNS


def _with_key(columns: tuple[Column, ...], block: Block, roots: list[Any]) -> tuple[Column, ...]:
    """Return the columns with the address of the record's page as its key, where nothing else tells records apart."""
    if any(column.key for column in columns) or not block.link or block.goes_on:
        return columns
    selector = f"{block.link}::attr(href)"
    records = [record[0] for root in roots for record in records_of(root, block)]
    values = tuple(tuple(compiled(selector)(record)[:1]) for record in records)
    unique = len({row for row in values if row}) == len(values)
    key = Column("address", selector, ADDRESS, many=False, values=values, key=True, required=True)
    return (key, *columns) if unique else columns
