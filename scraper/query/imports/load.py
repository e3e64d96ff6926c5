"""Take what a file holds into the database, as a run of its own: by the same steps as what a page shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import bson
from bson import ObjectId
from bson.errors import InvalidDocument
from pymongo import InsertOne
from scrapy.utils.misc import load_object

from models.record import Record, schema_of
from models.system import Run, RunCounts
from scraper.crawl.page_item import PageRecords
from scraper.query.imports.lines import BadLine, ImportLine
from scraper.storage.connection import CODEC
from scraper.storage.indexes import ensure_indexes
from scraper.storage.records.bulk import DUPLICATE_KEY, send
from scraper.storage.records.store import Store
from scraper.storage.records.upsert import MAX_DOCUMENT_BYTES
from scraper.storage.run_heartbeat import open_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from scraper.storage.connection import Connection

BATCH = 500
NAMED = 20
"""Lines that are not stored of which is kept why; all are counted."""

SPIDER = "import"
"""What stands for the spider in the run of an import; no crawl has it, so no crawl's end speaks for these records."""

STORE_STEP = "pipelines.store.StorePipeline"
"""The pipeline that waits for a crawl's group commit; an import stores by itself."""

ALREADY_THERE = "already there"


@dataclass
class Loaded:
    """What became of a file's lines."""

    run: ObjectId
    outcomes: Counter[str] = field(default_factory=Counter)
    not_stored: int = 0
    """Lines that are not in their collection, those in `rejected` included."""
    bad: list[BadLine] = field(default_factory=list)
    """The first of them."""


class Import:
    """One import into one kind of records."""

    def __init__(
        self, connection: Connection, document: type[Record], pipelines: Iterable[str], listeners: Sequence[str] = ()
    ) -> None:
        self._connection, self._document = connection, document
        # By their dotted paths, as Scrapy finds them: nothing imports `pipelines`.
        self._steps: list[Any] = [load_object(path)() for path in pipelines if path != STORE_STEP]
        self.taken = Loaded(ObjectId())
        self._store = Store(connection, self.taken.run, SPIDER, listeners)

    def take(self, path: Path, lines: Iterator[ImportLine | BadLine], advance: Callable[[int], object]) -> Loaded:
        """Store the lines, batch by batch, and close the run; raise DatabaseError.

        A line with `first_seen` is a move and keeps its bookkeeping; one that is there already is left as it is.
        Another is a seed: seen now, and stored like a page's record.
        """
        database = self._connection.open()
        for document in (Run, self._document):
            ensure_indexes(database, document)
        run = open_run(self.taken.run, SPIDER, {"file": path.name})
        state, verdict, reasons = "interrupted", "incomplete", ["it was stopped"]
        try:
            while batch := list(islice(lines, BATCH)):
                self._take_batch(batch)
                run.update(heartbeat_at=datetime.now(UTC))
                advance(batch[-1].number)
            bad = self.taken.not_stored
            state, verdict = "finished", "incomplete" if bad else "complete"
            reasons = [f"{bad} lines were not stored"] if bad else []
        finally:
            count = self.taken.outcomes
            counts = RunCounts(**{f"items_{kind}": count[kind] for kind in ("new", "changed", "unchanged", "refused")})
            now = datetime.now(UTC)
            run.update(state=state, verdict=verdict, reasons=reasons, ended_at=now, heartbeat_at=now, counts=counts)
        return self.taken

    def _take_batch(self, batch: list[ImportLine | BadLine]) -> None:
        lines = [line for line in batch if isinstance(line, ImportLine)]
        page: Any = PageRecords("", [line.found for line in lines])
        for step in self._steps:
            page = step.process_item(page)
        bad = [line for line in batch if isinstance(line, BadLine)]
        bad += self._move([line for line in lines if line.kept and not line.found.faults])
        rest = [line for line in lines if not line.kept or line.found.faults]
        if rest:
            self.taken.outcomes.update(map(str, self._store.write([line.found for line in rest])))
        bad += [BadLine(line.number, _faults(line)) for line in lines if line.found.faults]
        self.taken.not_stored += len(bad)
        self.taken.bad += sorted(bad, key=lambda line: line.number)[: NAMED - len(self.taken.bad)]

    def _move(self, lines: list[ImportLine]) -> list[BadLine]:
        """Insert records as they were; return those that MongoDB cannot hold, or refuses."""
        collection = self._connection.open()[schema_of(self._document).collection]
        bad, requests, numbers = [], [], []
        for line in lines:
            document = {**line.found.stored, "run": self.taken.run, **line.kept}
            if problem := unfit(document):
                bad.append(BadLine(line.number, f"MongoDB cannot hold it: {problem}"))
            else:
                requests.append(InsertOne(document))
                numbers.append(line.number)
        _, faults = send(collection, requests)
        refused = [fault for fault in faults if fault["code"] != DUPLICATE_KEY]
        bad += [BadLine(numbers[fault["index"]], f"MongoDB refused it: {fault['errmsg']:.200}") for fault in refused]
        self.taken.outcomes.update({"new": len(requests) - len(faults), ALREADY_THERE: len(faults) - len(refused)})
        return bad


def _faults(line: ImportLine) -> str:
    return "; ".join(f"{name}: {problem}" for name, problem in line.found.faults.items())


def unfit(document: dict[str, Any]) -> str:
    """Return why a document cannot be BSON of MongoDB's size, or an empty text."""
    try:
        size = len(bson.encode(document, codec_options=CODEC))
    except (InvalidDocument, OverflowError, UnicodeError, ValueError) as error:
        return str(error)[:200]
    return "" if size <= MAX_DOCUMENT_BYTES else f"it has {size} bytes, expected {MAX_DOCUMENT_BYTES} at most"
