"""How much of a site is read right by what `swathe newsite` finds, without an edit: records and fields that are exact.

    python benchmarks/induction.py                              # 160 generated templates, seeds that nothing was made from
    python benchmarks/induction.py --seeds 21 22 --templates 96
    python benchmarks/induction.py --pages shop/index.html shop/page-2.html   # what is found on saved list pages

A template is a structure (cards, zebra rows, grids, two rows each, flat lists …) with a way of naming, records of a kind, labels, an advertisement,
menus and side bars by chance. Two pages of twelve records are studied. A list is right when the first block is its records, all of them and nothing
else; a field when a column gives, cleaned, every value of every record. Wrong is a column with a field's name that gives another value in some
record. Ends with 1 when less than 95 % of either are right.
"""  # noqa: E501

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from generated_sites.layouts import Layout, layouts  # noqa: E402
from generated_sites.records import KINDS, Field, Record, made  # noqa: E402
from parsel import Selector  # noqa: E402

from scraper.probe.blocks import block_of, weighed_groups  # noqa: E402
from scraper.probe.columns import Column, list_columns, records_of  # noqa: E402
from scraper.probe.outline import Outline, words  # noqa: E402

GOAL = 0.95
PER_PAGE = 12
HELD_OUT = (9001, 9002)


def text_of(value: Any) -> str | None:
    """Return a cleaned value as the truth writes it."""
    if value is None or value == []:
        return None
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, list):
        return "|".join(sorted(value))
    return str(value).removeprefix("http://page.example")


def read_by(column: Column, row: tuple[str, ...]) -> str | None:
    """Return what a column's cleaner makes of a record's texts."""
    return text_of(column.kind.reads(list(row) if column.many else row[0])) if row else None


def is_list_right(roots: list[Any], block: Any, records: list[Record], title: str) -> bool:
    """Say whether a block is the records of both pages, in their order."""
    found = [record for root in roots for record in records_of(root, block)]
    shown = [" ".join(words(part, 4000) for part in record if isinstance(part.tag, str)) for record in found]
    return len(found) == len(records) and all(
        record[title].text in text for record, text in zip(records, shown, strict=True)
    )


def is_field_right(columns: tuple[Column, ...], field: Field, records: list[Record]) -> bool:
    """Say whether a column gives all values of a field."""
    wanted = [record[field.name].value if field.name in record else None for record in records]
    return any(
        len(column.values) == len(wanted) and [read_by(column, row) for row in column.values] == wanted
        for column in columns
    )


def study(layout: Layout, counts: Counter[str]) -> list[str]:
    """Count what is right on the pages of a template, and return what is not."""
    records = made(layout.kind, 2 * PER_PAGE, layout.seed)
    pages = [layout.page(records[at : at + PER_PAGE], number, 2) for number, at in ((1, 0), (2, PER_PAGE))]
    roots = [Selector(page).root for page in pages]
    groups = weighed_groups(Outline(roots[0]))
    fields = [field for field in KINDS[layout.kind] if layout.structure != "lines" or field.role != "labels"]
    counts["lists"] += 1
    counts["fields"] += len(fields)
    if not groups:
        return [f"{layout.name}: no block"]
    block = block_of(roots[0], groups[0])
    if not is_list_right(roots, block, records, KINDS[layout.kind][0].name):
        return [f"{layout.name}: {block.selector} finds {block.count} of {PER_PAGE}"]
    counts["lists right"] += 1
    found = list_columns(roots, block)
    wrong = [field.name for field in fields if not is_field_right(found.columns, field, records)]
    counts["fields right"] += len(fields) - len(wrong)
    named = {column.name for column in found.columns}
    counts["fields wrong"] += sum(name in named for name in wrong)
    return [f"{layout.name}: {', '.join(wrong)}"] if wrong else []


def study_files(files: list[Path]) -> None:
    """Print what is found on saved pages of one list."""
    roots = [Selector(file.read_text(encoding="utf-8", errors="replace")).root for file in files]
    block = block_of(roots[0], weighed_groups(Outline(roots[0]))[0])
    found = list_columns(roots, block)
    print(f"{found.records} records at {block.selector}")
    for column in found.columns:
        print(f"  {column.name:<20} {column.filled:>4.0%}  {column.kind.cleaner:<28} {column.selector}")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=HELD_OUT)
    parser.add_argument("--templates", type=int, default=80, help="templates of each seed")
    parser.add_argument("--pages", type=Path, nargs="+", help="saved list pages to study instead")
    given = parser.parse_args()
    if given.pages:
        study_files(given.pages)
        return 0
    counts: Counter[str] = Counter()
    for seed in given.seeds:
        for layout in layouts(seed, given.templates):
            for line in study(layout, counts):
                print(line)
    lists, fields = (counts[f"{what} right"] / counts[what] for what in ("lists", "fields"))
    print(f"lists whole   {counts['lists right']:>5} of {counts['lists']:>5}  {lists:.1%}")
    print(
        f"fields exact  {counts['fields right']:>5} of {counts['fields']:>5}  {fields:.1%}, "
        f"wrong {counts['fields wrong']}"
    )
    return 0 if min(lists, fields) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
