"""Write what changes before it is changed, so that a record and its history never disagree, without transactions.

An update of a record is first claimed: its change is inserted into `changes` under an `_id` made of the record and of
the `changed_at` that the update replaces. Only one writer can insert that, so only one can make the record's next
state. A claim holds everything that its update writes. Whoever meets the claim of another (which may have been killed
after it) carries it out first and then decides again from the new state; carrying it out twice changes nothing.

So a record that changed always has its changes, and at most the last claim of a record is still to be carried out. It
is told by its `when`, which is later than the record's `changed_at`: readers leave it out.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import bson
from pymongo import InsertOne, ReplaceOne, UpdateOne

from models.record import UNTOLD
from models.system import Change
from scraper.storage.connection import CODEC
from scraper.storage.records.bulk import DUPLICATE_KEY, send

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bson import ObjectId
    from pymongo.database import Database

    from models.record import Schema
    from scraper.storage.records.plan import Sighting

ONE_TICK = timedelta(milliseconds=1)
"""MongoDB keeps times to the millisecond."""

MAX_CLAIM_BYTES = 16 * 2**20 - 2**14
"""MongoDB's limit for one document, less some room for what is not values."""


class ChangeLog:
    """The changes of one document's records, written for one run at one time."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        schema: Schema,
        run: ObjectId,
        now: datetime,
        seen: Sighting | None = None,
        listeners: Sequence[str] = (),
    ) -> None:
        self._changes = database[Change._get_collection_name()]
        self._records = database[schema.collection]
        self._schema, self._run, self._now, self._seen = schema, run, now, seen
        self._untold = {UNTOLD: list(listeners)} if listeners else {}

    def compose(self, old: dict[str, Any], new: dict[str, Any], url: str) -> dict[str, Any]:
        """Return the claim of an update: `old` is the record as it was read, `new` its new values, one or more."""
        version = old.get("changed_at")
        later = version is None or self._now > version
        (first, value), *others = new.items()
        claim = {
            "_id": f"{self._schema.collection}/{old['_id']}/{_milliseconds(version)}",
            "records": self._schema.collection,
            "record": old["_id"],
            "key": " / ".join(str(old.get(self._schema.columns[name])) for name in self._schema.key),
            "field": first,
            "old": old.get(first),
            "new": value,
            "when": self._now if later or version is None else version + ONE_TICK,
            "run": self._run,
            "url": url,
            "version": version,
            **self._untold,
        }
        if self._seen is not None:
            claim |= {"seen_at": self._seen.at, "seen_by": self._seen.run}
        if others:
            claim["others"] = [{"field": name, "old": old.get(name), "new": value} for name, value in others]
        return claim

    def claim(self, claims: Sequence[dict[str, Any]]) -> set[str]:
        """Write the changes of updates; return the `_id` of those that another writer, or an earlier try, claimed.

        The claims of others are carried out. One that is in the way for good is removed.
        """
        _, faults = send(self._changes, [InsertOne(claim) for claim in claims])
        # Another fault than this one cannot be: the values are in the database already, or were just encoded.
        lost = {str(claims[fault["index"]]["_id"]) for fault in faults if fault["code"] == DUPLICATE_KEY}
        self._write_others(claim for claim in claims if claim["_id"] not in lost)
        if lost:
            self._carry_out(list(self._changes.find({"_id": {"$in": sorted(lost)}})))
        return lost

    def own(self, claim_ids: set[str]) -> set[str]:
        """Return which of the claims are of this run: of a batch whose answer was lost."""
        query = {"_id": {"$in": sorted(claim_ids)}, "run": self._run}
        return {str(claim["_id"]) for claim in self._changes.find(query, ["_id"])}

    def withdraw(self, claims: Iterable[dict[str, Any]]) -> None:
        """Remove claims whose update the server refuses."""
        self._changes.delete_many({"_id": {"$in": [entry["_id"] for claim in claims for entry in entries_of(claim)]}})

    def _carry_out(self, claims: list[dict[str, Any]]) -> None:
        self._write_others(claims)
        _, faults = send(self._records, [update_of(claim) for claim in claims])
        if faults:
            self.withdraw(claims[fault["index"]] for fault in faults)

    def _write_others(self, claims: Iterable[dict[str, Any]]) -> None:
        """Write the changes that a claim names besides its first."""
        others = [entry for claim in claims for entry in entries_of(claim)[1:]]
        send(self._changes, [ReplaceOne({"_id": entry["_id"]}, entry, upsert=True) for entry in others])


def update_of(claim: dict[str, Any], quiet: dict[str, Any] | None = None) -> UpdateOne:
    """Return the update that a claim is for, with the values that are only kept up to date."""
    values = {entry["field"]: entry["new"] for entry in (claim, *claim.get("others", ()))}
    changes: dict[str, Any] = {"$set": {**(quiet or {}), **values, "changed_at": claim["when"]}}
    if values.get("gone_at") is None:  # unless the change is that nobody saw it
        changes["$set"] |= {"url": claim["url"], "run": claim.get("seen_by", claim["run"])}
        changes["$max"] = {"last_seen": claim.get("seen_at", claim["when"])}
    return UpdateOne({"_id": claim["record"], "changed_at": claim["version"]}, changes)


def entries_of(claim: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the change documents of a claim: itself, and one for each other field."""
    common = {name: value for name, value in claim.items() if name not in ("others", UNTOLD)}
    others = claim.get("others", ())
    return [claim, *({**common, "_id": f"{claim['_id']}/{number}", **other} for number, other in enumerate(others, 1))]


def size_of(claim: dict[str, Any]) -> int:
    """Return how many bytes a claim has."""
    return len(bson.encode(claim, codec_options=CODEC))


def _milliseconds(version: datetime | None) -> str:
    return "0" if version is None else str(int(version.astimezone(UTC).timestamp() * 1000 + 0.5))
