"""Texts that are put together from several fields, such as `“A saying” Author: A. Writer`: where they come apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper.probe.column_types import LINE, UNQUOTED, kind_of
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.probe.outline import Element

LEAST_RECORDS, LEAST_DIFFERENT = 4, 3
MOST_PARTS = 4
LONGEST_TEXT = 5_000
LABEL = re.compile(r"(?<=\S) (?=((?:[^\W\d_]\w{0,20} ){0,1}[^\W\d_]\w{0,20}):(?: |$))")
"""A blank before a label of one word or two."""

MARKS, DASHES = (" | ", " · ", " • ", " :: "), (" \u2014 ", " \u2013 ", " - ", " / ")
"""What stands between fields; dashes are in titles, too, so one of the fields has to be no mere text."""


@dataclass(frozen=True)
class Part:
    """A part of a text: which, of those that these separators make, each split off from the end."""

    separators: tuple[str, ...]
    place: int

    @property
    def label(self) -> str:
        """The words of the separator before it; empty for a sign, and for the first part."""
        return self.separators[self.place - 1].strip().rstrip(":") if self.place and self.is_labelled else ""

    @property
    def is_labelled(self) -> bool:
        """Whether words stand between the parts."""
        return self.separators[0].rstrip().endswith(":") and self.separators[0] not in MARKS


def taken_apart(text: str, separators: Sequence[str]) -> tuple[str, ...]:
    """Return the parts of a text, split off from its end; the first ones are empty where a separator is not there.

    >>> taken_apart("A saying Author: Ada Born: 1815", (" Author: ", " Born: "))
    ('A saying', 'Ada', '1815')
    """
    found: list[str] = []
    for separator in reversed(separators):
        text, _, last = text.rpartition(separator)
        found.append(last)
    return (text, *reversed(found))


def separators_of(selector: str, roots: Sequence[Element]) -> tuple[str, ...]:
    """Return what stands between the fields of which a selector's texts consist; empty where they are one field."""
    raw = [str(found[0]) for root in roots if (found := compiled(selector)(root))]
    texts = [" ".join(text.split()) for text in raw]
    if len(texts) < LEAST_RECORDS or len(set(texts)) < LEAST_DIFFERENT or max(map(len, texts)) > LONGEST_TEXT:
        return ()
    for separators in (_labels(texts), *(_signs(texts, sign) for sign in (*MARKS, *DASHES))):
        # White space may be a line's end on the page, where the blank of a separator is none.
        for tried in (separators, tuple(one.strip() for one in separators)):
            if tried and _come_apart(raw, texts, separators, tried):
                return tried
    return ()


def _labels(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the labels that every text has within it once, in the order in which all have them."""
    found = [[match[1] for match in LABEL.finditer(text)] for text in texts]
    shared = [label for label in found[0] if all(labels.count(label) == 1 for labels in found)]
    # `Old price` has `price` in it.
    shared = [label for label in shared if not any(other.endswith(f" {label}") for other in shared)]
    in_order = all([label for label in labels if label in shared] == shared for labels in found)
    return tuple(f" {label}: " for label in shared) if in_order and len(shared) < MOST_PARTS else ()


def _signs(texts: Sequence[str], sign: str) -> tuple[str, ...]:
    counts = {text.count(sign) for text in texts}
    return (sign,) * counts.pop() if len(counts) == 1 and 0 < max(counts) < MOST_PARTS else ()


def _come_apart(raw: Sequence[str], texts: Sequence[str], separators: tuple[str, ...], tried: tuple[str, ...]) -> bool:
    """Say whether all texts give their parts, as they stand on the page, and each of these is a field."""
    wanted = [taken_apart(text, separators) for text in texts]
    found = [tuple(" ".join(part.split()) for part in taken_apart(text, tried)) for text in raw]
    if wanted != found or not all(part for parts in wanted for part in parts):
        return False
    columns = list(zip(*wanted, strict=True))
    if not Part(separators, 0).is_labelled and any(len(set(column)) < 2 for column in columns):
        return False
    return separators[0] not in DASHES or any(kind_of(list(column)) not in (LINE, UNQUOTED) for column in columns)
