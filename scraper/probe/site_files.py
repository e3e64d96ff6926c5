"""Write a proposal down: the model, the spider, the pages that it was made from, and a test on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper import paging
from scraper.core.project import project
from scraper.core.text import quoted
from scraper.probe.composition import Part
from scraper.probe.new_site import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scraper.probe.columns import Column
    from scraper.probe.new_site import NewSite
    from scraper.probe.proposal import Proposal

LONGEST_LINE = 120
TAKEN = frozenset({"self", "page", "item", "data", "first", "texts", "rest", "_"})
"""Names that a reading method has for something else."""


@dataclass(frozen=True)
class Way:
    """A way in which a spider reads its records."""

    part: str
    """What is read: `item`, `page` or `data`."""
    about: str
    what: str
    signature: str
    read: str
    """The line of the test that reads a saved page."""


WAYS = {
    "item": Way(
        "item",
        TEMPLATES["list"],
        "an entry of a list page",
        "self, page: Any, item: Any",
        "    return [record for item in each(page, spider.items) for record in spider.read_item(page, item)]",
    ),
    "page": Way(
        "page",
        TEMPLATES["pages"],
        "the page of a record",
        "self, page: Any",
        "    return list(spider.read_page(page, **listed))",
    ),
    "data": Way(
        "data",
        "records that are data",
        "an entry of the data",
        "self, page: Any, data: Any",
        "    return [record for data in json.loads(page.text) for record in spider.read_data(page, data)]",
    ),
}


LISTED = '''
def entries_shown() -> list[dict[str, Any]]:
    """Return what the saved list page shows of each record."""
    spider = {spider}()
    page = HtmlResponse(spider.start_url, body=(PAGES / "list.html").read_bytes(), encoding="utf-8")
    return [spider.read_listed(page, item) for item in each(page, spider.items)]


'''.removeprefix("\n")
"""The function of a test that reads the list beside the records' own pages."""


def site_texts(site: NewSite, proposal: Proposal) -> dict[Path, str]:
    """Return the files of a site by where they are written."""
    tests = project().folder / "tests"
    suffix = "json" if proposal.is_data else "html"
    folder = tests / "pages" / site.module
    saved = {folder / f"page-{number}.{suffix}": text for number, text in enumerate(proposal.saved, 1)}
    saved |= {folder / "list.html": proposal.list_page} if _listed(proposal) else {}
    return {
        site.model_file: model_text(site, proposal.columns),
        site.spider_file: spider_text(site, proposal),
        **saved,
        tests / f"test_{site.module}.py": test_text(site, proposal),
    }


def model_text(site: NewSite, columns: tuple[Column, ...]) -> str:
    """Return the module of the site's document."""
    fields = {column.kind.field for column in columns} | {"StringField" for column in columns if column.many}
    lines = [
        f'"""The records of the site {site.name}."""',
        "",
        "from typing import ClassVar",
        "",
        f"from scraper import {', '.join(sorted({'Record', *fields}))}, cleaners",
        "",
        "",
        f"class {site.document}(Record):",
        f'    """A record of {site.name}."""',
        "",
        f'    meta: ClassVar = {{"collection": "{site.module}"}}',
        "",
        *(f"    {_field(column)}" for column in columns),
    ]
    return "\n".join(lines) + "\n"


def _field(column: Column) -> str:
    """Write a field of the model."""
    given = ["StringField()"] if column.many else []
    given += ["required=True"] if column.required else []
    given += ["key=True"] if column.key else []
    # Numbers and truths of data are what they are.
    given += [f"clean={column.kind.cleaner}"] if column.kind.cleaner else []
    return f"{column.name} = {column.kind.field}({', '.join(given)})"


def spider_text(site: NewSite, proposal: Proposal) -> str:
    """Return the module of the site's spider."""
    line, way = proposal.pagination, WAYS["data" if proposal.is_data else "page" if proposal.link else "item"]
    used = {name for name in re.findall(r"\b([A-Z]\w+)\(", line) if hasattr(paging, name)}
    calls = set() if proposal.is_data else {"texts" if column.many else "first" for column in proposal.columns}
    lines = [
        f'"""The site {site.name}: {way.about}."""',
        "",
        "from collections.abc import Iterator",
        "from typing import Any",
        "",
        *_imports(site, f"from scraper import {', '.join([*sorted(used), 'SiteSpider', *sorted(calls)])}"),
        "",
        "",
        f"class {site.spider_class}(SiteSpider):",
        f'    """Stores every record of {site.name}."""',
        "",
        f"    name = {quoted(site.name)}",
        f"    start_url = {quoted(site.url)}",
        f"    records = ({site.document},)",
        *([f"    items = {quoted(proposal.items)}"] if proposal.items else []),
        *([f"    link = {quoted(proposal.link)}"] if proposal.link else []),
        *([f"    {line}"] if line else []),
        "",
        *_listing(proposal),
        *_reading(site, proposal, way),
    ]
    return "\n".join(lines) + "\n"


def _listed(proposal: Proposal) -> tuple[Column, ...]:
    """Return the fields that the list alone shows, where the records' own pages are read."""
    return tuple(column for column in proposal.columns if column.listed)


def _listing(proposal: Proposal) -> Iterator[str]:
    """Write the method that reads what the list alone shows; nothing where it shows nothing."""
    columns = _listed(proposal)
    if columns:
        yield "    def read_listed(self, page: Any, item: Any) -> dict[str, Any]:"
        yield '        """Read what the list alone shows of a record."""'
        yield from _statements(columns, "item")
        yield "        return {"
        for column in columns:
            value = _value(column, "item", _variables(columns))
            yield f"            {_kept_short(f'{quoted(_argument(column))}: {value},')}"
        yield "        }"
        yield ""


def _reading(site: NewSite, proposal: Proposal, way: Way) -> Iterator[str]:
    """Write the method that reads a record."""
    listed, own = _listed(proposal), tuple(column for column in proposal.columns if not column.listed)
    arguments = ", ".join([way.signature, *(f"{_argument(column)}: Any = None" for column in listed)])
    line = f"    def read_{way.part}({arguments}) -> Iterator[Any]:"
    yield from (
        [line]
        if len(line) <= LONGEST_LINE
        else [
            f"    def read_{way.part}(",
            *(f"        {argument}," for argument in arguments.split(", ")),
            "    ) -> Iterator[Any]:",
        ]
    )
    yield f'        """Read {way.what}{"; the list has shown the rest" if listed else ""}."""'
    yield from _statements(own, way.part)
    yield f"        yield {site.document}.found("
    yield "            page,"
    for column in proposal.columns:
        value = _argument(column) if column.listed else _value(column, way.part, _variables(own))
        yield f"            {_kept_short(f'{column.name}={value},')}"
    yield "        )"


def _argument(column: Column) -> str:
    return f"{column.name}_" if column.name in TAKEN else column.name


def _kept_short(line: str) -> str:
    """Return a line within brackets; one that is too long says that it is meant to be."""
    return line if len(line) < LONGEST_LINE - 12 else f"{line}  # noqa: E501"


def _imports(site: NewSite, own: str) -> list[str]:
    model = f"from {site.model} import {site.document}"
    return sorted([model, own], key=lambda line: line.split()[1])


def _variables(columns: tuple[Column, ...]) -> dict[tuple[str, Part], str]:
    """Return what a variable is called that has a part of a text: like the first field that it gives."""
    found: dict[tuple[str, Part], str] = {}
    for column in columns:
        if column.part is not None:
            found.setdefault((column.selector, column.part), _argument(column))
    return found


def _statements(columns: tuple[Column, ...], where: str) -> Iterator[str]:
    """Write how texts of several fields are taken apart: each statement splits off the last field that is left."""
    variables = _variables(columns)
    for selector, separators in dict.fromkeys((selector, part.separators) for selector, part in variables):
        names = [variables.get((selector, Part(separators, place)), "_") for place in range(len(separators) + 1)]
        rest = f'(first({where}, {quoted(selector)}) or "")'
        for place in range(len(separators), 0, -1):
            before = "rest" if place > 1 else names[0]
            yield f"        {before}, _, {names[place]} = {rest}.rpartition({quoted(separators[place - 1])})"
            rest = "rest"


def _value(column: Column, where: str, given: dict[tuple[str, Part], str]) -> str:
    """Write the expression that reads a field."""
    if where == "data":
        return column.selector
    if column.part is not None:
        return given[column.selector, column.part]
    call = "texts" if column.many else "first"
    return f"{call}({where}, {quoted(column.selector)})"


def test_text(site: NewSite, proposal: Proposal) -> str:
    """Return the module of the site's test: the saved pages give these records, and none is refused."""
    spider, suffix = project().module(f"spiders.{site.module}"), "json" if proposal.is_data else "html"
    key = next(column for column in proposal.columns if column.key)
    count, way = len(key.values), WAYS["data" if proposal.is_data else "page" if proposal.link else "item"]
    imports = sorted(
        [
            "from pipelines.clean import clean",
            "from pipelines.validate import validate",
            "from scrapy.http import HtmlResponse",
            f"from {spider} import {site.spider_class}",
            *(["from scraper import each"] if way.part == "item" or _listed(proposal) else []),
        ],
        key=lambda line: line.split()[1],
    )
    listed = bool(_listed(proposal))
    lines = [
        f'"""The spider {site.name} reads its saved pages."""',
        "",
        *(["import json"] if proposal.is_data else []),
        "from pathlib import Path",
        "from typing import Any",
        "",
        *imports,
        "",
        f'PAGES = Path(__file__).parent / "pages" / "{site.module}"',
        *([f"PLACES = {proposal.places!r}", '"""Which entry of list.html each page is of."""'] if listed else []),
        "",
        "",
        f"def records_of(file: Path{', **listed: Any' if way.part == 'page' and listed else ''}) -> list[Any]:",
        '    """Return the records of a saved page."""',
        f"    spider = {site.spider_class}()",
        '    page = HtmlResponse(spider.start_url, body=file.read_bytes(), encoding="utf-8")',
        way.read if listed else way.read.replace(", **listed", ""),
        "",
        "",
        *(LISTED.format(spider=site.spider_class).splitlines() if listed else []),
        f"def test_the_saved_pages_hold_{count}_records() -> None:",
        f'    files = [PAGES / f"page-{{number}}.{suffix}" for number in range(1, {len(proposal.saved) + 1})]',
        *(["    shown = entries_shown()"] if listed else []),
        "    records = [record for file, place in zip(files, PLACES, strict=True)"
        " for record in records_of(file, **shown[place])]"
        if listed
        else "    records = [record for file in files for record in records_of(file)]",
        "    for record in records:",
        "        clean(record)",
        "        validate(record)",
        "    assert [record.faults for record in records if record.faults] == []",
        f"    assert len(records) == {count}",
        f"    assert records[0].raw[{quoted(key.name)}] is not None",
    ]
    return "\n".join(lines) + "\n"
