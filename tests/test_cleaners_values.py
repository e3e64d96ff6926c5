"""The table of `benchmarks/values.py`: texts of many languages, and what each is, or that it must be refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support import ROOT

from models import cleaners
from scraper.paging.values import stated_number

GROUPS: list[dict[str, Any]] = json.loads((ROOT / "benchmarks/values.json").read_text())
REFUSED = "refused"


def read(group: dict[str, Any], text: str) -> str:
    """Return what a cleaner makes of a text, as text."""
    options = dict(group["options"])
    try:
        if group["cleaner"] == "stated_number":
            value: object = stated_number(text)
        elif "page_url" in options:
            value = getattr(cleaners, group["cleaner"])(text, options["page_url"])
        else:
            cleaner = getattr(cleaners, group["cleaner"])
            value = (cleaner(**options) if options else cleaner)(text)
    except ValueError as error:
        assert ", expected " in str(error)  # noqa: PT017
        return REFUSED
    return REFUSED if value is None else str(value)


def is_same(value: str, right: str) -> bool:
    """Tell whether a value is the right one: a number by its value, a day without its midnight."""
    if value == right or value.startswith(f"{right} 00:00:00"):
        return True
    try:
        return float(value) == float(right)
    except ValueError:
        return False


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group['cleaner']}-{len(group.get('refuse', ()))}")
def test_every_text_of_the_table_is_read_as_it_is_meant_or_refused(group: dict[str, Any]) -> None:
    wrong = []
    for text, right in group.get("read", {}).items():
        wrong += [(text, value, right)] if not is_same(value := read(group, text), right) else []
    for text, right in group.get("either", {}).items():
        value = read(group, text)
        wrong += [] if value == REFUSED or is_same(value, right) else [(text, value, right)]
    wrong += [(text, value, REFUSED) for text in group.get("refuse", ()) if (value := read(group, text)) != REFUSED]
    assert wrong == []


def test_the_table_has_texts_for_both_and_of_many_kinds() -> None:
    kinds = {group["cleaner"] for group in GROUPS}
    assert kinds >= {"amount", "count", "currency_code", "currency_in", "in_stock", "rating", "number", "day", "moment"}
    assert sum(len(group.get("read", {})) for group in GROUPS) > 500
    assert sum(len(group.get("refuse", ())) for group in GROUPS) > 700
