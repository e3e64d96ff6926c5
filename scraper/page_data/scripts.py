"""Read the data of a page's script elements: JSON in those of a JSON type, assignments in the others."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from scraper.page_data.assignments import assigned_data
from scraper.page_data.data import LEAST_CHARACTERS, PageData
from scraper.page_data.literals import read_json, read_literal
from scraper.page_data.nuxt import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

    from scraper.page_data.data import Effort

NO_DATA = ("importmap", "speculationrules")
JAVASCRIPT = ("", "module", "text/javascript", "application/javascript", "text/ecmascript", "application/x-javascript")
SCRIPT_EFFORT = 200
"""What a script costs, besides its characters; see `Effort`."""

NUXT_3 = "__NUXT_DATA__"


def script_data(script: etree._Element, effort: Effort) -> Iterator[PageData]:
    """Yield the data of one script element."""
    effort.spend(SCRIPT_EFFORT)
    kind = (script.get("type") or "").partition(";")[0].strip().lower()
    text = script.text or ""
    if len(text) < LEAST_CHARACTERS or kind in NO_DATA:
        return
    if "json" in kind:
        value = _json(text, effort)
        if value is not None:
            yield PageData(_where(script, kind), unpacked(value, effort) if script.get("id") == NUXT_3 else value)
    elif kind in JAVASCRIPT or "javascript" in kind:
        yield from assigned_data(text, effort)


def _json(text: str, effort: Effort) -> Any:
    """Return the value of a text that should be JSON: as it is, unescaped, or as JavaScript."""
    text = text.strip().removeprefix("<!--").removesuffix("-->").strip().removeprefix("//<![CDATA[").strip()
    forms = [text, html.unescape(text)] if "&" in text[:200] else [text]
    for form in forms:
        try:
            value = read_json(form, effort)
        except ValueError:
            continue
        return value if isinstance(value, dict | list) else None
    starts = [at for at in (forms[-1].find("{"), forms[-1].find("[")) if at >= 0]
    read = read_literal(forms[-1], min(starts), effort) if starts else None
    return read[0] if read else None


def _where(script: etree._Element, kind: str) -> str:
    """Name a script by its id, else by the attribute that tells it from others, else by its type."""
    if script.get("id"):
        return f"script#{script.get('id')}"
    for name, value in script.attrib.items():
        if name.startswith("data-") and value and len(value) <= 60:
            return f'script[{name}="{value}"]'
    return f'script[type="{kind}"]'
