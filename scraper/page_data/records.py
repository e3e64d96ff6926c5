"""Find the lists of records in the data of a page."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scraper.page_data.data import Effort, EffortSpentError
from scraper.page_data.singles import NOT_THE_RECORD, kinds_of

if TYPE_CHECKING:
    from scraper.page_data.data import PageData

MOST_DEPTH = 12
PART_EFFORT, KEY_EFFORT = 100, 20
"""What a part of a value, and a key of an entry, cost; see `Effort`."""

LEAST_KEYS = 2
SHARED = 0.6
"""A key is a record's own when this share of the entries has it; most entries must have most of such keys."""

WRAPPERS = ("item", "node", "_source")
"""Keys under which JSON-LD, GraphQL and Elasticsearch put the record inside the entry of a list."""

PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
PLAIN_TYPE = re.compile(r"[\w:/.#-]{1,200}")


@dataclass(frozen=True)
class RecordList:
    """A list of entries with mostly the same keys."""

    where: str
    path: str
    """JMESPath from the value of the page's data to the entries; `@` is the value itself."""
    entries: list[dict[str, Any]]


def record_lists(data: PageData, effort: Effort | None = None) -> list[RecordList]:
    """Return the lists in a value whose entries look like records, the largest first.

    The entries of a list are not searched for more lists, unless they are groups: `categories[].books[]` gathers the
    lists of all groups. `@graph`, `ItemList`, GraphQL's `edges[].node` and the like are unwrapped. Where the page's
    effort ends, so do the lists; it says so.
    """
    walk = _Walk(effort or Effort(0))
    with suppress(EffortSpentError):
        walk.visit(data.value, "", 0)
    found = [RecordList(data.where, path or "@", entries) for path, entries in walk.found.items()]
    return sorted(found, key=lambda records: -len(records.entries))


def looks_like_records(entries: list[dict[str, Any]]) -> bool:
    """Say whether dicts have mostly the same keys, at least two of them.

    >>> looks_like_records([{"name": "a", "price": 1}, {"name": "b", "price": 2, "old": 3}])
    True
    >>> looks_like_records([{"a": 1}, {"b": 2}])
    False
    """
    counts = Counter(key for entry in entries for key in entry)
    shared = {key for key, count in counts.items() if count >= SHARED * len(entries)}
    if len(shared) < LEAST_KEYS:
        return False
    alike = sum(len(shared & entry.keys()) > len(shared) / 2 for entry in entries)
    return alike >= SHARED * len(entries)


def step(path: str, key: str) -> str:
    """Return a JMESPath one key further.

    >>> step("props", "page-data")
    'props."page-data"'
    """
    name = key if PLAIN.fullmatch(key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}.{name}" if path else name


class _Walk:
    """Walk through a value, as far and as deep as a page is worth."""

    def __init__(self, effort: Effort) -> None:
        self.found: dict[str, list[dict[str, Any]]] = {}
        self.effort = effort

    def visit(self, value: Any, path: str, depth: int, *, flatten: bool = False) -> None:
        """Gather the lists of records in a value; `flatten` where the path leads to several values."""
        self.effort.spend(PART_EFFORT)
        if depth > MOST_DEPTH:
            return
        if isinstance(value, dict):
            for key, part in value.items():
                if isinstance(part, dict | list):
                    self.visit(part, step(path, key), depth + 1, flatten=flatten)
        elif isinstance(value, list) and value:
            self._list(value, path, depth, flatten)

    def _list(self, value: list[Any], path: str, depth: int, flatten: bool) -> None:
        entries = [entry for entry in value if isinstance(entry, dict)]
        self.effort.spend(PART_EFFORT * len(value) + KEY_EFFORT * sum(map(len, entries)))
        end = "[]" if flatten else ""
        if len(entries) < SHARED * len(value):
            self._mixed(value, path, depth, flatten)
            return
        for key in WRAPPERS:
            inner = [entry[key] for entry in entries if isinstance(entry.get(key), dict)]
            if len(inner) == len(entries) and looks_like_records(inner):
                self.found.setdefault(f"{path}[].{key}", []).extend(inner)
                return
        if path.endswith('"@graph"'):
            self._graph(entries, path, depth, end)
            return
        if looks_like_records(entries):
            self.found.setdefault(path + end, []).extend(entries)
        self._groups(entries, path, depth)

    def _mixed(self, value: list[Any], path: str, depth: int, flatten: bool) -> None:
        """Go through a list of lists, or of all sorts of things."""
        if all(isinstance(part, list) for part in value):
            for part in value:
                self.visit(part, f"{path}[]" if flatten else path, depth + 1, flatten=True)
            return
        for place, part in enumerate(value):
            if isinstance(part, dict | list):
                self.visit(part, f"{path}[{place}]", depth + 1, flatten=flatten)

    def _graph(self, entries: list[dict[str, Any]], path: str, depth: int, end: str) -> None:
        """Tell the things of a JSON-LD graph apart by their type."""
        for kind in dict.fromkeys(str(entry.get("@type")) for entry in entries):
            alike = [entry for entry in entries if entry.get("@type") == kind]
            if not PLAIN_TYPE.fullmatch(kind) or kinds_of({"@type": kind}) & NOT_THE_RECORD:
                continue
            if alike and looks_like_records(alike):
                self.found.setdefault(f"{path}[?\"@type\"=='{kind}']{end}", []).extend(alike)
        for place, entry in enumerate(entries):
            self.visit(entry, f"{path}[{place}]", depth + 1, flatten=bool(end))

    def _groups(self, entries: list[dict[str, Any]], path: str, depth: int) -> None:
        """Gather the lists of entries that are hardly more than a name for a list."""
        plain = max(sum(not isinstance(part, dict | list) for part in entry.values()) for entry in entries)
        if plain > 2 and len(entries) > 1:
            return
        for entry in entries:
            for key, part in entry.items():
                if isinstance(part, dict | list):
                    self.visit(part, step(f"{path}[]", key), depth + 1, flatten=True)
