"""What a message says. Reasons hold text of pages: it can neither steer a terminal nor call people or make links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scraper.core.alert_kinds import ALERT_KINDS
from scraper.core.text import local_time, one_visible_line

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 300
OF_SELECTORS = ("layout-changed", "empty")
"""Causes for which new selectors may be the remedy."""

DEFUSED = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'", "@": "＠", "*": "∗", "|": "¦"})  # noqa: RUF001
"""What chats take for markup or for a call to everybody, and what stands for it."""


@dataclass(frozen=True)
class Message:
    """A message as plain text; `good` when it is about the end of an incident."""

    title: str
    body: str
    good: bool = False
    id: str = ""
    """The same however often it is sent, for programs."""
    data: Mapping[str, Any] | None = None
    """What a program reads instead of title and body."""


def message_of(incident: Mapping[str, Any]) -> Message:
    """Return the message for the beginning of an incident, as MongoDB has it, or for its end once it is closed."""
    is_open, run = incident["open"], incident.get("run" if incident["open"] else "closing_run")
    subject = harmless(incident["spider"])
    about = [
        f"{'file' if incident['kind'] == 'broken' else 'spider'}: {subject}",
        *(f"{harmless(name)}: {harmless(value)}" for name, value in (incident.get("arguments") or {}).items()),
        *([f"look: swathe runs show {run}"] if run else []),
        *([f"mend: swathe heal {subject}"] if is_open and incident.get("cause") in OF_SELECTORS else []),
    ]
    title, lines = _opened(incident) if is_open else _closed(incident)
    told_once = ["This is told once; the next message says when it is back to normal."] if is_open else []
    names = ("kind", "spider", "arguments", "schedule", "why", "cause", "run", "opened_at", "closed_at", "closing_run")
    data = {"incident": {"open": is_open, **{name: incident.get(name) for name in names}}}
    return Message(
        f"swathe: {subject}{title}", "\n".join([*lines, *about, *told_once]), good=not is_open,
        id=f"incidents/{incident['_id']}/{'open' if is_open else 'closed'}", data=data,
    )  # fmt: skip


def _opened(incident: Mapping[str, Any]) -> tuple[str, list[str]]:
    cause = [f"cause: {harmless(incident['cause'])}"] if incident.get("cause") else []
    return f": {ALERT_KINDS[incident['kind']].words}", [*cause, f"why: {harmless(incident.get('why') or 'unknown')}"]


def _closed(incident: Mapping[str, Any]) -> tuple[str, list[str]]:
    kinds = ", ".join(ALERT_KINDS[kind].words for kind in incident.get("with_kinds") or [incident["kind"]])
    since = f"was {kinds} since {local_time(incident['opened_at'])}"
    if because := incident.get("closed_because"):
        return " is over", [since, f"because {harmless(because)}"]
    return " is back to normal", [since]


def harmless(value: Any) -> str:
    """Return a value as one short line that no chat, mail program or terminal takes for more than text.

    >>> harmless("`sh` [x](http://y)")
    "'sh' (x)(http://y)"
    """
    text = one_visible_line(value).translate(DEFUSED)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
