"""`swathe profile`: what each field of records holds."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bson import Decimal128

from scraper.cli.output import console, print_table, write_json
from scraper.core.config import load_config
from scraper.core.text import json_text
from scraper.query.profile import profile as profiled
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from scraper.query.profile import FieldProfile

EXAMPLE = "Example: swathe profile books in_stock=true"
LONGEST = 30


class ProfileFormat(StrEnum):
    """How the profile is printed."""

    TABLE = "table"
    JSON = "json"


def profile(
    records: Annotated[str, typer.Argument(help="A collection of records.")],
    filters: Annotated[
        list[str] | None, typer.Argument(metavar="[FILTER]...", help="Which records, as `swathe query` takes them.")
    ] = None,
    format_: Annotated[
        ProfileFormat, typer.Option("--format", help="For people, or one JSON object a field.")
    ] = ProfileFormat.TABLE,
) -> None:
    """Show what each field holds: filled, distinct, extremes, top values, examples, and filled by month first seen."""
    with connection_to(load_config().mongodb) as database:
        found = profiled(database, records, filters or [])
    rows = [_row(one) for one in found]
    if format_ is ProfileFormat.JSON:
        write_json(rows, list(rows[0]), lines=True)
        return
    count = found[0].records if found else 0
    if not count:
        console.print("0 records")
        return
    shown = [{name: _short(value) for name, value in row.items()} for row in rows]
    print_table(shown, ["field", "filled", "distinct", "smallest", "largest", "shortest", "longest"])
    console.print()
    print_table(shown, ["field", "top", "examples", "filled by month"])
    console.print(f"{count} records", markup=False)


def _row(one: FieldProfile) -> dict[str, Any]:
    """Return a profile as it is printed; texts by their lengths, shares in percent."""
    return {
        "field": one.name,
        "filled": f"{one.filled / one.records:.1%}" if one.records else "",
        "distinct": f"{one.distinct}{' or more' if one.is_cut else ''}",
        "smallest": _stored(one.smallest),
        "largest": _stored(one.largest),
        "shortest": one.shortest,
        "longest": one.longest,
        "top": [f"{value} ({count})" for value, count in one.top()],
        "examples": [_text(value) for value in one.examples],
        "filled by month": [f"{month} {share:.0%}" for month, share in one.months().items()],
    }


def _stored(value: Any) -> Any:
    """Return a value as MongoDB has it, so that JSON writes a decimal as the number that it is."""
    return Decimal128(value) if isinstance(value, Decimal) else value


def _text(value: Any) -> str:
    """Return an example; lists and embedded values as JSON."""
    return json_text(value) if isinstance(value, list | dict) else str(value)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_short(part) for part in value)
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
