"""What templates say: values as text, ages, links to nothing but web pages. All of it is escaped where it is shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

from scraper.core.project import VERSION
from scraper.core.text import ListStyle, cell_text, json_text, one_visible_line
from scraper.status.text import age as length_of
from scraper.web import charts

NOTHING = "\u2013"
LONGEST = 300
"""Characters of a value that a page shows; the JSON of the page has all of them."""

GOOD, BAD, DOUBTFUL = "good", "bad", "doubtful"
TONES = {
    "complete": GOOD, "finished": GOOD, "done": GOOD, "closed": GOOD, "limited": DOUBTFUL, "unknown": DOUBTFUL,
    "suspect": DOUBTFUL, "interrupted": DOUBTFUL, "skipped": DOUBTFUL, "waiting": DOUBTFUL, "half-open": DOUBTFUL,
    "incomplete": BAD, "failed": BAD, "lost": BAD, "late": BAD, "not loaded": BAD, "open": BAD,
}  # fmt: skip
"""How words for an end are coloured; the word itself always stands there, too."""

ESCAPED = re.compile("(?:~[0-9A-Fa-f]{2})+")
"""Bytes of UTF-8 in a segment of a path."""


def shown(value: Any, longest: int = LONGEST) -> str:
    """Return a value as one line of at most so many characters, without any that hide or turn what is around them."""
    text = value if isinstance(value, str) else cell_text(value, ListStyle.JOIN)
    line = one_visible_line(text[: longest * 4])
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def number(value: Any) -> str:
    """Return a whole number with thin spaces between its thousands."""
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else shown(value)


def moment(value: datetime | None) -> str:
    """Return a time in UTC, to the minute; a dash for none."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if value else NOTHING


def ago(value: datetime | None) -> str:
    """Return how long ago a time was, or how soon it is."""
    if value is None:
        return NOTHING
    said = length_of(datetime.now(UTC) - value)
    return said if said.startswith("in ") else f"{said} ago"


def percent(value: float | None) -> str:
    """Return a share as a percentage; a dash for none."""
    return NOTHING if value is None else f"{value:.0%}" if value in (0, 1) else f"{value:.1%}"


def web_link(value: Any) -> str:
    """Return an address that may be linked to; empty for one of another kind, such as javascript:."""
    text = str(value)
    return text if text.lower().startswith(("http://", "https://")) else ""


def prose(text: Any) -> Markup:
    """Return a line of ours, with what stands between backticks as code."""
    parts = shown(text, 1000).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )


def tone(word: Any) -> str:
    """Return how the word for an end is coloured."""
    return TONES.get(str(word), "quiet")


def segment(name: Any) -> str:
    """Return a name as one segment of a path, with `~` for the `%` that servers and proxies undo before it is split.

    >>> segment("books"), segment("a/b"), segment("..")
    ('books', 'a~2Fb', '~2E~2E')
    """
    return quote(str(name), safe="").replace("~", "%7E").replace(".", "%2E").replace("%", "~")


def named_by(segment: str) -> str:
    """Return the name that a segment stands for; what need not be written with `~` may be there as it is.

    >>> named_by("a~2Fb"), named_by("a b.c~"), named_by("%2f"), named_by("~7E2F")
    ('a/b', 'a b.c~', '%2f', '~2F')
    """
    return ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("~", "")).decode("utf-8", "replace"), segment)


def query(**fields: Any) -> str:
    """Return fields as the query of an address; those without a value are left out."""
    given = {name: value for name, value in fields.items() if value not in (None, "", [])}
    return f"?{urlencode(given, doseq=True)}" if given else ""


FILTERS = {
    "shown": shown, "number": number, "moment": moment, "ago": ago, "percent": percent, "web_link": web_link,
    "tone": tone, "prose": prose, "segment": segment, "json": json_text,
}  # fmt: skip
GLOBALS = {"version": VERSION, "query": query, "steps": charts.steps, "line": charts.line}
