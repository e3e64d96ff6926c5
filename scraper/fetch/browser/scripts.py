"""The JavaScript that runs in pages: `early` before a page's own, `read` and `act` when it is asked for."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def script(name: str) -> str:
    """Return the text of `NAME.js` of this package."""
    return (files("scraper.fetch.browser") / f"{name}.js").read_text(encoding="utf-8")
