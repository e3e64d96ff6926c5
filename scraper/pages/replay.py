"""Hold what today's spider makes of kept pages against the records that are stored, and store it if that is wanted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from models.cleaners import canonical_url
from models.record import JOINT, key_text, schema_of
from models.sameness import is_same
from models.system import Rejected
from scraper.pages.archive import PAGES, body_of
from scraper.storage.records.plan import Outcome, Sighting, WritePlan
from scraper.storage.records.rejected import kept_of
from scraper.storage.records.upsert import Upsert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.database import Database

    from models.record import Found, Record
    from scraper.pages.reread import TodaysSpiders

    Mongo = Database[dict[str, Any]]

REFUSED, AS_BEFORE, MISSING = "refused now", "refused as before", "not found any more"
WORDS = {
    Outcome.UNCHANGED: "same",
    Outcome.CHANGED: "different",
    Outcome.NEW: "new",
    Outcome.SUPERSEDED: "seen later",
    Outcome.REFUSED: REFUSED,
}
REJECTED = Rejected._get_collection_name()
DIFFERENCES_KEPT = 10_000
COUNTS = (*WORDS.values(), AS_BEFORE, MISSING)


@dataclass(frozen=True)
class Difference:
    """A field of a record that would get another value, or a record that would not be stored."""

    records: str
    key: str
    field: str
    stored: Any
    would_be: Any
    url: str


@dataclass
class ReplayResult:
    """What a replay has found out."""

    pages: int = 0
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    """By collection and key, one of COUNTS."""
    differences: list[Difference] = field(default_factory=list)
    """The first of them, as many as are shown at most."""
    differing: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many there are, by collection and field."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """Pages that could not be read again, and why."""
    coverage: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """By collection and field: how many of the stored records have a value, of how many, and of those read again."""
    read: set[tuple[str, ObjectId]] = field(default_factory=set)
    """The canonical addresses of the pages, with their runs; not of forms, whose pages share one address."""

    def note(self, identity: tuple[str, str], outcome: str) -> None:
        """Take in what would become of a record; of several pages that show it, the one that says most counts."""
        earlier = self.outcomes.get(identity)
        if earlier in (None, WORDS[Outcome.UNCHANGED]) or (earlier == REFUSED and outcome != REFUSED):
            self.outcomes[identity] = outcome

    def differ(self, difference: Difference) -> None:
        """Take in a difference."""
        self.differing[difference.records, difference.field] += 1
        if len(self.differences) < DIFFERENCES_KEPT:
            self.differences.append(difference)

    def counts(self) -> Counter[str]:
        """Return how many records are same, different, new, and so on."""
        return Counter(self.outcomes.values())

    @property
    def is_worse(self) -> bool:
        """Whether a page could not be read, or a record that is stored would not be found or would be refused."""
        counts = self.counts()
        return bool(self.problems or counts[REFUSED] or counts[MISSING])


def latest_pages(database: Mongo, spider: str, since: datetime | None) -> list[ObjectId]:
    """Return the latest kept page of every request of a spider, the oldest first. Blocks.

    Older ones of the same request say what the site was, not what it is.
    """
    query: dict[str, Any] = {"spider": spider, **({"when": {"$gte": since}} if since else {})}
    latest: dict[str, ObjectId] = {}
    for page in database[PAGES].find(query, ["fingerprint"], sort=[("when", -1), ("_id", -1)]):
        latest.setdefault(page["fingerprint"], page["_id"])
    return list(latest.values())[::-1]


class Replay:
    """One replay of a spider's pages."""

    def __init__(self, database: Mongo, spiders: TodaysSpiders) -> None:
        self._database, self._spiders = database, spiders
        self._now = datetime.now(UTC)
        self.result = ReplayResult()

    def read(self, page_id: ObjectId) -> tuple[list[Found], Sighting] | None:
        """Read a page and compare; return its good records, to be stored; None when it is no longer there. Blocks."""
        page = self._database[PAGES].find_one({"_id": page_id})
        body = body_of(self._database, page) if page else None
        if page is None or body is None:
            return None
        reading, result = self._spiders.read(page, body), self.result
        result.pages += 1
        if reading.error or reading.wish:
            result.problems.append((page["url"], reading.error or f"wants the browser: {reading.wish}"))
        if not reading.wish and page["request"]["method"] == "GET":
            result.read.add((canonical_url(page["url"], page["url"]) or page["url"], page["run"]))
        seen = Sighting(page["when"], page["run"])
        for document in dict.fromkeys(found.document for found in reading.found):
            self._compare(document, [found for found in reading.found if found.document is document], seen)
        return [found for found in reading.found if not found.faults], seen

    def look_for_missing(self, documents: Sequence[type[Record]]) -> None:
        """Add the records that were seen last on the pages that were read, and are not found there now. Blocks."""
        runs = list({run for _, run in self.result.read})
        for document in documents:
            schema = schema_of(document)
            key = [schema.columns[name] for name in schema.key]
            query = {"run": {"$in": runs}, "gone_at": None}
            for row in self._database[schema.collection].find(query, [*key, "url", "run"]):
                identity = (schema.collection, key_text(document, row))
                if (row["url"], row["run"]) in self.result.read and identity not in self.result.outcomes:
                    self.result.note(identity, MISSING)
                    self.result.differ(Difference(*identity, MISSING, None, None, row["url"]))

    def _compare(self, document: type[Record], found: list[Found], seen: Sighting) -> None:
        schema, result = schema_of(document), self.result
        upsert = Upsert(self._database, document, ObjectId(), self._now, seen)
        for plan in upsert.preview([one for one in found if not one.faults]):
            identity = (schema.collection, key_text(document, plan.state))
            if plan.is_superseded(seen):
                result.note(identity, WORDS[Outcome.SUPERSEDED])
                continue
            differences = list(_differences(plan, identity)) if plan.old is not None else []
            outcome = Outcome.NEW if plan.old is None else Outcome.CHANGED if differences else Outcome.UNCHANGED
            result.note(identity, WORDS[outcome])
            self._cover(document, plan)
            for difference in differences:
                result.differ(difference)
        for number, one in enumerate(found, 1):
            if one.faults:
                named = [str(one.values.get(name) or "") for name in schema.key]
                self._refuse(one, JOINT.join(named) if all(named) else f"record {number} of {one.url}")

    def _refuse(self, found: Found, key: str) -> None:
        kept = kept_of(found)
        if self._database[REJECTED].find_one({"fingerprint": kept["fingerprint"]}, ["_id"]):
            self.result.note((kept["records"], key), AS_BEFORE)
            return
        self.result.note((kept["records"], key), REFUSED)
        what = "; ".join(f"{name}: {problem}" for name, problem in found.faults.items())
        self.result.differ(Difference(kept["records"], key, REFUSED, None, what, found.url))

    def _cover(self, document: type[Record], plan: WritePlan) -> None:
        schema = schema_of(document)
        for name in schema.content:
            counted = self.result.coverage.setdefault((schema.collection, name), [0, 0, 0, 0])
            column = schema.columns[name]
            for place, state in ((0, plan.old), (2, plan.state)):
                if state is not None:
                    counted[place] += state.get(column) not in (None, "", [])
                    counted[place + 1] += 1


def _differences(plan: WritePlan, identity: tuple[str, str]) -> Iterator[Difference]:
    for name, value in {**plan.tracked, **plan.quiet}.items():
        old = (plan.old or {}).get(name)
        if not is_same(old, value):
            yield Difference(*identity, name, old, value, plan.url)
