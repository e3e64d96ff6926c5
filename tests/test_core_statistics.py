"""The statistics are named in one module, and a run's counts are made of them."""

from __future__ import annotations

import re

import pytest
from product_source import product_files, texts_of
from support import ROOT

from models.system import RunCounts
from scraper.core import statistics
from scraper.core.statistics import of_different_records


def test_statistics_are_named_in_one_module() -> None:
    elsewhere = {
        f"{file.relative_to(ROOT)}: {text}"
        for file in product_files()
        if file != ROOT / "scraper" / "core" / "statistics.py"
        for text in texts_of(file)
        if re.search(r"\bswathe/[a-z]", text)
    }
    assert not elsewhere


def test_every_count_of_a_run_comes_from_a_statistic() -> None:
    assert set(statistics.COUNTS) == set(RunCounts._fields)


@pytest.mark.parametrize(
    ("new", "changed", "unchanged", "records", "expected"),
    [
        (8, 0, 4, {"quotes": 10}, (8, 0, 2)),
        (8, 3, 4, {"quotes": 10}, (8, 2, 0)),
        (12, 3, 4, {"quotes": 10}, (10, 0, 0)),  # a page may have been begun twice
        (1, 1, 0, {"quotes": 2, "authors": 3}, (1, 1, 3)),
        (5, 1, 2, {}, (5, 1, 2)),
        (0, 0, 9, {"quotes": 0}, (0, 0, 0)),
    ],
)
def test_each_record_counts_once_as_what_is_most_about_it(
    new: int, changed: int, unchanged: int, records: dict[str, int], expected: tuple[int, int, int]
) -> None:
    counts = {"pages": 7, "items_new": new, "items_changed": changed, "items_unchanged": unchanged}
    names = ("items_new", "items_changed", "items_unchanged")
    assert of_different_records(counts, records) == {"pages": 7, **dict(zip(names, expected, strict=True))}


def test_what_became_of_records_has_a_statistic_each_and_nothing_else_has() -> None:
    outcomes = ("new", "changed", "unchanged", "refused", "gone")
    assert len({statistics.items(outcome) for outcome in outcomes}) == len(outcomes)
    with pytest.raises(KeyError):
        statistics.items("eaten")
