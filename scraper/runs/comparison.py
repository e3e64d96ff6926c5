"""What differs between two runs of one spider: counts, fields, lists, and the records that came, went and changed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.record import key_text, schema_of
from models.registry import record_documents
from models.system import Change, Run
from scraper.core import statistics
from scraper.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bson import ObjectId
    from pymongo.database import Database

    from models.record import Record

    Mongo = Database[dict[str, Any]]

Row = dict[str, Any]
COUNTS = {f"items_{name}": name for name in ("new", "changed", "unchanged", "refused", "gone")}
OF_LIST = ("entries", "pages", "stated_total", "stated_pages", "end")


@dataclass(frozen=True)
class RecordChange:
    """A record that came, went or changed between two runs; `fields` has each changed field's old and new value."""

    records: str
    key: str
    what: str
    fields: Mapping[str, tuple[Any, Any]]
    url: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two runs, the earlier first; a row names what it is about, and has the values of both."""

    before: Row
    after: Row
    counts: Sequence[Row]
    fields: Sequence[Row]
    """How many records had a value, where that differs."""
    lists: Sequence[Row]
    reasons: Sequence[Row]
    """What spoke against one of the two, and not against the other."""
    changes: Sequence[RecordChange]
    """Of all records between the ends of the two, by whichever run of the same spider and arguments."""


def compare(database: Mongo, one: Row, other: Row) -> Comparison:
    """Hold two runs against each other, in the order of time; raise UsageError when they are not comparable."""
    if one["_id"] == other["_id"]:
        raise UsageError(f"both are run {one['_id']}, expected two runs: `swathe runs list` shows them")
    if one["spider"] != other["spider"]:
        raise UsageError(
            f"run {one['_id']} is of '{one['spider']}' and run {other['_id']} of '{other['spider']}', "
            f"expected two runs of one spider: `swathe runs list` shows them"
        )
    before, after = sorted((one, other), key=lambda run: run["started_at"])
    return Comparison(
        before, after,
        counts=_differing(_counts(before), _counts(after), "count"),
        fields=_differing(_filled(before), _filled(after), "filled"),
        lists=_differing(_lists(before), _lists(after), "list"),
        reasons=_reasons(before, after),
        changes=_changes(database, before, after),
    )  # fmt: skip


def net_changes(changes: Iterable[Row]) -> dict[ObjectId, dict[str, tuple[Any, Any]]]:
    """Return by record and field the first old and the last new value, where these differ; changes are oldest first."""
    net: dict[ObjectId, dict[str, tuple[Any, Any]]] = defaultdict(dict)
    for change in changes:
        fields = net[change["record"]]
        first, _ = fields.get(change["field"], (change.get("old"), None))
        fields[change["field"]] = (first, change.get("new"))
    moved = {
        record: {name: pair for name, pair in fields.items() if pair[0] != pair[1]} for record, fields in net.items()
    }
    return {record: fields for record, fields in moved.items() if fields}


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], what: str) -> list[Row]:
    """Return a row for each name, those of the counts also when they are the same."""
    names = [*before, *(name for name in after if name not in before)]
    rows = [{what: name, "before": before.get(name), "after": after.get(name)} for name in names]
    return [
        {**row, "difference": _difference(row["before"], row["after"])}
        for row in rows
        if what == "count" or row["before"] != row["after"]
    ]


def _difference(before: Any, after: Any) -> Any:
    return after - before if isinstance(before, int) and isinstance(after, int) else None


def _counts(run: Row) -> dict[str, int]:
    counts = {**dict.fromkeys(COUNTS, 0), **(run.get("counts") or {})}
    different = statistics.of_different_records(counts, run.get("records") or {})
    return {"pages": counts.get("pages", 0), **{shown: different[name] for name, shown in COUNTS.items()}}


def _filled(run: Row) -> dict[str, int]:
    quality = (run.get("quality") or {}).get("records") or []
    return {f"{one['collection']}.{name}": number for one in quality for name, number in one["filled"].items()}


def _lists(run: Row) -> dict[str, Any]:
    return {f"{one['start']} {name}": one.get(name) for one in run.get("lists") or () for name in OF_LIST}


def _reasons(before: Row, after: Row) -> list[Row]:
    old, new = before.get("reasons") or [], after.get("reasons") or []
    gone = [{"reason": reason, "before": "yes", "after": "no"} for reason in old if reason not in new]
    return [*gone, *({"reason": reason, "before": "no", "after": "yes"} for reason in new if reason not in old)]


def _changes(database: Mongo, before: Row, after: Row) -> list[RecordChange]:
    since, until = before.get("ended_at") or before["started_at"], after.get("ended_at") or after["started_at"]
    same = {"spider": after["spider"], "arguments": {"$in": [before["arguments"], after["arguments"]]}}
    runs = [run["_id"] for run in database[Run._get_collection_name()].find(same, ["_id"])]
    found: list[RecordChange] = []
    for name in sorted({*(before.get("records") or {}), *(after.get("records") or {})} & {*record_documents()}):
        of_runs = {"records": name, "run": {"$in": runs}, "when": {"$gt": since, "$lte": until}}
        log = database[Change._get_collection_name()].find(of_runs, sort=[("when", 1), ("_id", 1)])
        found += _of_collection(database, record_documents()[name], net_changes(log), runs, (since, until))
    return found


def _of_collection(
    database: Mongo, document: type[Record], net: Mapping[ObjectId, Mapping[str, tuple[Any, Any]]],
    runs: list[ObjectId], span: tuple[Any, Any],
) -> list[RecordChange]:  # fmt: skip
    schema = schema_of(document)
    columns = [*(schema.columns[name] for name in schema.key), "url", "first_seen"]
    came = {"first_seen": {"$gt": span[0], "$lte": span[1]}, "run": {"$in": runs}}
    found = []
    for record in database[schema.collection].find({"$or": [came, {"_id": {"$in": list(net)}}]}, columns):
        fields = dict(net.get(record["_id"], {}))
        gone = fields.pop("gone_at", None)
        is_new = span[0] < record["first_seen"] <= span[1]
        if (what := _what(is_new, gone, bool(fields))) is not None:
            key = key_text(document, record)
            shown = fields if what == "changed" else {}
            found.append(RecordChange(schema.collection, key, what, shown, record.get("url", "")))
    order = ("came", "went", "changed")
    return sorted(found, key=lambda one: (order.index(one.what), one.key))


def _what(is_new: bool, gone: tuple[Any, Any] | None, has_changed: bool) -> str | None:
    """Return what became of a record; None for one that came and went between the two, or is as it was."""
    if gone is not None and gone[1] is not None:
        return None if is_new else "went"
    if is_new or gone is not None:
        return "came"
    return "changed" if has_changed else None
