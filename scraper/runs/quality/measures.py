"""Count, while a crawl runs, what its quality is told by: cheap counts per record, and nothing is read again."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from models.quality import Quality, RecordsQuality, SelectorUse
from models.record import WHOLE_RECORD, schema_of
from models.registry import record_documents
from models.system import Change
from scraper import select
from scraper.storage.records.gone import records_of
from scraper.storage.records.plan import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bson import ObjectId
    from pymongo.collection import Collection
    from pymongo.database import Database
    from scrapy.statscollectors import StatsCollector

    from models.record import Found, Record, Schema
    from scraper.storage.records.gone import RunRecords
    from scraper.storage.records.store import RecordIds

Measured = dict[str, dict[str, int]]
"""By collection and field: how many records had a value."""

MOST_SEGMENTS = 500
"""Values of a document's `segment` field, or lists of a site; where there are more, none is judged."""

MOST_COMPARED = 10_000
"""Records whose values are counted for the commonest ones; a field that has become constant is so in a part as well."""

SAYS_SOMETHING: dict[str, Any] = {"$nin": [None, "", []]}

KEPT_SELECTORS = 100
"""Selectors kept with a run, those asked for most."""


@dataclass(slots=True)
class RecordCounts:
    """What was counted of one document's records."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


class Measures:
    """The counts of one crawl."""

    def __init__(self) -> None:
        self._tallies: dict[type[Record], RecordCounts] = defaultdict(RecordCounts)
        # They are this process's, and a crawl in a test is not the first of its process.
        self._before = {name: (use.asked, use.missed) for name, use in select.uses.items()}

    def add(self, records: Sequence[Found], outcomes: Sequence[Outcome]) -> Measured:
        """Count records and what became of each; return what was counted of them, for when they are seen again.

        Values that say nothing (None, empty texts and lists) are not filled. False and 0 say something.
        """
        page: Measured = {}
        for found, outcome in zip(records, outcomes, strict=True):
            tally, schema = self._tallies[found.document], schema_of(found.document)
            tally.outcomes[outcome] += 1
            filled = page.setdefault(schema.collection, {})
            for name, value in found.values.items():
                if value or value == 0:
                    filled[name] = filled.get(name, 0) + 1
            if found.faults:
                tally.faults.update(name if name in schema.fields else WHOLE_RECORD for name in found.faults)
        for document, tally in self._tallies.items():
            tally.filled.update(page.get(schema_of(document).collection, {}))
        return page

    def see_again(self, records: RecordIds, measured: Measured) -> None:
        """Count records of pages that are what they were, with what was counted of them then."""
        for name, ids in records.items():
            tally = self._tallies[self._documents[name]]
            tally.outcomes[Outcome.UNCHANGED] += len(ids)
            tally.filled.update(measured.get(name, {}))

    def found(self, document: type[Record]) -> int:
        """Return how many records of a document were found and not refused, one on two pages twice."""
        outcomes = self._tallies[document].outcomes
        return outcomes.total() - outcomes[Outcome.REFUSED]

    @cached_property
    def _documents(self) -> dict[str, type[Record]]:
        return record_documents()

    def quality(
        self,
        database: Database[dict[str, Any]],
        run: ObjectId,
        stored: Mapping[type[Record], RunRecords],
        stats: StatsCollector,
        lists: Mapping[str, int],
    ) -> Quality:
        """Return what was counted, with what the database has of it, and what each of the `lists` showed. Blocks.

        `stored` is what `records_of` gives of the documents that are wanted even if no record of them was found.
        """
        others = {document: records_of(database, document, run) for document in self._tallies if document not in stored}
        records = [self._records(database, run, *of) for of in {**stored, **others}.items()]
        now = datetime.now(UTC)
        figures: dict[str, Any] = {
            "bytes": stats.get_value("downloader/response_bytes", 0),
            "duration_s": (now - stats.get_value("start_time", now)).total_seconds(),
        }
        by_list = [{"value": name, "count": count} for name, count in lists.items() if len(lists) <= MOST_SEGMENTS]
        return Quality(records=records, selectors=self._selectors(), lists=by_list, **figures)

    def _records(
        self, database: Database[dict[str, Any]], run: ObjectId, document: type[Record], of_run: RunRecords
    ) -> RecordsQuality:
        tally, schema = self._tallies[document], schema_of(document)
        changes = database[Change._get_collection_name()].aggregate(
            [{"$match": {"run": run, "records": schema.collection}}, {"$sortByCount": "$field"}]
        )
        counts: dict[str, Any] = {
            "found": tally.outcomes.total(),
            "new": tally.outcomes[Outcome.NEW],
            "changed": tally.outcomes[Outcome.CHANGED],
            "refused": tally.outcomes[Outcome.REFUSED],
            "unseen": of_run.unseen,
            "filled": {name: tally.filled[name] for name in schema.content},
            "faults": dict(tally.faults),
            "changes": {row["_id"]: row["count"] for row in changes},
            "newest": of_run.newest,
        }
        stored = database[schema.collection]
        counts |= {"segments": _segments(stored, run, schema), **_commonest(stored, run, schema, of_run.stored)}
        return RecordsQuality(collection=schema.collection, **counts)

    def _selectors(self) -> list[SelectorUse]:
        found = []
        for selector, use in select.uses.items():
            asked, missed = self._before.get(selector, (0, 0))
            if use.asked > asked:
                found.append(SelectorUse(selector=selector, asked=use.asked - asked, missed=use.missed - missed))
        return sorted(found, key=lambda use: -use.asked)[:KEPT_SELECTORS]


def _segments(stored: Collection[dict[str, Any]], run: ObjectId, schema: Schema) -> list[dict[str, Any]]:
    """Return how many records a run has stored of each value of the document's `segment` field. Blocks."""
    if not schema.segment:
        return []
    column = schema.columns[schema.segment]
    matching = {"$match": {"run": run, column: SAYS_SOMETHING}}
    pipeline: list[dict[str, Any]] = [matching, {"$sortByCount": f"${column}"}, {"$limit": MOST_SEGMENTS + 1}]
    rows = list(stored.aggregate(pipeline, allowDiskUse=True))
    return [{"value": str(row["_id"]), "count": row["count"]} for row in rows if len(rows) <= MOST_SEGMENTS]


def _commonest(
    stored: Collection[dict[str, Any]], run: ObjectId, schema: Schema, number: int
) -> dict[str, dict[str, int]]:
    """Return how often the commonest value of each field stands in the `number` records of a run, or in a part.

    Blocks, and reads no further than to the last one that it wants.
    """
    columns = {name: schema.columns[name] for name in schema.content}
    if not (columns and number):
        return {"commonest": {}, "filled_once": {}}
    facets = {
        name: [
            {"$match": {column: SAYS_SOMETHING}},
            {"$sortByCount": f"${column}"},
            {"$group": {"_id": None, "commonest": {"$first": "$count"}, "filled": {"$sum": "$count"}}},
        ]
        for name, column in columns.items()
    }
    sample: list[dict[str, Any]] = [{"$match": {"run": run}}, {"$limit": min(number, MOST_COMPARED)}]
    [found] = stored.aggregate([*sample, {"$facet": facets}], allowDiskUse=True)
    said = {name: rows[0] for name, rows in found.items() if rows}
    return {
        "commonest": {name: row["commonest"] for name, row in said.items()},
        "filled_once": {name: row["filled"] for name, row in said.items()},
    }
