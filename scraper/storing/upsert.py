"""Bring the records of one document up to date in as few writes as possible, and say what became of each.

One read finds what the database has. New records go in one insert, changed ones are updated where the record is still
the one that was read, and all unchanged ones share one update of `last_seen`. A record that another process wrote in
between is read and decided again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import bson
from bson.errors import InvalidDocument
from pymongo import InsertOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from models.record import BOOKKEEPING, WHOLE_RECORD, schema_of
from scraper.errors import DatabaseLostError
from scraper.mongo.connection import CODEC
from scraper.mongo.indexes import KEY_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bson import ObjectId
    from pymongo.collection import Collection
    from pymongo.database import Database

    from models.record import Found, Record

MAX_DOCUMENT_BYTES = 16 * 2**20 - 2**14
"""MongoDB's limit for one document, less some room for the bookkeeping fields."""

DUPLICATE_KEY = 11000
DOCUMENT_FAULTS = frozenset({2, 9, 52, 57, 121, 10334, DUPLICATE_KEY, 17280, 17419, 17420})
"""Error codes that blame one document, not the server; source: src/mongo/base/error_codes.yml."""

ONE_TICK = timedelta(milliseconds=1)
"""MongoDB keeps times to the millisecond."""

ROUNDS = 5
"""How often a record is decided again because another process wrote it in between."""


class Outcome(StrEnum):
    """What became of a record."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(slots=True)
class _Entry:
    """One found record on its way into the database."""

    found: Found
    content: dict[str, Any]
    outcome: Outcome | None = None

    def content_after(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the content with the values that the record has already kept in front of those that are added."""
        columns = schema_of(self.found.document).columns
        content = dict(self.content)
        for column in (columns[name] for name in self.found.added):
            old, new = state.get(column) or [], content.get(column) or []
            content[column] = [*old, *(value for value in new if value not in old)]
        return content


@dataclass(slots=True)
class _Plan:
    """What to do about one key: the entries that have it, in order, and the one write that serves them all."""

    entries: list[_Entry]
    old: dict[str, Any] | None
    state: dict[str, Any] = field(default_factory=dict)

    def decide(self) -> None:
        """Set each entry's outcome, as if they were stored one after the other."""
        self.state = dict(self.old or {})
        for entry in self.entries:
            content = entry.content_after(self.state) if entry.found.added else entry.content
            same = all(name in self.state and self.state[name] == value for name, value in content.items())
            outcome = Outcome.NEW if not self.state else Outcome.UNCHANGED if same else Outcome.CHANGED
            entry.outcome = entry.outcome or outcome
            self.state.update(content)

    @property
    def url(self) -> str:
        """Where the record was seen last."""
        return str(self.entries[-1].found.stored["url"])

    def changes(self) -> dict[str, Any]:
        """Return the fields that differ from what the database has."""
        old = self.old or {}
        return {name: value for name, value in self.state.items() if name not in old or old[name] != value}


class Upsert:
    """Write found records of one document for one run, at one time."""

    def __init__(
        self, database: Database[dict[str, Any]], document: type[Record], run: ObjectId, now: datetime
    ) -> None:
        self._schema = schema_of(document)
        self._collection: Collection[dict[str, Any]] = database[self._schema.collection]
        self._key = tuple(self._schema.columns[name] for name in self._schema.key)
        self._run, self._now = run, now

    def write(self, founds: Iterable[Found], *, expect_new: bool = False) -> bool:
        """Store each record; one that MongoDB cannot hold gets a fault instead, and its batch goes on without it.

        With `expect_new` the records are inserted without a look at what is there; one that is there after all is
        found out by its key and decided again. Return whether none was.
        """
        pending = [entry for found in founds if (entry := self._entry(found)) is not None]
        self._entries = list(pending)
        for number in range(ROUNDS):
            if not pending:
                return number <= 1
            pending = self._round(pending, look=number > 0 or not expect_new)
        if not pending:
            return False
        raise DatabaseLostError(
            f"'{self._schema.collection}': {len(pending)} records were written by other processes {ROUNDS} times "
            f"while this one tried: run one crawl of these records at a time"
        )

    def outcomes(self) -> dict[int, Outcome]:
        """Return what became of each record stored, by the id() of its Found."""
        return {id(entry.found): entry.outcome for entry in self._entries if entry.outcome}

    def _entry(self, found: Found) -> _Entry | None:
        """Make the record BSON once, apart from its batch, so that one that cannot be fails alone."""
        content = {column: value for column, value in found.stored.items() if column not in BOOKKEEPING}
        try:
            encoded = bson.encode(content, codec_options=CODEC)
        except (InvalidDocument, OverflowError, UnicodeError, ValueError) as error:
            found.faults[WHOLE_RECORD] = f"MongoDB cannot hold it: {error}"
            return None
        if len(encoded) > MAX_DOCUMENT_BYTES:
            found.faults[WHOLE_RECORD] = f"it has {len(encoded)} bytes, expected {MAX_DOCUMENT_BYTES} at most"
            return None
        # Decoded again, so that it is compared in the form in which MongoDB gives values back.
        return _Entry(found, bson.decode(encoded, codec_options=CODEC))

    def _round(self, pending: list[_Entry], *, look: bool) -> list[_Entry]:
        """Decide and write once; return the entries to decide again."""
        groups: dict[tuple[Any, ...], list[_Entry]] = {}
        for entry in pending:
            groups.setdefault(self._key_of(entry.content), []).append(entry)
        existing = self._read(list(groups)) if look else {}
        plans = [_Plan(entries, existing.get(key)) for key, entries in groups.items()]
        requests: list[Any] = []
        owners: list[list[_Plan]] = []
        expected_matches, unchanged = 0, []
        for plan in plans:
            plan.decide()
            if plan.old is None:
                requests.append(self._insert(plan))
            elif changes := plan.changes():
                requests.append(self._update(plan, changes))
                expected_matches += 1
            elif plan.old.get("url") != plan.url:
                requests.append(UpdateOne({"_id": plan.old["_id"]}, self._seen({"url": plan.url})))
                expected_matches += 1
            else:
                unchanged.append(plan)
                continue
            owners.append([plan])
        if unchanged:
            requests.append(
                UpdateMany({"_id": {"$in": [plan.old["_id"] for plan in unchanged if plan.old]}}, self._seen())
            )
            expected_matches += len(unchanged)
            owners.append(unchanged)
        return self._execute(requests, owners, expected_matches)

    def _execute(self, requests: list[Any], owners: list[list[_Plan]], expected_matches: int) -> list[_Entry]:
        errors: list[dict[str, Any]] = []
        try:
            matched = self._collection.bulk_write(requests, ordered=False).matched_count
        except BulkWriteError as error:
            if error.details.get("writeConcernErrors"):
                raise DatabaseLostError(
                    f"MongoDB did not confirm a write: {error.details['writeConcernErrors'][0]}"
                ) from error
            errors, matched = error.details["writeErrors"], error.details["nMatched"]
        again: list[_Plan] = []
        for fault in errors:
            for plan in owners[fault["index"]]:
                if fault["code"] == DUPLICATE_KEY and f"index: {KEY_INDEX} " in fault["errmsg"]:
                    again.append(plan)
                    for entry in plan.entries:
                        entry.outcome = None
                elif fault["code"] in DOCUMENT_FAULTS:
                    self._refuse(plan, fault["errmsg"])
                else:
                    raise DatabaseLostError(f"MongoDB refused a write: {fault['errmsg']}")
        failed = {fault["index"] for fault in errors}
        if matched < expected_matches - sum(1 for index in failed if not isinstance(requests[index], InsertOne)):
            # Somebody changed or removed a record after it was read. Which one MongoDB does not say: look at all again.
            again += [plan for plans in owners for plan in plans if plan.old is not None and plan not in again]
        return [entry for plan in again for entry in plan.entries]

    def _refuse(self, plan: _Plan, reason: str) -> None:
        for entry in plan.entries:
            entry.outcome = None
            entry.found.faults[WHOLE_RECORD] = f"MongoDB refused it: {reason[:500]}"

    def _key_of(self, content: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(content.get(column) for column in self._key)

    def _read(self, keys: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Return the stored content by key, with `_id`, `url` and `changed_at`."""
        columns = [self._schema.columns[name] for name in self._schema.content]
        query = {column: {"$in": list({key[place] for key in keys})} for place, column in enumerate(self._key)}
        found = self._collection.find(query, [*columns, "url", "changed_at"])
        return {self._key_of(document): document for document in found}

    def _insert(self, plan: _Plan) -> InsertOne[Any]:
        document = {
            **plan.state,
            "url": plan.url,
            "first_seen": self._now,
            "last_seen": self._now,
            "changed_at": self._now,
            "gone_at": None,
            "run": self._run,
        }
        return InsertOne(document)

    def _update(self, plan: _Plan, changes: dict[str, Any]) -> UpdateOne:
        """Update the record only while it is the one that was read: `changed_at` is its version."""
        assert plan.old is not None
        version = plan.old.get("changed_at")
        changed_at = self._now if version is None or self._now > version else version + ONE_TICK
        return UpdateOne(
            {"_id": plan.old["_id"], "changed_at": version},
            self._seen({**changes, "url": plan.url, "changed_at": changed_at}),
        )

    def _seen(self, fields: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"$set": {**(fields or {}), "gone_at": None, "run": self._run}, "$max": {"last_seen": self._now}}
