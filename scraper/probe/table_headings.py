"""What the heading row of a table calls its columns; nothing where cells that span others make that a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.probe.leaves import Aligned
    from scraper.probe.outline import Element

LONGEST = 40
"""Characters of a heading."""
CELLS = ("td", "th")


def heading_of(column: Aligned) -> str:
    """Return what the tables of a column's values call it, if all call it the same; else nothing."""
    said: set[str] = set()
    headings: dict[Element, list[str]] = {}
    for leaf in (leaf for row in column.rows for leaf in row):
        cell = next((one for one in (leaf.element, *leaf.element.iterancestors()) if one.tag in CELLS), None)
        row = cell.getparent() if cell is not None else None
        table = next(row.iterancestors("table"), None) if row is not None else None
        if cell is None or row is None or table is None:
            return ""
        if table not in headings:
            headings[table] = _headings(table)
        cells = _cells(row)
        if len(cells) != len(headings[table]):
            return ""
        said.add(headings[table][cells.index(cell)])
        if len(said) > 1:
            return ""
    return said.pop() if said else ""


def _headings(table: Element) -> list[str]:
    """Return the texts of a table's one heading row; none where a cell spans others, or several rows are its head."""
    rows = list(_rows(table))
    if any(
        cell.get(name, "1").strip() != "1" for row in rows for cell in _cells(row) for name in ("rowspan", "colspan")
    ):
        return []
    ahead = [row for row in rows if row.getparent().tag == "thead"]
    if not ahead and rows and all(cell.tag == "th" or cell.get("scope") == "col" for cell in _cells(rows[0])):
        ahead = rows[:1]
    if len(ahead) != 1:
        return []
    texts = [" ".join("".join(cell.itertext()).split()) for cell in _cells(ahead[0])]
    return [text.rstrip(":\uff1a ") if len(text) <= LONGEST else "" for text in texts]


def _rows(table: Element) -> Iterator[Element]:
    """Yield the rows of a table, those of tables within it left out."""
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if row.tag == "tr")


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row if cell.tag in CELLS]
