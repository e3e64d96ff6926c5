"""Try refused items again after the spider or the document was mended: from their kept page, else from the raw values.

The record is stored first, then the trace is written, then the item is removed: whoever is killed in between leaves an
item that the next redrive finds stored. Two redrives at once store the same and trace it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from models.addresses import UTF8, BaseUrl
from models.record import WHOLE_RECORD, Found, key_text, schema_of
from models.registry import record_documents
from models.system import Redriven, Rejected
from scraper.errors import UsageError
from scraper.pages.archive import PAGES, body_of
from scraper.pages.reread import RereadRun, TodaysSpiders
from scraper.storage.records.plan import Outcome, Sighting
from scraper.storage.records.rejected import kept_of
from scraper.storage.records.store import Store
from scraper.storage.records.upsert import Upsert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pymongo.database import Database

    from scraper.storage.connection import Connection

    Mongo = Database[dict[str, Any]]

REJECTED, REDRIVEN = Rejected._get_collection_name(), Redriven._get_collection_name()


@dataclass
class Attempted:
    """What another try of a refused item has come to."""

    item: dict[str, Any]
    source: str = "raw"
    """`page` or `raw`."""
    found: list[Found] = field(default_factory=list)
    """The records that the item stands for; those with faults are refused again."""
    seen: Sighting | None = None
    outcome: str = ""
    """What became of the record; empty: the item stays."""
    why: str = ""
    """Why it stays."""


class Redrive:
    """One redrive; without a store it only tries."""

    def __init__(self, database: Mongo, spiders: TodaysSpiders, store: Store | None, run: ObjectId) -> None:
        self._database, self._spiders, self._store, self._run = database, spiders, store, run
        self._documents = record_documents()

    def retry(self, items: Sequence[dict[str, Any]]) -> list[Attempted]:
        """Try items of one page and run again; return what came of each. Blocks."""
        read = self._read_pages(items[0])
        attempts = []
        for item in items:
            attempted = self._from_page(item, *read) if read else self._from_raw(item)
            self._conclude(attempted)
            attempts.append(attempted)
        return attempts

    def _read_pages(self, item: dict[str, Any]) -> tuple[list[tuple[Found, Sighting]], str] | None:
        """Return what today's spider finds on the pages of the item's address and run, and what went wrong there."""
        query = {"run": item["run"], "url": item["url"], "spider": item["spider"]}
        found: list[tuple[Found, Sighting]] = []
        problem, readable = "", False
        for page in self._database[PAGES].find(query, sort=[("when", 1)]):
            body = body_of(self._database, page)
            if body is None:
                continue
            try:
                reading = self._spiders.read(page, body)
            except UsageError:
                return None  # there is no such spider any more
            readable = True
            problem = reading.error or (f"wants the browser: {reading.wish}" if reading.wish else problem)
            found += [(one, Sighting(page["when"], page["run"])) for one in reading.found]
        return (found, problem) if readable else None

    def _from_page(self, item: dict[str, Any], found: list[tuple[Found, Sighting]], problem: str) -> Attempted:
        attempted = Attempted(item, "page")
        mine = [(one, seen) for one, seen in found if schema_of(one.document).collection == item["records"]]
        alike = most_alike(item["raw"], [one.raw for one, _ in mine])
        attempted.found = [mine[place][0] for place in alike]
        attempted.seen = mine[alike[0]][1] if alike else None
        if not alike:
            attempted.why = f"on its kept page today's spider finds no such record{problem and f' ({problem})'}"
        return attempted

    def _from_raw(self, item: dict[str, Any]) -> Attempted:
        attempted = Attempted(item, seen=Sighting(item["last_seen"], item["run"], of_page=False))
        document = self._documents.get(item["records"])
        if document is None:
            attempted.why = f"no document of models/ has the collection '{item['records']}' any more"
        elif altered := item.get("altered"):
            attempted.why = f"its page is not kept, and of {', '.join(altered)} only a text that shows the raw value"
        else:
            raw = {name: value for name, value in item["raw"].items() if name in schema_of(document).content}
            base = BaseUrl(item["base_url"], item["encoding"] or UTF8) if item.get("base_url") else ""
            found = Found(document, item["url"], raw, added=frozenset(item.get("added", ())), base_url=base)
            self._spiders.check([found])
            attempted.found = [found]
        return attempted

    def _conclude(self, attempted: Attempted) -> None:
        """Store what is good now, and remove the item or say anew why it stays."""
        good = [found for found in attempted.found if not found.faults]
        if good and attempted.seen is not None:
            outcomes = self._store.write(good, attempted.seen) if self._store else self._previewed(good, attempted.seen)
            if len(good) == len(attempted.found) and Outcome.REFUSED not in outcomes:
                attempted.outcome = outcomes[0]
        if not attempted.outcome:
            attempted.why = attempted.why or _faults_of(attempted.found)
        if self._store is not None:
            self._remove(attempted) if attempted.outcome else self._keep(attempted)

    def _previewed(self, found: list[Found], seen: Sighting) -> list[Outcome]:
        upsert = Upsert(self._database, found[0].document, self._run, datetime.now(UTC), seen)
        plans = upsert.preview(found)
        if any(one.faults for one in found):
            return [Outcome.REFUSED]
        settled = [plan.is_superseded(seen) for plan in plans]
        assert settled, "a record without faults has a plan"
        return [outcome for plan in plans for entry in plan.entries if (outcome := entry.outcome)]

    def _remove(self, attempted: Attempted) -> None:
        """Write the trace, and remove the item unless a crawl has refused it again meanwhile."""
        item, (found, *_) = attempted.item, attempted.found
        key = key_text(found.document, found.stored)
        assert attempted.seen is not None, "what was stored has been seen"
        trace = {
            "fingerprint": item["fingerprint"],
            "records": item["records"],
            "key": key,
            "url": item["url"],
            "source": attempted.source,
            "outcome": attempted.outcome,
            "when": datetime.now(UTC),
            "run": self._run,
            "seen_at": attempted.seen.at,
            "seen_by": attempted.seen.run,
        }
        self._database[REDRIVEN].update_one({"_id": item["_id"]}, {"$setOnInsert": trace}, upsert=True)
        self._database[REJECTED].delete_one(_as_read(item))

    def _keep(self, attempted: Attempted) -> None:
        """Write why the item stays, with the raw values that today's spider finds for it."""
        again = next((found for found in attempted.found if found.faults), None)
        if again is None:
            fault = {"field": WHOLE_RECORD, "found": None, "problem": attempted.why}
            earlier = [one for one in attempted.item["faults"] if one["field"] != WHOLE_RECORD]
            self._database[REJECTED].update_one(_as_read(attempted.item), {"$set": {"faults": [*earlier, fault]}})
            return
        try:
            self._database[REJECTED].update_one(_as_read(attempted.item), {"$set": kept_of(again)})
        except DuplicateKeyError:
            self._database[REJECTED].delete_one(_as_read(attempted.item))  # the very same is kept as another item


def pages_of(items: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the items grouped by the page and run that they were seen on last, the earliest first."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for item in sorted(items, key=lambda item: (item["last_seen"], item["_id"])):
        groups.setdefault((item["spider"], item["run"], item["url"]), []).append(item)
    return list(groups.values())


def _as_read(item: dict[str, Any]) -> dict[str, Any]:
    return {"_id": item["_id"], "fingerprint": item["fingerprint"], "last_seen": item["last_seen"]}


def _faults_of(found: Sequence[Found]) -> str:
    return "; ".join(f"{name}: {problem}" for one in found for name, problem in one.faults.items())


def most_alike(raw: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places of the candidates that share the most raw values with `raw`.

    An item that shares none with any, because a selector found nothing at all, stands for all of them: it is settled
    when every record of its page is good.

    >>> most_alike({"title": None, "price": "5"}, [{"title": "A", "price": "4"}, {"title": "B", "price": "5"}])
    [1]
    >>> most_alike({"title": None}, [{"title": "A"}, {"title": "B"}])
    [0, 1]
    """
    shared = [
        sum(value not in (None, "", []) and candidate.get(name) == value for name, value in raw.items())
        for candidate in candidates
    ]
    return [place for place, count in enumerate(shared) if count == max(shared)]


def retry_items(
    connection: Connection, items: list[dict[str, Any]], listeners: tuple[str, ...] | None,
    tracked: Callable[[Sequence[Any]], Iterable[Any]] = iter,
) -> list[Attempted]:  # fmt: skip
    """Return what became of each item; None for `listeners`: nothing is stored. `tracked` sees the pages go by. Blocks.

    Two at once store nothing twice: who is second finds the item gone from `rejected`, or the record unchanged.
    """
    database = connection.open()
    spiders = TodaysSpiders(database)
    pages = tracked(sorted(pages_of(items), key=lambda page: str(page[0]["spider"])))
    attempts: list[Attempted] = []
    for spider, own in groupby(pages, key=lambda page: str(page[0]["spider"])):
        if listeners is None:
            dry = Redrive(database, spiders, None, ObjectId())
            attempts += [attempted for page in own for attempted in dry.retry(page)]
            continue
        with RereadRun("redrive", spider, {"items": len(items)}) as run:
            redrive = Redrive(database, spiders, Store(connection, run.id, spider, listeners), run.id)
            for page in own:
                done = redrive.retry(page)
                run.count(Outcome(attempted.outcome or Outcome.REFUSED) for attempted in done)
                attempts += done
    return attempts
