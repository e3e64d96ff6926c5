"""What a message says. Reasons hold text of pages: it can neither steer a terminal nor call people or make links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scraper.core.alert_kinds import ALERT_KINDS
from scraper.core.text import one_visible_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.alerts import Incident

LONGEST = 300
DEFUSED = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'", "@": "＠", "*": "∗", "|": "¦"})  # noqa: RUF001
"""What chats take for markup or for a call to everybody, and what stands for it."""


@dataclass(frozen=True)
class Message:
    """A message as plain text; `good` when it is about the end of an incident."""

    title: str
    body: str
    good: bool = False
    id: str = ""
    """The same however often it is sent; only what programs take has one."""
    data: Mapping[str, Any] | None = None
    """The same for programs."""


def message_of(incident: Incident) -> Message:
    """Return the message for the beginning of an incident, or for its end once it is closed."""
    subject = harmless(incident.spider)
    about = [
        f"{'file' if incident.kind == 'broken' else 'spider'}: {subject}",
        *(f"{harmless(name)}: {harmless(value)}" for name, value in incident.arguments.items()),
    ]
    if not incident.open:
        kinds = ", ".join(ALERT_KINDS[kind].words for kind in incident.with_kinds or [incident.kind])
        since = f"was {kinds} since {incident.opened_at:%Y-%m-%d %H:%M} UTC"
        because = [f"because {harmless(incident.closed_because)}"] if incident.closed_because else []
        lines = [since, *because, *about, *_run(incident.closing_run)]
        how = "is over" if because else "is back to normal"
        return Message(f"swathe: {subject} {how}", "\n".join(lines), good=True)
    cause = [f"cause: {harmless(incident.cause)}"] if incident.cause else []
    lines = [*cause, f"why: {harmless(incident.why or 'unknown')}", *about, *_run(incident.run)]
    lines.append("This is told once; the next message says when it is back to normal.")
    return Message(f"swathe: {subject}: {ALERT_KINDS[incident.kind].words}", "\n".join(lines))


def harmless(value: Any) -> str:
    """Return a value as one short line that no chat, mail program or terminal takes for more than text.

    >>> harmless("`sh` [x](http://y)")
    "'sh' (x)(http://y)"
    """
    text = one_visible_line(value).translate(DEFUSED)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _run(run: Any) -> list[str]:
    return [f"look: swathe runs show {run}"] if run else []
