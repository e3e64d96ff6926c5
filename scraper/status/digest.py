"""The status as a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper.schedule.alerts.message import DEFUSED, Message
from scraper.status.text import status_lines

if TYPE_CHECKING:
    from scraper.status.status import Status


def digest_of(status: Status) -> Message:
    """Return the message: its title says whether everything is fine, its text is what `swathe status` prints."""
    count = len(status.problems)
    how = "everything is fine" if status.fine else f"{count} thing{'s are' if count > 1 else ' is'} not fine"
    # Reasons hold text of pages, which must neither call people nor make links.
    body = "\n".join(line.text.translate(DEFUSED) for line in status_lines(status))
    return Message(f"swathe: {how}", body, good=status.fine)
