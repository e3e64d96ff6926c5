"""The gate of a repair: the mended spider reads today's pages, and what it finds is held against what is known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.record import Found, key_text, schema_of
from models.system import Run
from scraper.core.text import counted
from scraper.heal.field_values import LEAST_KNOWN, are_as_stored, least_equal
from scraper.heal.known_records import EMPTY, is_as_stored
from scraper.pages.archive import PAGES, body_of
from scraper.pages.document import as_document
from scraper.runs.quality.deviations import LEARNED_FROM, deviations
from scraper.runs.quality.figures import Figure, Metric, Sample, sample_of
from scraper.runs.quality.wording import sentence
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pymongo.database import Database
    from scrapy import Request

    from models.record import Record
    from scraper.heal.known_records import KnownRecords
    from scraper.heal.todays_pages import TodaysPages
    from scraper.pages.reread import TodaysSpiders

    Mongo = Database[dict[str, Any]]

LIST_CALLBACK = SiteSpider.on_list_page.__name__
LISTS, ON_EACH, OLDER = 2, 6, 20
"""List pages that are read, records' own pages of each kind, and kept pages of before."""

REFUSED_MORE = 0.05
"""By how much more of the records may be refused than in the run that had most of them refused."""


@dataclass
class Walk:
    """What a spider makes of today's pages."""

    found: list[Found] = field(default_factory=list)
    lists: list[set[object]] = field(default_factory=list)
    """Of each list page that was read its entries: records, and the addresses of records' own pages."""
    followed: set[str] = field(default_factory=set)
    """The addresses of all requests."""
    problems: list[str] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether a second list page has entries that the first has not."""
        return len(self.lists) > 1 and not self.lists[1] <= self.lists[0]

    def of(self, document: type[Record]) -> list[Found]:
        """Return the records of a document, each once; it is another class where the mended module defines it."""
        return list({one.identity: one for one in self._all_of(document)}.values())

    def twice(self, document: type[Record]) -> Iterator[str]:
        """Yield an objection for the first record that one page shows twice, with other values."""
        first: dict[tuple[object, ...], Found] = {}
        for one in (one for one in self._all_of(document) if not one.faults):
            before = first.setdefault((one.url, one.identity), one).stored
            other = [name for name, value in one.stored.items() if not is_as_stored(before.get(name), value)]
            if other and not one.added:
                key = key_text(document, one.stored)
                yield f"{one.url} shows {document.__name__} {key} twice, with other values of {', '.join(other)}"
                return

    def _all_of(self, document: type[Record]) -> list[Found]:
        return [one for one in self.found if one.document.__name__ == document.__name__]


def walk(name: str, spiders: TodaysSpiders, pages: TodaysPages, run: Mapping[str, Any]) -> Walk:
    """Read two pages of the list, and a few pages of each callback, with a spider. Blocks."""
    spider = spiders.spider(name, run["arguments"])
    ahead, done, seen = [spider.lists.first_request()], Walk(), set[tuple[str, bytes]]()
    read: dict[str, int] = defaultdict(int)
    while ahead:
        request = ahead.pop(0)
        callback = _callback(request)
        most = LISTS if callback == LIST_CALLBACK else ON_EACH
        # A list may go on by a POST; what else a spider would send is left alone.
        is_asked = request.method == "GET" or (request.method == "POST" and callback == LIST_CALLBACK)
        if (request.url, request.body) in seen or read[callback] >= most or not is_asked:
            continue
        seen.add((request.url, request.body))
        if (page := pages.get(request)) is None:
            continue
        read[callback] += 1
        response = page.replace(request=request)
        kept = {**as_document(response, spider, b""), "run": run["_id"]}
        reading = spiders.read(kept, response.body)
        if callback == LIST_CALLBACK:
            done.lists.append({one.identity for one in reading.found} | _own_pages(reading.requests))
        if reading.error or reading.wish:
            done.problems.append(f"{request.url}: {reading.error or f'wants the browser: {reading.wish}'}")
        done.found += reading.found
        done.followed.update(one.url for one in reading.requests)
        ahead = _lists_first([*ahead, *reading.requests])
    return done


def _own_pages(requests: Iterable[Request]) -> set[str]:
    return {one.url for one in requests if _callback(one) != LIST_CALLBACK}


def _lists_first(requests: Iterable[Request]) -> list[Request]:
    return sorted(requests, key=lambda one: _callback(one) != LIST_CALLBACK)


def _callback(request: Request) -> str:
    return getattr(request.callback, "__name__", "")


@dataclass(frozen=True)
class Judgement:
    """What speaks for a repair, and what against it."""

    evidence: list[str]
    objections: list[str]


def judge_repair(
    done: Walk, known: Iterable[KnownRecords], run: Mapping[str, Any], usual: Mapping[tuple[str, str], float]
) -> Judgement:
    """Hold what a mended spider finds against the known records and the earlier runs; any objection refuses it. Blocks.

    `usual` says by document and field in which share of the records it changes from run to run.
    """
    objections, evidence = list(done.problems), list[str]()
    earlier = _earlier(run)
    for records in known:
        found = done.of(records.document)
        objections += done.twice(records.document)
        same = _matched(found, records)
        objections += _refusals(found, same, records.document, earlier)
        if len(same) < LEAST_KNOWN:
            name = records.document.__name__
            objections.append(f"{len(same)} known records of {name} were read, expected {LEAST_KNOWN} or more")
            continue
        for line, is_right in _equal(same, records.document, usual):
            (evidence if is_right else objections).append(line)
        objections += _unlike(found, records.document, earlier)
    return Judgement(evidence, objections)


def read_older(database: Mongo, name: str, before: datetime, spiders: tuple[TodaysSpiders, TodaysSpiders]) -> Judgement:
    """Read the latest pages that were kept before a moment with the present spider and with the mended one. Blocks."""
    pages = records = 0
    other: list[str] = []
    for page in database[PAGES].find({"spider": name, "when": {"$lt": before}}, sort=[("when", -1)], limit=OLDER):
        body = body_of(database, page)
        present = spiders[0].read(page, body) if body is not None else None
        if present is None or present.error or body is None:
            continue
        old, new = ({one.identity: one.stored for one in found if not one.faults}
                    for found in (present.found, spiders[1].read(page, body).found))  # fmt: skip
        pages, records = pages + 1, records + len(old)
        other += [page["url"] for identity, stored in old.items() if new.get(identity) != stored]
    if other:
        line = f"{len(other)} of {records} records of older pages would be read otherwise, the first on {other[0]}"
        return Judgement([], [line])
    said = (
        f"{records} records of {counted(pages, 'older page')} are read as before"
        if pages
        else "no older page was kept that the present spider reads"
    )
    return Judgement([said], [])


def _matched(found: list[Found], known: KnownRecords) -> list[tuple[Found, dict[str, Any]]]:
    stored = {key_text(known.document, record): record for record in known.records}
    pairs = [(one, stored.get(key_text(known.document, one.stored))) for one in found if not one.faults]
    return [(one, record) for one, record in pairs if record is not None]


def _refusals(
    found: list[Found], same: list[tuple[Found, dict[str, Any]]], document: type[Record], earlier: list[Sample]
) -> Iterator[str]:
    """Yield an objection where records are refused: any, unless earlier runs had some refused as well."""
    refused = [one for one in found if one.faults]
    metric = Metric("refused", schema_of(document).collection)
    before = max((sample.figures[metric].value for sample in earlier if metric in sample.figures), default=0.0)
    allowed = before + REFUSED_MORE if before else 0.0
    if found and len(refused) > max(allowed * len(found), 1 if before else 0):
        name, fault = next(iter(refused[0].faults.items()))
        yield f"{len(refused)} of {len(found)} records would be refused, the first because of {name}: {fault}"


def _equal(
    same: list[tuple[Found, dict[str, Any]]], document: type[Record], usual: Mapping[tuple[str, str], float]
) -> Iterator[tuple[str, bool]]:
    """Yield for each field that is read how many stored values it gives again, and whether these are enough."""
    schema = schema_of(document)
    for name in schema.content:
        column = schema.columns[name]
        pairs = [(record.get(column), one.stored.get(column)) for one, record in same if name in one.raw]
        if not pairs or all(old in EMPTY and new in EMPTY for old, new in pairs):
            continue
        equal = sum(is_as_stored(old, new) for old, new in pairs)
        least = least_equal(usual.get((schema.collection, name), 0.0))
        yield f"{document.__name__}.{name}: {equal} of {len(pairs)} stored values", are_as_stored(pairs, least)


def _earlier(run: Mapping[str, Any]) -> list[Sample]:
    """Return the figures of the last runs before one, of the same spider and arguments, the latest first."""
    same = Run.objects(spider=run["spider"], arguments=run["arguments"], started_at__lt=run["started_at"])
    return [sample_of(one) for one in same(state="finished").order_by("-started_at")[:LEARNED_FROM]]


def _unlike(found: list[Found], document: type[Record], earlier: list[Sample]) -> list[str]:
    """Return which fields are filled in a share of the records that runs do not have."""
    schema, good = schema_of(document), [one for one in found if not one.faults]
    figures = {}
    for name in schema.content:
        filled = sum(one.values.get(name) not in EMPTY for one in good)
        if good and any(name in one.raw for one in good):
            figures[Metric("filled", schema.collection, name)] = Figure(filled / len(good), len(good))
    now = Sample(datetime.now(UTC), figures=figures)
    wanted = [deviation for deviation in deviations(earlier, now) if deviation.metric in figures]
    return [sentence(deviation, earlier, now) for deviation in wanted]
