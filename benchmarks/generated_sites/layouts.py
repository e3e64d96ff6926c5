"""The templates of generated sites: how a list page and a record's own page are written."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from generated_sites.records import KINDS, Field, Record, Shown

STYLES = ("semantic", "bem", "hashed", "utility", "bare", "itemprop")
"""How elements are named: by what they are, by build tools, by how they look, not at all, by schema.org."""

UTILITY = {"title": "text-lg font-bold", "money": "text-red-600", "date": "text-sm text-gray-500", "long": "mt-2", "text": "mr-1",
           "count": "inline-block", "labels": "flex", "picture": "rounded", "rating": "stars"}  # fmt: skip


TWISTS = ("wrapped", "reordered", "attribute", "language")
GERMAN = {"Name": "Name", "Picture": "Bild", "Price": "Preis", "In stock": "Bestand", "Description": "Beschreibung", "Position": "Stelle",
          "Company": "Firma", "Location": "Ort", "Posted": "Vom", "Salary": "Gehalt", "Event": "Veranstaltung", "Date": "Datum", "Venue": "Haus",
          "Seats": "Plätze", "Headline": "Schlagzeile", "Author": "Verfasser", "Published": "Erschienen", "Summary": "Kurzfassung",
          "Tags": "Stichwörter", "Place": "Gegend", "Capital": "Hauptstadt", "Population": "Einwohner", "Area": "Fläche", "Quote": "Zitat"}  # fmt: skip
MONTHS = {"January": "Januar", "February": "Februar", "March": "März", "May": "Mai", "June": "Juni", "July": "Juli", "October": "Oktober",
          "December": "Dezember"}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """A template."""

    structure: str
    style: str
    kind: str
    seed: int
    labelled: bool
    """Whether a field's label stands before its value."""
    linked: bool
    """Whether a record has a page of its own."""
    advertised: bool
    chrome: bool
    """Whether there is a menu, a side bar and a footer."""
    twist: str = ""
    """What is otherwise than in every other template: one of TWISTS."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of a record, in the order in which they are shown."""
        first, *others = KINDS[self.kind]
        if self.twist == "reordered":
            others = [*others[1:], others[0]]
        return (first, *others)

    def label_of(self, field: Field) -> str:
        """Return what is written before a field."""
        return GERMAN.get(field.label, field.label) if self.twist == "language" else field.label

    @property
    def name(self) -> str:
        """Its name, for people."""
        return f"{self.structure}/{self.style}/{self.kind}/{self.seed}"

    def class_of(self, name: str, role: str = "") -> str:
        """Return the attribute that names an element."""
        if self.style == "semantic":
            return f' class="{name}"'
        if self.style == "bem":
            return f' class="{self.kind}__{name}"'
        if self.style == "hashed":
            code = Random(f"{name}{self.seed}").randrange(16**5)
            return f' class="css-{code:05x}"'
        if self.style == "utility":
            return f' class="{UTILITY.get(role, "p-4 flex")}"'
        if self.style == "itemprop" and role:
            return f' itemprop="{name}"'
        return ""

    def page(self, records: list[Record], number: int = 1, pages: int = 1) -> str:
        """Return a list page of these records."""
        body = STRUCTURES[self.structure](self, records, Random(self.seed * 31 + number))
        return _document(self, f"<h1>All {self.kind}s</h1>\n{body}\n{_pager(number, pages)}")

    def detail(self, record: Record, number: int) -> str:
        """Return the page of a record."""
        fields = [field for field in KINDS[self.kind] if field.name in record]
        title = html.escape(record[fields[0].name].text)
        if self.seed % 2:
            rows = "".join(
                f"<tr><th>{field.label}</th><td>{_value(field, record[field.name])}</td></tr>" for field in fields[1:]
            )
            facts = f'<table class="facts">{rows}</table>'
        else:
            rows = "".join(
                f"<dt>{field.label}</dt><dd>{_value(field, record[field.name])}</dd>" for field in fields[1:]
            )
            facts = f"<dl>{rows}</dl>"
        return _document(
            self, f'<article><h1>{title}</h1>{facts}<p>Code: <span class="code">K-{number:05d}</span></p></article>'
        )


def _value(field: Field, shown: Shown) -> str:
    text = html.escape(shown.text)
    if field.role == "picture":
        return f'<img src="{text}" alt="">'
    return ", ".join(text.split("|")) if field.role == "labels" else text


def element(layout: Layout, field: Field, record: Record, place: int, tag: str = "") -> str:
    """Return a field of a record as an element."""
    if field.name not in record:
        return ""
    inner = _element(layout, field, record, place, tag)
    return f'<div class="wrap"><div>{inner}</div></div>' if layout.twist == "wrapped" and inner else inner


def _text_of(layout: Layout, field: Field, shown: Shown) -> str:
    """Return what is written for a value."""
    if layout.twist == "language" and field.role == "date":
        day, month, year = shown.text.split()
        return f"{day}. {MONTHS.get(month, month)} {year}"
    return shown.text


def _element(layout: Layout, field: Field, record: Record, place: int, tag: str) -> str:
    shown, named = record[field.name], layout.class_of(field.name, field.role)
    text = html.escape(_text_of(layout, field, shown))
    if layout.twist == "attribute" and field.role in ("money", "count", "date"):
        return f'<{tag or "span"}{named} data-{field.role}="{text}"></{tag or "span"}>'
    if field.role == "picture":
        return f'<img{named} src="{text}" alt="">'
    if field.role == "labels":
        links = " ".join(f'<a href="/tag/{label}"{layout.class_of("tag")}>{label}</a>' for label in text.split("|"))
        return f"<{tag or 'div'}{named}>{links}</{tag or 'div'}>"
    if field.role == "title":
        inner = f'<a href="/{layout.kind}/{place}">{text}</a>' if layout.linked else text
        return f"<{tag or 'h3'}{named}>{inner}</{tag or 'h3'}>"
    tag = tag or ("p" if field.role == "long" else "span")
    if layout.labelled and field.role != "long":
        return f"<div><b>{layout.label_of(field)}:</b> <{tag}{named}>{text}</{tag}></div>"
    return f"<{tag}{named}>{text}</{tag}>"


def _fields(layout: Layout, record: Record, place: int) -> str:
    return "\n".join(element(layout, field, record, place) for field in layout.fields)


def _each(layout: Layout, records: list[Record], open_: Callable[[int], str], close: str, random: Random) -> str:
    parts = [f"{open_(place)}{_fields(layout, record, place)}{close}" for place, record in enumerate(records)]
    if layout.advertised:
        tag = close.strip("</>").partition(">")[0]
        parts.insert(
            random.randint(2, len(parts) - 2),
            f'<{tag} class="promo"><a href="/buy"><img src="/ad.png">Sponsored</a></{tag}>',
        )
    return "\n".join(parts)


def _divs(layout: Layout, records: list[Record], random: Random) -> str:
    return f"<div>{_each(layout, records, lambda _: f'<div{layout.class_of(layout.kind)}>', '</div>', random)}</div>"


def _zebra(layout: Layout, records: list[Record], random: Random) -> str:
    rows = _each(layout, records, lambda place: f"<li class='{('odd', 'even')[place % 2]}'>", "</li>", random)
    return f'<ul class="list">{rows}</ul>'


def _articles(layout: Layout, records: list[Record], random: Random) -> str:
    return f"<main>{_each(layout, records, lambda _: f'<article{layout.class_of(layout.kind)}>', '</article>', random)}</main>"


def _ordered(layout: Layout, records: list[Record], random: Random) -> str:
    return f'<ol id="results">{_each(layout, records, lambda _: "<li>", "</li>", random)}</ol>'


def _fuzzy(layout: Layout, records: list[Record], random: Random) -> str:
    rows = _each(
        layout, records, lambda place: f'<div class="{layout.kind}-{place + 701} entry-{place}">', "</div>", random
    )
    return f"<div>{rows}</div>"


def _featured(layout: Layout, records: list[Record], random: Random) -> str:
    rows = _each(
        layout,
        records,
        lambda place: f"<div class='card{' card-featured big' if not place else ''}'>",
        "</div>",
        random,
    )
    return f'<div class="cards">{rows}</div>'


def _grid(layout: Layout, records: list[Record], random: Random) -> str:
    kind = f" {layout.kind}" if layout.style == "semantic" else ""
    cells = [f'<div class="col-md-4{kind}">{_fields(layout, record, place)}</div>'
             for place, record in enumerate(records)]  # fmt: skip
    rows = [f'<div class="row">{"".join(cells[start : start + 3])}</div>' for start in range(0, len(cells), 3)]
    return '<div class="row"><p>All of them.</p></div>' + "".join(rows)


def _wrapped(layout: Layout, records: list[Record], random: Random) -> str:
    named = layout.class_of(layout.kind)
    return '<div class="row">' + "".join(
        f'<div class="col-sm-6"><div{named}><div>{_fields(layout, record, place)}</div></div></div>'
        for place, record in enumerate(records)) + "</div>"  # fmt: skip


def _table(layout: Layout, records: list[Record], random: Random) -> str:
    fields = layout.fields
    head = "".join(f"<th>{layout.label_of(field)}</th>" for field in fields)
    rows = [_cells(layout, record, place) for place, record in enumerate(records)]
    return f'<table class="data"><tr>{head}</tr>{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'


def _headless(layout: Layout, records: list[Record], random: Random) -> str:
    rows = [f"<tr>{_cells(layout, record, place)}</tr>" for place, record in enumerate(records)]
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _cells(layout: Layout, record: Record, place: int) -> str:
    found = []
    for field in layout.fields:
        if field.role == "picture" or field.name not in record:
            found.append(f"<td>{element(layout, field, record, place)}</td>")
        elif field.role in ("labels",):
            found.append(f"<td>{element(layout, field, record, place, 'span')}</td>")
        else:
            inner = html.escape(_text_of(layout, field, record[field.name]))
            if layout.twist == "attribute" and field.role in ("money", "count", "date"):
                found.append(f"<td>{element(layout, field, record, place, 'span')}</td>")
                continue
            if field.role == "title" and layout.linked:
                inner = f'<a href="/{layout.kind}/{place}">{inner}</a>'
            found.append(f"<td{layout.class_of(field.name, field.role)}>{inner}</td>")
    return "".join(found)


def _two_rows(layout: Layout, records: list[Record], random: Random) -> str:
    rows = []
    first, *others = layout.fields
    for place, record in enumerate(records):
        rows.append(
            f'<tr><td rowspan="1">{place + 1}.</td><td>{element(layout, first, record, place, "span")}</td></tr>'
        )
        rest = " | ".join(element(layout, field, record, place, "span") for field in others if field.name in record)
        rows.append(f'<tr><td colspan="2">{rest}</td></tr>')
    return f"<table>{''.join(rows)}</table>"


def _flat(layout: Layout, records: list[Record], random: Random) -> str:
    parts = []
    for place, record in enumerate(records):
        fields = layout.fields
        parts.append(element(layout, fields[0], record, place, "h3"))
        parts += [
            element(layout, field, record, place, "div" if field.role == "labels" else "p") for field in fields[1:]
        ]
    return f'<div id="content">{"".join(parts)}</div>'


def _lines(layout: Layout, records: list[Record], random: Random) -> str:
    parts = []
    for place, record in enumerate(records):
        fields = layout.fields
        rest = [element(layout, field, record, place, "b" if number == 0 else "i")
                for number, field in enumerate(fields[1:]) if field.role not in ("labels",)]  # fmt: skip
        parts.append(
            f'<a href="/{layout.kind}/{place}">{html.escape(record[fields[0].name].text)}</a> {" ".join(rest)}<br>'
        )
    return f'<div class="list">{"".join(parts)}</div>'


def _definitions(layout: Layout, records: list[Record], random: Random) -> str:
    parts = []
    for place, record in enumerate(records):
        fields = layout.fields
        rest = " ".join(element(layout, field, record, place, "span") for field in fields[1:])
        parts.append(f"<dt>{element(layout, fields[0], record, place, 'span')}</dt><dd>{rest}</dd>")
    return f"<dl>{''.join(parts)}</dl>"


def _sections(layout: Layout, records: list[Record], random: Random) -> str:
    third = max(1, len(records) // 3)
    parts = []
    for start in range(0, len(records), third):
        rows = "".join(
            f"<li>{_fields(layout, record, start + place)}</li>"
            for place, record in enumerate(records[start : start + third])
        )
        parts.append(f"<section><h2>Part {start // third + 1}</h2><ul>{rows}</ul></section>")
    return f"<div>{''.join(parts)}</div>"


def _cell_grid(layout: Layout, records: list[Record], random: Random) -> str:
    cells = [
        f'<td><img src="/thumb/{place}.png">{_fields(layout, record, place)}</td>'
        for place, record in enumerate(records)
    ]
    rows = ["".join(cells[start : start + 3]) for start in range(0, len(cells), 3)]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


STRUCTURES: dict[str, Callable[[Layout, list[Record], Random], str]] = {
    "divs": _divs, "zebra": _zebra, "articles": _articles, "ordered": _ordered, "fuzzy": _fuzzy, "featured": _featured,
    "grid": _grid, "wrapped": _wrapped, "table": _table, "headless": _headless, "two-rows": _two_rows, "flat": _flat,
    "lines": _lines, "definitions": _definitions, "sections": _sections, "cell-grid": _cell_grid,
}  # fmt: skip


def _pager(number: int, pages: int) -> str:
    if pages < 2:
        return ""
    links = " ".join(f'<a href="?page={page}">{page}</a>' for page in range(1, pages + 1) if page != number)
    following = f'<a href="?page={number + 1}">Next &raquo;</a>' if number < pages else ""
    return f'<div class="pages">{links} {following}</div>'


def _document(layout: Layout, main: str) -> str:
    menu = side = foot = ""
    if layout.chrome:
        menu = (
            '<div id="menu"><ul>'
            + "".join(f'<li><a href="/m/{n}">Topic number {n}</a></li>' for n in range(7))
            + "</ul></div>"
        )
        side = '<div class="sidebar"><h4>Popular</h4><ul>' + "".join(
            f'<li><a href="/p/{n}">Popular thing {n}</a> <span>{n * 3} views</span></li>' for n in range(5)) + "</ul></div>"  # fmt: skip
        foot = '<div class="footer">' + "".join(
            f"<div><h5>Column {n}</h5><p>Words about the company, number {n}, and its <a href='/f/{n}'>terms</a>.</p></div>" for n in range(4)
        ) + "</div>"  # fmt: skip
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{layout.kind}s</title></head><body>'
            f"{menu}<div>{main}</div>{side}{foot}</body></html>")  # fmt: skip


def layouts(seed: int, count: int) -> list[Layout]:
    """Return templates of a seed: each structure in turn, everything else by chance."""
    random, found = Random(seed), []
    names = list(STRUCTURES)
    for number in range(count):
        structure = names[number % len(names)]
        kinds = [kind for kind in KINDS if structure != "lines" or kind != "quote"]
        found.append(Layout(structure, random.choice(STYLES), random.choice(kinds), seed * 1000 + number,
                            random.random() < 0.4, random.random() < 0.6, random.random() < 0.3, random.random() < 0.7))  # fmt: skip
    return found
