"""Generated lists that are data: what an API answers, or a page carries for its script, before and after a redesign."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from .records import KINDS, Record

BEFORE, AFTER = (
    ("products", "has_next"),
    (("items", "more"), ("data.results", "meta.hasMore"), ("list.entries", "next.more")),
)
OTHER_NAMES = {
    "title": ("label", "headline", "caption"),
    "money": ("cost", "amount", "value"),
    "count": ("units", "quantity"),
}
"""What keys may be called by the role of their field, beside a longer name and one that says nothing."""

GROUPS = ("info", "details", "facts", "attributes")


@dataclass(frozen=True)
class Answers:
    """How a list is written as data."""

    kind: str
    inside: bool
    """Whether a page carries it in a script, and leads on by a link."""
    as_texts: bool
    """Whether amounts are texts with their currency; such may become numbers, which a field without a cleaner takes."""
    redesign: str = ""
    """`keys renamed`, `keys moved`, or empty for the list as it was."""
    seed: int = 0

    def page(self, records: list[Record], number: int, last: int) -> str:
        """Return a page of the list."""
        random = Random(f"{self.kind}{self.seed}")
        path, more = random.choice(AFTER) if self.redesign == "keys moved" else BEFORE
        names: dict[str, str] = {}
        for field in KINDS[self.kind]:
            name = self._name(field.name, field.role, random)
            names[field.name] = field.name if name in names.values() else name
        groups = {field.name: random.choice(GROUPS) for field in KINDS[self.kind]}
        as_text = self.as_texts and (self.redesign != "keys moved" or random.random() < 0.5)
        entries = [self._entry(record, names, groups, as_text=as_text) for record in records]
        answer = _put(_put({"status": "ok"}, path, entries), more, number < last)
        return self.written(answer, number, last)

    def written(self, answer: dict[str, Any], number: int, last: int) -> str:
        """Return an answer as it is sent, by itself or in a page."""
        if not self.inside:
            return json.dumps(answer)
        following = f'<a class="next" href="?page={number + 1}">Next</a>' if number < last else ""
        script = f'<script id="state" type="application/json">{json.dumps(answer)}</script>'
        return f"<html><body><main id=app></main>{following}{script}</body></html>"

    def _name(self, name: str, role: str, random: Random) -> str:
        if not self.redesign:
            return name
        return random.choice([*OTHER_NAMES.get(role, ()), f"{name}Value", f"x{random.randrange(1000)}_{name[:1]}"])

    def _entry(self, record: Record, names: dict[str, str], groups: dict[str, str], *, as_text: bool) -> dict[str, Any]:
        entry: dict[str, Any] = {"position": len(next(iter(record.values())).text)}
        for field in KINDS[self.kind]:
            value = _typed(record[field.name].value, field.role) if field.name in record else None
            if as_text and value is not None and field.role == "money":
                value = record[field.name].text
            if self.redesign == "keys moved" and field.role == "labels" and value:
                value = [{"id": number, "text": text} for number, text in enumerate(value)]
            entry = _put(entry, f"{groups[field.name]}.{names[field.name]}", value) if self.redesign == "keys moved" else {
                **entry, names[field.name]: value
            }  # fmt: skip
        return entry


def _typed(value: str, role: str) -> Any:
    if role == "money":
        return float(value)
    if role == "count":
        return int(value)
    return value.split("|") if role == "labels" else value


def _put(answer: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {**answer, first: _put(answer.get(first, {}), rest, value) if rest else value}
