"""The language of [watch]: `books price<10`, `books price drop 5%`, `quotes changed tags`, `books gone`."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from models.questions import as_stored
from scraper.errors import ConfigError, UsageError
from scraper.query.documents import record_called
from scraper.query.fields import field_path, split_names
from scraper.query.filters import mongo_filter, read_filter
from scraper.query.values import NUMBERS, element, is_dynamic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.record import Record
    from scraper.query.fields import FieldPath

What = Literal["state", "gone", "new", "changed", "drop", "rise"]

_AMOUNT = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<percent>%?)")
_NAMES = re.compile(r"[^=!<>~:]+")
_PRESENCE = re.compile(r"!?(?P<field>[^=!<>~:]+)")


@dataclass(frozen=True)
class Watch:
    """One line of [watch]."""

    name: str
    line: str
    document: type[Record]
    what: What
    filters: dict[str, Any]
    """MongoDB's filter of the records it is about."""
    columns: frozenset[str]
    """What of a record the filters look at, in MongoDB's names."""
    fields: tuple[FieldPath, ...] = ()
    """Of `state` those that the filters name; of the others those whose change it is about, none for any."""
    least: Decimal = Decimal(0)
    """How far a number has to move."""
    in_percent: bool = False

    @property
    def records(self) -> str:
        """The collection."""
        return str(self.document._get_collection_name())


def read_watch(name: str, line: str) -> Watch:
    """Return the watch that a line of [watch] says; raise ConfigError, naming it, for one that cannot be kept."""
    try:
        return _Reading(name, line).watch()
    except (UsageError, ValueError) as error:
        raise ConfigError(f"the watch '{name}' ({line}) cannot be kept: {error}") from None


def read_watches(watches: Mapping[str, str]) -> tuple[list[Watch], list[ConfigError]]:
    """Return the watches that can be kept, and what is wrong with the others."""
    kept, faults = [], []
    for name, line in watches.items():
        try:
            kept.append(read_watch(name, line))
        except ConfigError as error:
            faults.append(error)
    return kept, faults


class _Reading:
    """A line on its way to a watch, word by word."""

    def __init__(self, name: str, line: str) -> None:
        self._name, self._line = name, line
        records, *self._words = shlex.split(line)
        self._document = record_called(records)
        self._filters: list[str] = []
        self._what: What | None = None
        self._fields: tuple[FieldPath, ...] = ()
        self._least, self._in_percent = Decimal(0), False

    def watch(self) -> Watch:
        """Return the watch; raise UsageError, or ValueError for quotation marks that are left open."""
        while self._words:
            word = self._words.pop(0)
            if word in ("gone", "new"):
                self._set("gone" if word == "gone" else "new")
            elif word == "changed":
                self._set("changed", split_names(self._names()))
            elif self._words[:1] in (["drop"], ["rise"]):
                self._set("drop" if self._words.pop(0) == "drop" else "rise", [word])
                self._take_amount()
            else:
                self._filters.append(word)
        filtered = self._filtered()
        if self._what is None:
            self._what, self._fields = "state", filtered
        columns = frozenset({"gone_at", *(path.parts[0] for path in filtered)})
        return Watch(
            self._name, self._line, self._document, self._what, self._conditions(), columns, self._fields, self._least,
            self._in_percent,
        )  # fmt: skip

    def _set(self, what: What, fields: Sequence[str] = ()) -> None:
        if self._what is not None:
            raise UsageError(f"it is about '{self._what}' and '{what}', expected one of them: write two watches")
        self._what, self._fields = what, tuple(field_path(self._document, name) for name in fields)

    def _names(self) -> str:
        """Take the names of fields behind `changed`, if there are any."""
        is_there = bool(self._words and _NAMES.fullmatch(self._words[0]))
        return self._words.pop(0) if is_there else ""

    def _take_amount(self) -> None:
        (path,) = self._fields
        text = self._words.pop(0) if self._words else ""
        amount = _AMOUNT.fullmatch(text)
        if not amount or not Decimal(amount["number"]):
            raise UsageError(f"'{path.name} {self._what}' is followed by '{text}', expected an amount such as 5 or 5%")
        if path.lists or not (is_dynamic(path.field) or isinstance(element(path.field), NUMBERS)):
            raise UsageError(f"'{path.name}' is no number, and only numbers {self._what}: use changed {path.name}")
        self._least, self._in_percent = Decimal(amount["number"]), bool(amount["percent"])

    def _filtered(self) -> tuple[FieldPath, ...]:
        """Return the fields that the filters name."""
        paths: dict[str, FieldPath] = {}
        for text in self._filters:
            comparison = read_filter(self._document, text)
            named = _PRESENCE.fullmatch(as_stored(text))
            path = comparison.path if comparison else field_path(self._document, named["field"]) if named else None
            paths |= {path.name: path} if path else {}
        return tuple(paths.values())

    def _conditions(self) -> dict[str, Any]:
        """Return the filter of records that exist, unless the watch is about those that are gone."""
        given = mongo_filter(self._document, self._filters)
        names = [text.lstrip("!").startswith("gone_at") for text in self._filters]
        about = {"gone_at": {"$ne": None}} if self._what == "gone" else {} if any(names) else {"gone_at": None}
        return {"$and": [about, given]} if about and given else about or given
