"""What may be done on a page before it is read, as values that can be stored as JSON with a request."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from scraper.errors import UsageError, expected_one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST = 200
"""Steps that a repeated action takes at most: endless lists have no end."""


@dataclass(frozen=True)
class Action:
    """The base of every action; `css` is looked for in the document, open shadow roots and frames of one origin."""

    do: ClassVar[str] = ""

    def to_json(self) -> dict[str, Any]:
        """Return a dict that `action_from_json` turns into the same action."""
        return {"do": self.do, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the action that a dict describes; raise UsageError for what it does not know or lacks."""
        given = {key: value for key, value in data.items() if key != "do"}
        known = {field.name for field in fields(cls)}
        for key in given:
            if key not in known:
                raise UsageError(f"action {cls.do!r} has {key!r}: {expected_one_of(key, known)}")
        try:
            return cls(**given)
        except TypeError:
            raise UsageError(f"action {cls.do!r} has {sorted(given)}, expected {sorted(known)}") from None


@dataclass(frozen=True)
class WaitFor(Action):
    """Wait until something matches, `timeout_s` seconds at most; the page goes on without it."""

    do = "wait_for"
    css: str
    timeout_s: float = 10


@dataclass(frozen=True)
class Click(Action):
    """Click the first visible match, and wait until the page is quiet; a page without one fails."""

    do = "click"
    css: str


@dataclass(frozen=True)
class ScrollToEnd(Action):
    """Scroll down until nothing more is added, or nothing more that `until_css_stops` matches."""

    do = "scroll_to_end"
    until_css_stops: str = ""
    most: int = MOST


@dataclass(frozen=True)
class LoadMore(Action):
    """Click a button until it goes away or nothing more is added."""

    do = "load_more"
    css: str
    most: int = MOST


@dataclass(frozen=True)
class Type(Action):
    """Put a text into a field, and with `submit` send its form; a page without the field fails."""

    do = "type"
    css: str
    text: str
    submit: bool = False


@dataclass(frozen=True)
class Dismiss(Action):
    """Click something away, such as a cookie banner, if it appears before the page is quiet."""

    do = "dismiss"
    css: str


@dataclass(frozen=True)
class Script(Action):
    """Run JavaScript in the page, as the body of an async function, and wait until the page is quiet."""

    do = "script"
    javascript: str


KINDS: dict[str, type[Action]] = {
    kind.do: kind for kind in (WaitFor, Click, ScrollToEnd, LoadMore, Type, Dismiss, Script)
}


def action_from_json(data: Mapping[str, Any]) -> Action:
    """Return the action that a dict describes; raise UsageError for one that is none.

    >>> action_from_json({"do": "click", "css": "#more"})
    Click(css='#more')
    """
    name = str(data.get("do", ""))
    if name not in KINDS:
        raise UsageError(f"action {name!r} is not known: {expected_one_of(name, KINDS)}")
    return KINDS[name].from_json(data)


def actions_from_json(data: Iterable[Mapping[str, Any]]) -> tuple[Action, ...]:
    """Return the actions of a request, in their order; raise UsageError for the first that is none."""
    return tuple(action_from_json(entry) for entry in data)
