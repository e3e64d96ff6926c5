"""What the list alone shows of records whose own pages are read: fields to take along, and values that contradict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scraper.probe.column_types import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.probe.columns import Column

Rows = tuple[tuple[str, ...], ...]
SHOWN = 40
"""Characters of a value that a doubt names."""


def listed_columns(
    listed: Sequence[Column], own: Sequence[Column], places: Sequence[int], links: Rows
) -> tuple[list[Column], list[str]]:
    """Return the fields that stand in the list alone, and what else differs between the list and the records' pages.

    `places` says which record of the list each of the own pages is of; `links` are the addresses in the entries.
    A field that both show is the own page's. Where they show different values, nobody knows which is right: the
    list's is not written, and both are named.
    """
    taken: list[Column] = []
    doubts: list[str] = []
    called = {column.name: column for column in own}
    for column in listed:
        mine = replace(column, values=tuple(column.values[place] for place in places), key=False, listed=True)
        if mine.values == links or not any(mine.values):
            continue
        same = called.get(column.name)
        if same is not None:
            doubts += _contradiction(mine, same)
        elif (other := next((one for one in own if _agree_mostly(mine, one)), None)) is not None:
            doubts += _contradiction(mine, other)
        elif not any(_is_part_of(mine.values, one.values) for one in own):
            taken.append(mine)
    return taken, doubts


def _pairs(one: Column, other: Column) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(mine, others) for mine, others in zip(one.values, other.values, strict=True) if mine and others]


def _is_equal(one: Column, mine: tuple[str, ...], other: Column, others: tuple[str, ...]) -> bool:
    """Say whether the texts are the same, or what both fields' cleaners make of them is."""
    if mine == others:
        return True
    if one.many or other.many or one.kind.field != other.kind.field:
        return False
    value = one.kind.reads(mine[0])
    return value is not None and value == other.kind.reads(others[0])


def _agree_mostly(one: Column, other: Column) -> bool:
    """Say whether two fields are one under two names: they agree on more than half of the records that have both."""
    pairs = _pairs(one, other)
    return 2 * sum(_is_equal(one, mine, other, others) for mine, others in pairs) > len(pairs) > 0


def _contradiction(one: Column, other: Column) -> list[str]:
    """Return what is to be said of a field that the list and the own pages show: nothing where they agree."""
    if one.kind is ADDRESS or _is_part_of(one.values, other.values) or _is_part_of(other.values, one.values):
        return []  # a smaller picture, or a text that is cut off in the list
    wrong = next((pair for pair in _pairs(one, other) if not _is_equal(one, pair[0], other, pair[1])), None)
    if wrong is None:
        return []
    (mine, *_), (others, *_) = wrong
    return [
        f"{other.name}: {mine[:SHOWN]!r} in the list ({one.selector}) is {others[:SHOWN]!r} on the record's own page: "
        f"the own page's is read"
    ]


def _is_part_of(some: Rows, whole: Rows) -> bool:
    """Say whether each text of some rows is a text of the others, or stands in one between blanks, without its dots."""
    if not any(some) or not any(whole):
        return False
    for mine, others in zip(some, whole, strict=True):
        words = [f" {' '.join(text.split())} " for text in others]
        for text in mine:
            shown = " ".join(text.rstrip(".… ").split())
            if not shown or not any(
                shown in one if text.endswith(("...", "…")) else f" {shown} " in one for one in words
            ):
                return False
    return True
