"""Bring the records of one document up to date in as few writes as possible, and say what became of each.

One read finds what the database has. New records go in one insert, changed ones are claimed in the history and then
updated, and all unchanged ones share one update of `last_seen`. A record that another process wrote in between is read
and decided again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bson
from bson import ObjectId
from bson.errors import InvalidDocument
from pymongo import InsertOne, UpdateMany, UpdateOne

from models.record import BOOKKEEPING, UNTOLD, WHOLE_RECORD, schema_of
from scraper.errors import DatabaseLostError
from scraper.storage.connection import CODEC
from scraper.storage.indexes import KEY_INDEX
from scraper.storage.records.bulk import DUPLICATE_KEY, send
from scraper.storage.records.change_log import MAX_CLAIM_BYTES, ChangeLog, size_of, update_of
from scraper.storage.records.plan import Entry, Outcome, Sighting, WritePlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from pymongo.collection import Collection
    from pymongo.database import Database

    from models.record import Found, Record

MAX_DOCUMENT_BYTES = 16 * 2**20 - 2**14
"""MongoDB's limit for one document, less some room for the bookkeeping fields."""

ROUNDS = 20
"""How often a record is decided again because another process wrote it in between."""

TOO_LARGE = (
    f"the old and new values of what changed have {{}} bytes together, expected {MAX_CLAIM_BYTES} at most: "
    f"give the field `track=False`"
)


class Upsert:
    """Write found records of one document for one run, at one time.

    Records of a page that is read again come with its `seen`: they were seen then, by that run. What the database
    knows from later stays.
    """

    def __init__(
        self,
        database: Database[dict[str, Any]],
        document: type[Record],
        run: ObjectId,
        now: datetime,
        seen: Sighting | None = None,
        listeners: Sequence[str] = (),
    ) -> None:
        self._schema = schema_of(document)
        self._collection: Collection[dict[str, Any]] = database[self._schema.collection]
        self._log = ChangeLog(database, self._schema, run, now, seen, listeners)
        self._key = tuple(self._schema.columns[name] for name in self._schema.key)
        self._now, self._again = now, seen
        self._untold = {UNTOLD: list(listeners)} if listeners else {}
        self._seen_at, self._seen_by = (seen.at, seen.run) if seen else (now, run)

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

    def preview(self, founds: Iterable[Found]) -> list[WritePlan]:
        """Return what storing the records would do, and do nothing."""
        return self._plans([entry for found in founds if (entry := self._entry(found)) is not None], look=True)

    def _entry(self, found: Found) -> Entry | None:
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
        return Entry(found, bson.decode(encoded, codec_options=CODEC))

    def _round(self, pending: list[Entry], *, look: bool) -> list[Entry]:
        """Decide and write once; return the entries to decide again."""
        plans = [
            plan for plan in self._plans(pending, look=look) if not (self._again and plan.is_superseded(self._again))
        ]
        again = self._claim([plan for plan in plans if plan.old is not None and plan.tracked])
        again += self._execute(plans)
        return [entry for plan in again for entry in plan.entries]

    def _plans(self, pending: list[Entry], *, look: bool) -> list[WritePlan]:
        """Decide what becomes of each key."""
        groups: dict[tuple[Any, ...], list[Entry]] = {}
        for entry in pending:
            groups.setdefault(self._key_of(entry.content), []).append(entry)
        existing = self._read(list(groups)) if look and groups else {}
        plans = [WritePlan(self._schema, entries, existing.get(key)) for key, entries in groups.items()]
        for plan in plans:
            plan.decide()
        return plans

    def _claim(self, changed: list[WritePlan]) -> list[WritePlan]:
        """Write the changes before the records; return the plans to decide again."""
        if not changed:
            return []
        claimed: dict[str, WritePlan] = {}
        for plan in changed:
            plan.claim = self._log.compose(plan.old or {}, plan.tracked, plan.url)
            if (size := size_of(plan.claim)) > MAX_CLAIM_BYTES:
                plan.claim = None
                plan.refuse(max(plan.tracked, key=lambda name: len(repr(plan.tracked[name]))), TOO_LARGE.format(size))
            else:
                claimed[plan.claim["_id"]] = plan
        lost = self._log.claim([plan.claim for plan in claimed.values() if plan.claim])
        own = self._log.own(lost) if lost else set()
        for claim_id in lost:
            claimed[claim_id].claim = None
            if claim_id not in own:
                claimed[claim_id].forget()
        return [claimed[claim_id] for claim_id in lost]

    def _execute(self, plans: list[WritePlan]) -> list[WritePlan]:
        """Write the records; return the plans to decide again."""
        for plan in plans:
            record = plan.old["_id"] if plan.old else ObjectId()
            for entry in plan.entries:
                entry.found.stored_as = record
        requests: list[Any] = []
        owners: list[list[WritePlan]] = []
        unchanged: list[WritePlan] = []
        for plan in plans:
            if plan.old is None:
                requests.append(self._insert(plan))
            elif plan.claim is not None:
                requests.append(update_of(plan.claim, plan.quiet))
            elif plan.tracked:
                continue  # lost, or refused
            elif plan.quiet or plan.old.get("url") != plan.url:
                seen = self._seen({**plan.quiet, "url": plan.url})
                requests.append(UpdateOne({"_id": plan.old["_id"], "gone_at": None}, seen))
            else:
                unchanged.append(plan)
                continue
            owners.append([plan])
        if unchanged:
            ids = [plan.old["_id"] for plan in unchanged if plan.old]
            requests.append(UpdateMany({"_id": {"$in": ids}, "gone_at": None}, self._seen()))
            owners.append(unchanged)
        matched, faults = send(self._collection, requests)
        failed = {fault["index"] for fault in faults}
        updated = [
            plan for index, own in enumerate(owners) for plan in own if index not in failed and plan.old is not None
        ]
        again = self._answer(faults, owners)
        return [*again, *self._overtaken(updated)] if matched < len(updated) else again

    def _answer(self, faults: list[dict[str, Any]], owners: list[list[WritePlan]]) -> list[WritePlan]:
        """Refuse what the server refused, and return the plans whose key somebody else has inserted meanwhile."""
        again: list[WritePlan] = []
        for fault in faults:
            for plan in owners[fault["index"]]:
                if fault["code"] == DUPLICATE_KEY and f"index: {KEY_INDEX} " in fault["errmsg"]:
                    plan.forget()
                    again.append(plan)
                else:
                    plan.refuse(WHOLE_RECORD, f"MongoDB refused it: {fault['errmsg'][:500]}")
                    if plan.claim is not None:
                        self._log.withdraw([plan.claim])
        return again

    def _overtaken(self, updated: list[WritePlan]) -> list[WritePlan]:
        """Return the plans whose record was removed, or declared gone, after it was read.

        A claimed update that matched nothing was carried out by somebody else; its quiet values were not.
        """
        ids = [plan.old["_id"] for plan in updated if plan.old]
        there = {row["_id"]: row.get("gone_at") for row in self._collection.find({"_id": {"$in": ids}}, ["gone_at"])}
        again = []
        for plan in updated:
            record = plan.old["_id"] if plan.old else None
            if plan.claim is None and (record not in there or there[record] is not None):
                plan.forget()
                again.append(plan)
            elif plan.claim is not None and (record not in there or plan.quiet):
                again.append(plan)
        return again

    def _key_of(self, content: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(content.get(column) for column in self._key)

    def _read(self, keys: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Return the stored content by key, with the bookkeeping that decides."""
        columns = [self._schema.columns[name] for name in self._schema.content]
        found = self._collection.find(
            among(self._key, keys), [*columns, "url", "changed_at", "gone_at", "last_seen", "run"]
        )
        return {self._key_of(document): document for document in found}

    def _insert(self, plan: WritePlan) -> InsertOne[Any]:
        document = {
            "_id": plan.entries[-1].found.stored_as,
            **plan.state,
            "url": plan.url,
            "first_seen": self._seen_at,
            "last_seen": self._seen_at,
            "changed_at": self._seen_at,
            "gone_at": None,
            "run": self._seen_by,
            **self._untold,
        }
        return InsertOne(document)

    def _seen(self, fields: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"$set": {**(fields or {}), "run": self._seen_by}, "$max": {"last_seen": self._seen_at}}


def among(columns: tuple[str, ...], keys: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Return the filter of these keys and no others: the values of one column by those of the others.

    A list of values for each column would find every combination of them: of 300 keys up to 90,000 records.

    >>> among(("shop", "number"), [("a", 1), ("a", 2)])
    {'shop': 'a', 'number': {'$in': [1, 2]}}
    """
    many = max(range(len(columns)), key=lambda place: len({key[place] for key in keys}))
    values: dict[tuple[Any, ...], list[Any]] = {}
    for key in keys:
        values.setdefault(key[:many] + key[many + 1 :], []).append(key[many])
    others = columns[:many] + columns[many + 1 :]
    each = [{**dict(zip(others, same, strict=True)), columns[many]: {"$in": some}} for same, some in values.items()]
    return each[0] if len(each) == 1 else {"$or": each}
