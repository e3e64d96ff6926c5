"""Gather what is known at the end of a crawl about whether it took everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from models.record import schema_of
from models.system import SeenList
from scraper.crawl.request_stats import (
    ASTRAY,
    CLOSED,
    DATA_PARTLY_READ,
    DATA_UNREAD,
    HTML5_UNREAD,
    LISTED_TWICE,
    NOT_RENDERED,
    OFF_SITE,
    ONE_ADDRESS,
    ONE_KEY,
    UNCLOSED,
    WITHOUT_RECORD,
    Tallies,
)
from scraper.crawl.stand_ins import one_for_many
from scraper.crawl.url_template import template_of
from scraper.paging.account import account_for
from scraper.paging.detours import doubts_of_redirected
from scraper.paging.parts import doubts_of_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.paging.chain import Chain
    from scraper.spider import SiteSpider

KEPT_LISTS = 50
"""Lists kept with a run, those that something speaks against first; all are judged."""

NAMED_REASONS = 5
"""Reasons given in full, of gaps and of doubts each."""


LONGEST_NOTE = 300

_UNREAD = "the data inside {n} were not read whole, the first: {first}"
NOTED = (
    (WITHOUT_RECORD, "gaps", "record's page", "records' pages", "{n} gave no record, the first is {first}"),
    (NOT_RENDERED, "gaps", "page", "pages", "{n} could not be rendered, the first: {first}"),
    (DATA_PARTLY_READ, "doubts", "page", "pages", f"may lack records: {_UNREAD}"),
    (DATA_UNREAD, "notes", "page", "pages", _UNREAD),
    (HTML5_UNREAD, "notes", "page", "pages", "{n} could not be read as browsers do, the first: {first}"),
    (OFF_SITE, "doubts", "link to a record leads", "links to records lead", "{n} off the site, the first to {first}"),
    (ASTRAY, "doubts", "record's page was", "records' pages were",
     "{n} redirected to where another's led ({first}): are they one, or do its cookies mix up pages that are asked for "
     "at once? `--set crawl.concurrency=1` tells"),
    (ONE_ADDRESS, "doubts", "entry leads", "entries lead",
     "{n} to another entry's address, but for what stands behind the #: {first}"),
    (LISTED_TWICE, "doubts", "entry leads", "entries lead",
     "{n} to another entry's page, with other values for its record: {first}"),
    (UNCLOSED, "doubts", "record's page lacks", "records' pages lack",
     "{n} the closing tag that others like it have: {first}, cut off?"),
    (ONE_KEY, "doubts", "page shows", "pages show",
     "{n} different records under one key, the first: {first}: does the key tell them apart?"),
)  # fmt: skip
"""What is said of the notes of one kind, by how it counts: of one and of several, with their number and the first."""


@dataclass
class Findings:
    """What speaks against a crawl having taken everything."""

    gaps: list[str] = field(default_factory=list)
    """Known to be missing."""
    doubts: list[str] = field(default_factory=list)
    """Evidence against it that does not prove it."""
    deviations: list[str] = field(default_factory=list)
    """What is unlike the last complete runs, although nothing need be missing."""
    notes: list[str] = field(default_factory=list)
    """Worth a look; they do not count against the run."""
    lists: list[SeenList] = field(default_factory=list)
    is_empty: bool = False
    """Whether every list states that it has nothing, and shows nothing."""
    evidence: list[dict[str, str]] = field(default_factory=list)
    """Pages that yielded nothing in any way, and where they are kept."""


def examine(spider: SiteSpider, records: Mapping[str, int], *, whole: bool) -> Findings:
    """Hold the lists, pages and records of a crawl against each other; `whole` is False when it was cut short."""
    findings = Findings(evidence=spider.reader.evidence.kept if spider.reader.evidence else [])
    if not whole:
        # What a limit or a stop left out is no fault of the site's.
        findings.lists = [_seen(chain, "") for chain in list(spider.lists.chains.values())[:KEPT_LISTS]]
        return findings
    _examine_lists(spider, findings)
    _examine_links(spider, findings)
    for document in spider.stored_records:
        name = schema_of(document).collection
        least = spider.fewest(document) if _starts_at_home(spider) else 0
        if records.get(name, 0) < least:
            findings.gaps.append(f"{records.get(name, 0)} {name} were found, the spider expects {least} or more")
        elif not records.get(name, 0) and any(records.values()):
            findings.doubts.append(f"no {name} were found, which the spider stores as well")
    if not spider.reads_lists and not (_starts_at_home(spider) and any(map(spider.fewest, spider.stored_records))):
        findings.doubts.append(spider.cannot_tell)
    findings.notes += spider.advice
    return findings


def _examine_lists(spider: SiteSpider, findings: Findings) -> None:
    sound: list[tuple[Chain, str]] = []
    unsound: list[tuple[Chain, str]] = []
    gaps: list[str] = []
    doubts: list[str] = []
    for chain in spider.lists.chains.values():
        account = account_for(chain)
        gaps += account.gaps
        doubts += account.doubts
        what = "; ".join([*account.gaps, *account.doubts])
        (unsound if what else sound).append((chain, what))
    doubts += doubts_of_parts(spider.lists.chains.values())
    doubts += doubts_of_redirected(spider.lists.chains.values())
    findings.gaps += _first_of(gaps)
    findings.doubts += _first_of(doubts)
    findings.lists = [_seen(chain, what) for chain, what in [*unsound, *sound][:KEPT_LISTS]]
    lists = [chain for chain in spider.lists.chains.values() if not chain.led_to_lists]
    findings.is_empty = bool(lists) and all(chain.total == 0 and not chain.found for chain in lists)
    back = [chain for chain in spider.lists.chains.values() if chain.leads_back]
    if back:
        first = f"{urlsplit(back[0].start).path} to {urlsplit(back[0].leads_back).path}"
        count = "1 list leads" if len(back) == 1 else f"{len(back)} lists lead"
        findings.notes.append(f"{count} back to one that led there, the first from {first}: each was read once")
    chains = [chain for chain, _ in sound if not chain.led_to_lists]
    if chains and all(chain.seems_one_page for chain in chains):
        where = urlsplit(chains[0].start).path
        findings.notes.append(f"no page after the first was found on {where} or any other list: is one page all?")


def _first_of(reasons: list[str]) -> list[str]:
    """Return the first reasons in full and count the others, each of which stands with its list."""
    others = len(reasons) - NAMED_REASONS
    more = [f"and {others} more of this kind, see its lists in `swathe runs show`"] if others > 0 else []
    return [*reasons[:NAMED_REASONS], *more]


def _examine_links(spider: SiteSpider, findings: Findings) -> None:
    tallies = Tallies.of(spider.crawler)
    closing = {*tallies.noted(CLOSED)}
    for kind, sort, one, many, sentence in NOTED:
        noted = tallies.noted(kind)
        if kind == UNCLOSED:
            noted = [url for url in noted if template_of(url) in closing]
        if noted:
            line = sentence.format(n=f"{len(noted)} {one if len(noted) == 1 else many}", first=noted[0][:LONGEST_NOTE])
            getattr(findings, sort).append(line)
    if strange := spider.reader.stand_ins.settle(tallies):
        n = "1 record's page" if len(strange) == 1 else f"{len(strange)} records' pages"
        what, _, url = strange[0][:LONGEST_NOTE].partition(": ")
        findings.doubts.append(f"{n} may be another page that stands in its place, the first {what}: {url}")
    if same := one_for_many(tallies):
        findings.doubts.append(same[:LONGEST_NOTE])


def _starts_at_home(spider: SiteSpider) -> bool:
    """Return whether the crawl begins where the spider usually does, on the site or a mirror of it."""
    start, home = urlsplit(spider.start_at), urlsplit(spider.start_url)
    return (start.path or "/", start.query) == (home.path or "/", home.query)


def _seen(chain: Chain, what: str) -> SeenList:
    end = chain.end
    facts: dict[str, Any] = {
        "start": chain.name,
        "pages": len(chain.pages),
        "entries": chain.found,
        "stated_total": chain.total,
        "stated_pages": chain.last,
        "end": "led to other lists"
        if chain.led_to_lists and not chain.pages
        else end.reason
        if end
        else "its last page",
        "against": what,
    }
    return SeenList(**facts)


def counted_by_list(spider: SiteSpider) -> dict[str, int]:
    """Return how many different entries each list showed that can be held against itself in other runs."""
    lists = [chain for chain in spider.lists.chains.values() if chain.kind.named_by_site and not chain.led_to_lists]
    counts = {chain.name: chain.found for chain in lists if chain.found and not chain.kind.counts_lists}
    return counts if len(counts) > 1 else {}
