"""The fields of a site's records: found by aligning them, named, typed, and given selectors that were tried on all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scraper.probe.blocks import all_weighed
from scraper.probe.column_selector import column_selector
from scraper.probe.column_types import (
    ADDRESS,
    AMOUNT,
    COUNT,
    CURRENCY,
    DAYS,
    LABELS,
    LINE,
    STOCK,
    UNQUOTED,
    Kind,
    kind_of,
    name_of,
)
from scraper.probe.composition import Part, separators_of, taken_apart
from scraper.probe.leaves import Aligned, aligned
from scraper.probe.outline import Outline, class_names
from scraper.probe.table_headings import heading_of
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.probe.blocks import Block
    from scraper.probe.outline import Element

LEAST_FILLED = 0.3
MOST_COLUMNS = 24
OF_MANY = (
    "author",
    "artist",
    "brand",
    "category",
    "city",
    "company",
    "location",
    "place",
    "publisher",
    "seller",
    "tags",
)
"""Fields that several records have in common, although a few of them may not."""

HEADINGS, SUBHEADINGS = ("h1", "h2", "h3"), ("h2", "h3", "h4", "h5", "h6")
LEAST_REQUIRED = 10
"""Of how many records a field has to be filled in all to be required; of fewer one could lack it any day."""

LONGEST_KEY = 2_000
KEY_NAMES = ("upc", "sku", "id_", "code", "isbn", "ean", "gtin", "number", "reference")


@dataclass(frozen=True)
class Column:
    """A field of the records."""

    name: str
    selector: str
    kind: Kind
    many: bool
    """Whether a record has several of it."""
    values: tuple[tuple[str, ...], ...]
    """What the selector gives, by record."""
    key: bool = False
    required: bool = False
    part: Part | None = None
    """Which part of the text it is, where the selector gives several fields at once."""
    listed: bool = False
    """Whether it stands in the list alone, and records are read from their own pages."""

    @property
    def filled(self) -> float:
        """The share of the records that have it."""
        return sum(map(bool, self.values)) / len(self.values)


@dataclass(frozen=True)
class Columns:
    """The fields of the records of some pages."""

    columns: tuple[Column, ...]
    records: int
    unsure: tuple[str, ...] = ()
    """What was left out or may be otherwise, for a person."""


def records_of(root: Element, block: Block) -> list[list[Element]]:
    """Return the elements of each record of a list page: the one that the block's selector finds, and what goes on."""
    found = compiled(block.selector)(root)
    firsts, records = set(found), []
    for element in found:
        members = [element]
        while block.goes_on and (following := members[-1].getnext()) is not None and following not in firsts:
            members.append(following)
        records.append(members)
    return records


def list_columns(roots: Sequence[Element], block: Block) -> Columns:
    """Return the fields that the records of list pages show; the trees of two or three pages of one list."""
    records = [record for root in roots for record in records_of(root, block)]
    return _columns(records, whole_page=False)


def page_columns(roots: Sequence[Element]) -> Columns:
    """Return the fields that records' own pages show; the trees of three or more of them."""
    others = frozenset(element for root in roots for element in _other_records(root))
    return _columns([[root] for root in roots], whole_page=True, without=others)


def _other_records(root: Element) -> list[Element]:
    """Return the elements of a record's own page that are others, such as what else a shop recommends."""
    found = all_weighed(Outline(root))
    groups = [weighed.group for weighed in found if weighed.parts >= 2 and not weighed.group.goes_on]
    return [element for group in groups if _lead_elsewhere(group.elements) for element in group.elements]


def _lead_elsewhere(elements: Sequence[Element]) -> bool:
    links = [link.get("href") for element in elements for link in element.xpath("descendant-or-self::a[@href]")[:1]]
    return len(set(links)) >= 0.8 * len(elements)


def _columns(records: list[list[Element]], *, whole_page: bool, without: frozenset[Element] = frozenset()) -> Columns:
    if not records:
        return Columns((), 0)
    found: list[Column] = []
    unsure: list[str] = []
    roots = [record[0] for record in records]
    for column in aligned(records, whole_page=whole_page, without=without):
        if _is_template(column, whole_page=whole_page):
            continue
        many = _is_many(column)
        if (
            whole_page
            and many
            and (column.first.element.tag in SUBHEADINGS or max(map(len, column.rows)) > MOST_COLUMNS)
        ):
            continue
        selector = column_selector(column, roots, many=many)
        if not selector:
            if column.filled == 1:
                unsure.append(f"no selector gives {column.first.text[:40]!r} and its like in every record")
            continue
        described = _described(column, selector, many=many)
        unsure += _other_days(described)
        found += [described] if many or column.first.attribute else _parts(described, column, roots)
    kept, dropped = _distinct(found)
    return Columns(tuple(keyed(_named_apart(_with_currency(kept[:MOST_COLUMNS])))), len(records), (*unsure, *dropped))


def _parts(whole: Column, column: Aligned, roots: Sequence[Element]) -> list[Column]:
    """Return the fields of which a text consists, or the one field that it is."""
    may_be_several = whole.kind.field == "StringField" or whole.kind is AMOUNT
    separators = separators_of(whole.selector, roots) if may_be_several else ()
    if not separators:
        return [whole]
    texts = [row[0] if row else "" for row in whole.values]
    rows = list(
        zip(*(taken_apart(text, tuple(f" {one.strip()} " for one in separators)) for text in texts), strict=True)
    )
    found = []
    for place, values in enumerate(rows):
        part = Part(separators, place)
        kind = kind_of([value for value in values if value])
        names = [""] if place else [*class_names(column.first.element), ""]
        name = name_of(names, part.label, column.first.element.tag if not place else "", kind, "")
        given = tuple((value,) if value else () for value in values)
        found.append(replace(whole, name=name, kind=kind, values=given, part=part))
    return found


def _is_template(column: Aligned, *, whole_page: bool) -> bool:
    """Say whether a text belongs to the page rather than to a record: all have the same, or only a few have it."""
    if column.filled < (0.6 if whole_page else LEAST_FILLED) and not column.label:
        return True
    if len(column.rows) < 2:
        return False
    telling = bool(column.label) or column.first.element.get("itemprop") is not None or _says_stock(column)
    return column.is_constant and not telling


def _says_stock(column: Aligned) -> bool:
    return not column.first.attribute and STOCK.reads(column.first.text) is not None and len(column.first.text) < 40


def _is_many(column: Aligned) -> bool:
    counts = [len(row) for row in column.rows if row]
    return max(counts, default=0) > 1 and sum(count > 1 for count in counts) >= 0.15 * len(counts)


def _described(column: Aligned, selector: str, *, many: bool) -> Column:
    leaf = column.first
    values = tuple(tuple(leaf.text for leaf in row) for row in column.rows)
    texts = [text for row in values for text in row]
    kind = LABELS if many else kind_of(texts, leaf.attribute)
    parent = leaf.element.getparent()
    names = [leaf.element.get("itemprop") or "", *class_names(leaf.element)]
    if any("breadcrumb" in (above.get("class") or "") for above in leaf.element.iterancestors()):
        names = ["category"]
    if parent is not None and len(parent) == 1:
        names += [parent.get("itemprop") or "", *class_names(parent)]
    names = [name for name in names if name] or [""]
    heading = heading_of(column)
    # What a whole cell is, its table says; of several values in one cell their classes say more.
    names = [heading, *names] if heading and leaf.element.tag in ("td", "th") else names
    name = name_of(names, column.label or heading, leaf.element.tag, kind, leaf.attribute)
    required = all(values) and not many and len(values) >= LEAST_REQUIRED
    return Column(name, selector, kind, many, values, required=required)


def _other_days(column: Column) -> list[str]:
    """Return the doubt that days and months of a field may be the other way about; nothing where one order fits."""
    texts = [text for row in column.values for text in row]
    if column.kind not in DAYS[:2] or not all(kind.reads(text) for kind in DAYS[:2] for text in texts):
        return []
    other = next((text for text in texts if DAYS[0].reads(text) != DAYS[1].reads(text)), "")
    told = f"{column.name}: {other!r} may be month and day as well as day and month, and no other date tells"
    return [f"{told}: {column.kind.cleaner} is written"] if other else []


def _distinct(columns: list[Column]) -> tuple[list[Column], list[str]]:
    """Leave out a column with the values of another, such as the `title` of a link whose text is the same."""
    kept: list[Column] = []
    dropped: list[str] = []
    lists = [column for column in columns if column.many]
    for column in columns:
        if any(not column.many and _joins(column, other) for other in lists):
            continue
        if any(_is_cut(column, other) for other in kept):
            continue
        same = next((place for place, other in enumerate(kept) if other.values == column.values), None)
        cut = next((place for place, other in enumerate(kept) if _is_cut(other, column)), None)
        if cut is not None:
            kept[cut] = replace(column, name=kept[cut].name)
            dropped.append(f"{column.name}: the text is cut off with dots; {column.selector} has all of it")
        elif same is None:
            kept.append(column)
        elif column.selector.startswith(HEADINGS) and not kept[same].selector.startswith(HEADINGS):
            kept[same] = column
    return kept, dropped


def _joins(one: Column, other: Column) -> bool:
    """Say whether a column's texts are the values of a list, put together with commas."""
    return all(
        [part.strip() for part in (mine[0] if mine else "").split(",") if part.strip()] == list(others)
        for mine, others in zip(one.values, other.values, strict=True)
    )


def _is_cut(one: Column, other: Column) -> bool:
    """Say whether a column's texts are the beginnings of another's, with dots at the end."""
    pairs = [(mine[0], others[0]) for mine, others in zip(one.values, other.values, strict=True) if mine and others]
    cut = [mine.endswith(("...", "…")) and others.startswith(mine.rstrip(".… ")) for mine, others in pairs]
    same = [mine == others for mine, others in pairs]
    return any(cut) and all(a or b for a, b in zip(cut, same, strict=True)) and len(pairs) == len(one.values)


def _with_currency(columns: list[Column]) -> list[Column]:
    """Add the currency of the first price whose texts all name one, and how many are in stock where all say so."""
    for column in columns:
        texts = [text for row in column.values for text in row]
        if column.kind is AMOUNT and all(CURRENCY.reads(text) for text in texts):
            columns = [*columns, replace(column, name="currency", kind=CURRENCY)]
            break
    stocked = next((column for column in columns if column.kind is STOCK), None)
    if stocked and all(
        COUNT.reads(text) is not None and re.search(r"[1-9]", text) for row in stocked.values for text in row
    ):
        columns = [*columns, replace(stocked, name="stock", kind=COUNT, required=False)]
    return columns


def _named_apart(columns: list[Column]) -> list[Column]:
    names: set[str] = set()
    found = []
    for column in columns:
        name, number = column.name, 2
        while name in names:
            name, number = f"{column.name}_{number}", number + 1
        names.add(name)
        found.append(replace(column, name=name))
    return found


def keyed(columns: list[Column]) -> list[Column]:
    """Return the columns; the key is marked, which is unique in all records: one that is called so before a title."""
    best = min((column for column in columns if _is_unique(column)), key=lambda one: _rank(one, columns), default=None)
    return [replace(column, key=column is best, required=column.required or column is best) for column in columns]


def _is_unique(column: Column) -> bool:
    if column.kind.field != "StringField" or column.kind in (ADDRESS, CURRENCY) or column.many:
        return False
    # What is stored tells records apart, not what a page shows.
    values = [column.kind.reads(row[0]) for row in column.values if row]
    return len(values) == len(column.values) == len(set(values)) and max(map(len, map(str, values))) <= LONGEST_KEY


def _rank(column: Column, columns: list[Column]) -> tuple[int, int]:
    called = next((place for place, name in enumerate(KEY_NAMES) if name.strip("_") in column.name.split("_")), None)
    if called is not None:
        return 0, called
    if column.name in OF_MANY:
        return 4, columns.index(column)
    if column.name in ("title", "name", "text", "headline"):
        return 1, columns.index(column)
    return (2 if column.kind in (LINE, UNQUOTED) and "attr(" not in column.selector else 3), columns.index(column)
