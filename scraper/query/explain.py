"""How MongoDB carries a query out: which index serves it, and how much it reads for what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

_PLANS_NOT_TAKEN = frozenset({"rejectedPlans", "allPlansExecution", "slotBasedPlan", "command"})


@dataclass(frozen=True)
class QueryPlan:
    """The plan that MongoDB chose, and what it did when it was carried out."""

    stages: frozenset[str]
    """MongoDB's names of its steps: IXSCAN, COLLSCAN, SORT, …"""
    indexes: tuple[str, ...]
    keys: int
    documents: int
    returned: int

    @property
    def indexed(self) -> bool:
        """Whether an index finds the documents."""
        return "COLLSCAN" not in self.stages

    def __str__(self) -> str:
        """Say it in one line."""
        read = f"{self.keys} keys and {self.documents} documents examined, {self.returned} returned"
        if "COLLSCAN" in self.stages:
            how = "no index (COLLSCAN, every document is read)"
        elif self.indexes:
            kind = "text index" if self.stages & {"TEXT", "TEXT_MATCH", "TEXT_OR"} else "index"
            how = f"{kind} {', '.join(self.indexes)} (IXSCAN)"
        else:
            how = "index _id_ (IDHACK)" if self.stages & {"IDHACK", "EXPRESS_IXSCAN"} else "nothing: no documents yet"
        return f"{how}: {read}{'; sorted in memory (SORT)' if 'SORT' in self.stages else ''}"


def plan_of(database: Database[dict[str, Any]], command: dict[str, Any]) -> QueryPlan:
    """Return how MongoDB carries out a `find` or `aggregate` command; the command is run for it."""
    explained = database.command("explain", command, verbosity="executionStats")
    nodes = list(_nodes(explained))
    executed: dict[str, Any] = next((node["executionStats"] for node in nodes if "executionStats" in node), {})
    return QueryPlan(
        stages=frozenset(node["stage"] for node in nodes if isinstance(node.get("stage"), str)),
        indexes=tuple(dict.fromkeys(node["indexName"] for node in nodes if "indexName" in node)),
        keys=executed.get("totalKeysExamined", 0),
        documents=executed.get("totalDocsExamined", 0),
        returned=executed.get("nReturned", 0),
    )


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside the answer that is of the plan that was taken."""
    if isinstance(value, dict):
        yield value
        for name, inner in value.items():
            if name not in _PLANS_NOT_TAKEN:
                yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)
