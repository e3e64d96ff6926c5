"""Columns: what records show becomes fields with names, types and selectors that give every value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrapy.http import HtmlResponse
from test_probe_hints import page_of

from scraper.probe.blocks import repeated_blocks
from scraper.probe.column_types import kind_of
from scraper.probe.columns import list_columns, page_columns
from scraper.probe.data_columns import data_columns
from scraper.select import compiled

if TYPE_CHECKING:
    from scraper.probe.columns import Column, Columns

COUNT = 12


def columns_of(template: str, around: str = "<div>{}</div>") -> tuple[Columns, list[object]]:
    """Return the fields of twelve records that a template makes, and the elements of these."""
    rows = [
        template.format(
            n=n, name=f"Thing number {n}", price=f"£{n + 1},{n:03}.50", day=f"{n + 1} May 2024", odd="x" * (n % 3)
        )
        for n in range(COUNT)
    ]
    pages = [page_of(around.format("".join(rows[at : at + 6]))) for at in (0, 6)]
    block = repeated_blocks(pages[0])[0]
    roots = [page.response.selector.root for page in pages]
    return list_columns(roots, block), [element for root in roots for element in compiled(block.selector)(root)]


SHAPES = {
    "classes": (
        "<div class=p><h3><a href=/{n}>{name}</a></h3><b class=price>{price}</b><i class=day>{day}</i></div>",
        "<p>{}",
    ),
    "labels": (
        "<li><h3>{name}</h3><p><b>Price:</b> <i>{price}</i></p><p><b>Day:</b> <i>{day}</i></p></li>",
        "<ul>{}</ul>",
    ),
    "cells": ("<tr><td>{name}<td>{price}<td>{day}</tr>", "<table>{}</table>"),
    "itemprop": (
        "<div><a itemprop=name href=/{n}>{name}</a><i itemprop=price>{price}</i><u itemprop=day>{day}</u></div>",
        "<main>{}</main>",
    ),
    "flat": ("<h3>{name}</h3><p>{price}</p><p>{day}</p>", "<div id=c>{}</div>"),
    "no names": (
        "<div><h4>{name}</h4><span>{price}</span><span>{day}</span><em>Buy</em></div>",
        "<section>{}</section>",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_columns_are_found_typed_and_read_by_their_selectors(shape: str) -> None:
    found, elements = columns_of(*SHAPES[shape])
    assert (found.records, len(elements)) == (COUNT, COUNT)
    by_type = {column.kind.cleaner: column for column in found.columns}
    wanted = {
        "cleaners.one_line": [f"Thing number {n}" for n in range(COUNT)],
        "cleaners.amount": [f"£{n + 1},{n:03}.50" for n in range(COUNT)],
        'cleaners.day("DMY")': [f"{n + 1} May 2024" for n in range(COUNT)],
    }
    for cleaner, values in wanted.items():
        column: Column = by_type[cleaner]
        assert [row[0] for row in column.values] == values
        assert [str(compiled(column.selector)(element)[0]).strip() for element in elements] == values
        assert column.required
    assert [column.kind.cleaner for column in found.columns if column.key] == ["cleaners.one_line"]
    assert {column.name for column in found.columns if column.kind.cleaner == "cleaners.currency_code"} == {"currency"}
    assert "Buy" not in {row[0] for column in found.columns for row in column.values if row}


def test_a_flat_record_that_lacks_its_last_element_takes_none_of_the_next_one() -> None:
    rows = [f"<h3>Thing {n}</h3><p>{n} EUR</p>" + f"<div><a>tag {n}</a></div>" * (n % 4 != 1) for n in range(COUNT)]
    page = page_of(f"<main>{''.join(rows)}</main>")
    found = list_columns([page.response.selector.root], repeated_blocks(page)[0])
    [tags] = [column for column in found.columns if "self::div" in column.selector]
    records = compiled("h3")(page.response.selector.root)
    wanted = [[] if n % 4 == 1 else [f"tag {n}"] for n in range(COUNT)]
    assert [compiled(tags.selector)(record) for record in records] == wanted


def test_cells_of_a_record_s_second_row_are_told_by_their_place() -> None:
    rows = [f"<tr><td>{n}.</td><td>Thing {n}</td></tr><tr><td colspan=2><i>{n} EUR</i> <i>blue {n}</i></td></tr>"
            for n in range(COUNT)]  # fmt: skip
    page = page_of(f"<table>{''.join(rows)}</table>")
    found = list_columns([page.response.selector.root], repeated_blocks(page)[0])
    values = [column.values for column in found.columns]
    assert tuple((f"{n} EUR",) for n in range(COUNT)) in values
    assert tuple((f"blue {n}",) for n in range(COUNT)) in values


def test_values_of_which_a_record_has_several_are_a_list() -> None:
    found, _ = columns_of(
        "<li><p>{name}</p><a class=tag href=/t>a{n}</a><a class=tag href=/u{odd}>b{odd}</a></li>", "<ul>{}</ul>"
    )
    several = {column.name: column.values[0] for column in found.columns if column.many}
    assert several in ({}, {"tags": ("a0", "b")})
    data = data_columns([{"id": n, "tags": ["a", "b"][: n % 3], "who": {"name": f"N{n}"}} for n in range(COUNT)])
    assert {column.name: (column.selector, column.many) for column in data.columns} == {
        "id_": ('data.get("id")', False),
        "tags": ('data.get("tags")', True),
        "who": ('data["who"].get("name")', False),
    }


def test_a_records_own_page_gives_labelled_fields_and_neither_headings_nor_other_records() -> None:
    others = "".join(
        f"<div class=also><img src={n}.png><h4><a href=/o{{n}}{n}>Other {{n}} {n}</a></h4></div>" for n in range(5)
    )
    template = (
        "<nav><a href=/>Home</a></nav><h1>Thing {n}: a story</h1><p class=cost> <i></i>£{n}.50</p><h2>Facts</h2>"
        "<table><tr><th>Code</th><td>K-{n}</td></tr><tr><th>Pages</th><td>{n}00</td></tr></table>"
        "<h2>Description</h2><p>It has {n} parts.</p><h2>See also</h2>" + others + "<footer>Shop {n}</footer>"
    )
    roots = [HtmlResponse("http://x/", body=template.format(n=n).encode()).selector.root for n in range(1, 6)]
    found = page_columns(roots)
    assert {column.name: column.kind.cleaner for column in found.columns} == {
        "title": "cleaners.one_line",
        "cost": "cleaners.amount",
        "code": "cleaners.one_line",
        "pages": "cleaners.count",
        "description": "cleaners.one_line",
        "currency": "cleaners.currency_code",
    }
    assert [column.name for column in found.columns if column.key] == ["code"]
    assert not any(column.required for column in found.columns if not column.key)
    for column in found.columns:
        assert [str(compiled(column.selector)(root)[0]).strip() for root in roots] == [row[0] for row in column.values]


@pytest.mark.parametrize(
    ("values", "cleaner"),
    [
        (["£5.10", "£7", "from £1,200.00"], "cleaners.amount"),
        (["Price: £5", "Price: £8", "Price: £9.1"], "cleaners.amount"),
        (["12/31/2024", "01/02/2024"], 'cleaners.day("MDY")'),
        (["In stock", "Out of stock"], "cleaners.in_stock"),
        (["In stock (22 available)", "In stock (3 available)"], "cleaners.in_stock"),
        (["by Ada", "by Bela Cole", "by Cy"], 'cleaners.without_prefix("by")'),
        (["“It is.”", "“Is it?”"], "cleaners.unquoted"),
        (["1984", "It", "Dune"], "cleaners.one_line"),
        (["0", "12", "1,200"], "cleaners.count"),
    ],
)
def test_a_type_is_that_of_the_cleaner_which_reads_every_value(values: list[str], cleaner: str) -> None:
    assert kind_of(values).cleaner == cleaner


COMPOSED = {
    "a label": ("{name} Author: Ada {n}", {"name": "Thing number 3", "author": "Ada 3"}),
    "two labels": ("{name} Old price: {price} Sold by: Cy {n}", {"old_price": "£4,003.50", "sold_by": "Cy 3"}),
    "a bar": ("{name} | {price}", {"price": "£4,003.50"}),
    "a dash before a price": ("{name} - {price}", {"price": "£4,003.50"}),
}


@pytest.mark.parametrize("shape", COMPOSED)
def test_a_text_of_several_fields_is_taken_apart(shape: str) -> None:
    text, wanted = COMPOSED[shape]
    found, _ = columns_of(f"<div class=p><h3>Part {{n}}</h3><p class=name>{text}</p></div>")
    values = {column.name: column.values[3][0] for column in found.columns}
    assert values.items() >= wanted.items()
    parts = [column.part.place for column in found.columns if column.part is not None and column.name != "currency"]
    assert parts == list(range(text.count(":") + 1 if ":" in text else 2))


@pytest.mark.parametrize(
    "text", ["{name} - a story", "{name}: a story", "Note {n}: see {name}", "{n} Main Street | Ulm{odd}"]
)
def test_a_text_that_only_looks_put_together_is_one_field(text: str) -> None:
    found, _ = columns_of(f"<div class=p><h3>Part {{n}}</h3><p class=name>{text}</p></div>")
    assert [column.name for column in found.columns if column.part is not None] == []
