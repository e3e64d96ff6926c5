"""What is proposed for a site, from its pages: where its records are, what they consist of, and what is not sure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scraper.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.probe.columns import Column
    from scraper.probe.report import Report

NO_LIST = ("Lists(", "Sitemap(", "Feed(", "FormChoices(", "DateWindows(")


@dataclass(frozen=True)
class Proposal:
    """A spider and its records, before they are written."""

    items: str
    """Selector of the entries of a list page; empty when the records are data."""
    pagination: str
    """A line for the spider; empty when nothing shows how the list goes on."""
    link: str
    """Selector of the link to a record's own page, which is read then; empty when the entries have everything."""
    columns: tuple[Column, ...]
    saved: tuple[str, ...]
    """What the columns were made from: pages of HTML, or the entries of a page as JSON."""
    count: int
    """How many records these show."""
    unsure: tuple[str, ...]
    list_page: str = ""
    """The list page that shows some of the fields, where the others are of records' own pages."""
    places: tuple[int, ...] = ()
    """Which of its entries each of the saved pages is of."""

    @property
    def is_data(self) -> bool:
        """Whether the records are read as data."""
        return not self.items


def pagination_of(report: Report) -> str:
    """Return the line that says how the list goes on, the likeliest; empty for none."""
    return next((hint.line for hint in report.hints if _is_of_list(hint.line)), "")


def _is_of_list(line: str) -> bool:
    kind = line.removeprefix("pagination = ")
    return kind != line and not kind.startswith(NO_LIST)


def find_column(columns: tuple[Column, ...], value: str, *, exactly: bool = False) -> Column | None:
    """Return the column in which a record has a value that a person sees; else, unless `exactly`, has it in a text."""
    wanted = " ".join(value.split())
    for column in columns:
        if any(str(text) == wanted for row in column.values for text in row):
            return column
    return None if exactly else next((column for column in columns if _holder(column, value)), None)


def _holder(column: Column, value: str) -> str:
    """Return the first text of a column that has a value in it, as words of their own; empty for none."""
    wanted = " ".join(value.split())
    return next((str(text) for row in column.values for text in row if _has_words(str(text), wanted)), "")


def _has_words(text: str, wanted: str) -> bool:
    """Say whether a text has another as words of their own: £5.00 stands in "from £5.00", and 5.00 not in £15.00."""
    at = text.find(wanted)
    while wanted and at >= 0:
        before, behind = text[:at], text[at + len(wanted) :]
        goes_on = behind[:1].isalnum() and wanted[-1].isalnum()
        goes_on = goes_on or (wanted[-1].isdecimal() and behind[:1] in (".", ",") and behind[1:2].isdecimal())
        begins = before[-1:].isalnum() and wanted[0].isalnum()
        begins = begins or (wanted[0].isdecimal() and before[-1:] in (".", ",") and before[-2:-1].isdecimal())
        if not goes_on and not begins:
            return True
        at = text.find(wanted, at + 1)
    return False


def inexact(columns: tuple[Column, ...], like: Mapping[str, str]) -> list[str]:
    """Return the doubts about values of `like` that no text is, but one has in it."""
    held = {name: column for name, value in like.items()
            if not find_column(columns, value, exactly=True) and (column := find_column(columns, value))}  # fmt: skip
    return [
        f"{name}: no text is {like[name]!r}, and {_holder(column, like[name])[:60]!r} has it in it"
        for name, column in held.items()
    ]


def liked(columns: tuple[Column, ...], like: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns that hold the values of `like`, under these names; raise UsageError for a value of none."""
    kept: list[Column] = []
    for name, value in like.items():
        column = find_column(columns, value)
        if column is None:
            shown = ", ".join(f"{one.name}={str(one.values[0][0])[:30]!r}" for one in columns[:6] if one.values[0])
            raise UsageError(f"--like {name}={value!r}: no field of the records has that value; the first has {shown}")
        kept.append(replace(column, name=name))
    had = {(column.selector, column.part) for column in kept}
    return (*kept, *(column for column in columns if column.key and (column.selector, column.part) not in had))
