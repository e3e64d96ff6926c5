"""Decide what becomes of found records: new, changed or unchanged, and what a change consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from models.record import schema_of
from models.sameness import holds, is_same

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId

    from models.record import Found, Schema


class Outcome(StrEnum):
    """What became of a record."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    """It comes from a page read again, and the database knows a later state of it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """When a page that is read again was fetched, or an item refused, and by which run."""

    at: datetime
    run: ObjectId | None
    of_page: bool = True
    """A page's own records are stored a moment after it was fetched, so its run's times say nothing against it."""

    def precedes(self, record: dict[str, Any]) -> bool:
        """Return whether the record was seen, or found to be gone, after this."""
        own = self.of_page and record.get("run") == self.run
        seen_later = not own and record.get("last_seen", self.at) > self.at
        gone_at = record.get("gone_at")
        return seen_later or (gone_at is not None and gone_at > self.at)


@dataclass(slots=True)
class Entry:
    """One found record on its way into the database."""

    found: Found
    content: dict[str, Any]
    outcome: Outcome | None = None

    def content_after(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the content with the values that the record has already kept in front of those that are added."""
        if not self.found.added:
            return self.content
        columns = schema_of(self.found.document).columns
        content = dict(self.content)
        for column in (columns[name] for name in self.found.added):
            old, new = state.get(column) or [], content.get(column) or []
            content[column] = [*old, *(value for value in new if not holds(old, value))]
        return content


@dataclass(slots=True)
class WritePlan:
    """What to do about one key: the entries that have it, in order, and the one write that serves them all."""

    schema: Schema
    entries: list[Entry]
    old: dict[str, Any] | None
    state: dict[str, Any] = field(default_factory=dict)
    tracked: dict[str, Any] = field(default_factory=dict)
    """The new values that are changes of the record."""
    quiet: dict[str, Any] = field(default_factory=dict)
    """The new values that are only to be kept up to date."""
    claim: dict[str, Any] | None = None
    """The change document that is written before the record."""

    def decide(self) -> None:
        """Set what is to be written, as if the entries were stored one after the other, and what became of each.

        A record counts once, whatever a page shows of it: as new, or as changed when it ends up so. An outcome that is
        there already stays: what was written in an earlier round is not undone by deciding again.
        """
        self.state = dict(self.old or {})
        touched: set[str] = set()
        changed_by: Entry | None = None
        for entry in self.entries:
            differing = self._differing(entry.content_after(self.state))
            if self.state.get("gone_at") is not None:
                differing["gone_at"] = None
            if any(self._is_tracked(name, value, self.state.get(name)) for name, value in differing.items()):
                changed_by = entry
            self.state.update(differing)
            touched.update(differing)
        if self.old is None:
            self._count(self.entries[0], Outcome.NEW)
            return
        for name in touched:
            old, value = self.old.get(name), self.state[name]
            if name not in self.old or not is_same(old, value):
                (self.tracked if self._is_tracked(name, value, old) else self.quiet)[name] = value
        self._count(changed_by if self.tracked else None, Outcome.CHANGED)

    def _count(self, counted: Entry | None, outcome: Outcome) -> None:
        for entry in self.entries:
            entry.outcome = entry.outcome or (outcome if entry is counted else Outcome.UNCHANGED)

    @property
    def url(self) -> str:
        """Where the record was seen last."""
        return str(self.entries[-1].found.stored["url"])

    def is_superseded(self, seen: Sighting) -> bool:
        """Return whether the database knows a later state than that of `seen`; the entries are then settled."""
        if self.old is None or not seen.precedes(self.old):
            return False
        for entry in self.entries:
            entry.outcome = Outcome.SUPERSEDED
        return True

    def forget(self) -> None:
        """Take the outcomes back, because what they were decided from is no longer so."""
        for entry in self.entries:
            entry.outcome = None

    def refuse(self, field_name: str, reason: str) -> None:
        """Refuse the record."""
        self.forget()
        for entry in self.entries:
            entry.found.faults[field_name] = reason

    def _differing(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the values that are not those of the state, or differ from them by more than noise."""
        state = self.state
        return {
            name: value
            for name, value in content.items()
            if name not in state or not (is_same(state[name], value) or self._is_noise(name, state[name], value))
        }

    def _is_noise(self, name: str, old: Any, new: Any) -> bool:
        rule = self.schema.noise.get(name)
        return rule is not None and rule(old, new)

    def _is_tracked(self, name: str, value: Any, old: Any) -> bool:
        """Return whether a difference is a change; that nothing is now known to be nothing is none."""
        return name not in self.schema.untracked and not (value is None and old is None)
