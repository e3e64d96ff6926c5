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
        "    return list(spider.read_page(page))",
    ),
    "data": Way(
        "data",
        "records that are data",
        "an entry of the data",
        "self, page: Any, data: Any",
        "    return [record for data in json.loads(page.text) for record in spider.read_data(page, data)]",
    ),
}


def site_texts(site: NewSite, proposal: Proposal) -> dict[Path, str]:
    """Return the files of a site by where they are written."""
    tests = project().folder / "tests"
    suffix = "json" if proposal.is_data else "html"
    folder = tests / "pages" / site.module
    saved = {folder / f"page-{number}.{suffix}": text for number, text in enumerate(proposal.saved, 1)}
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
    variables = _variables(proposal.columns)
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
        f"    def read_{way.part}({way.signature}) -> Iterator[Any]:",
        f'        """Read {way.what}."""',
        *_statements(proposal.columns, way.part),
        f"        yield {site.document}.found(",
        "            page,",
        *(f"            {_given(column, way.part, variables)}" for column in proposal.columns),
        "        )",
    ]
    return "\n".join(lines) + "\n"


def _imports(site: NewSite, own: str) -> list[str]:
    model = f"from {site.model} import {site.document}"
    return sorted([model, own], key=lambda line: line.split()[1])


def _variables(columns: tuple[Column, ...]) -> dict[tuple[str, Part], str]:
    """Return what a variable is called that has a part of a text: like the first field that it gives."""
    found: dict[tuple[str, Part], str] = {}
    for column in columns:
        if column.part is not None:
            name = f"{column.name}_" if column.name in TAKEN else column.name
            found.setdefault((column.selector, column.part), name)
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


def _given(column: Column, where: str, given: dict[tuple[str, Part], str]) -> str:
    if where == "data":
        return f"{column.name}={column.selector},"
    if column.part is not None:
        return f"{column.name}={given[column.selector, column.part]},"
    call = "texts" if column.many else "first"
    line = f"{column.name}={call}({where}, {quoted(column.selector)}),"
    return line if len(line) < LONGEST_LINE - 12 else f"{line}  # noqa: E501"


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
            *(["from scraper import each"] if way.part == "item" else []),
        ],
        key=lambda line: line.split()[1],
    )
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
        "",
        "",
        "def records_of(file: Path) -> list[Any]:",
        '    """Return the records of a saved page."""',
        f"    spider = {site.spider_class}()",
        '    page = HtmlResponse(spider.start_url, body=file.read_bytes(), encoding="utf-8")',
        way.read,
        "",
        "",
        f"def test_the_saved_pages_hold_{count}_records() -> None:",
        f'    files = [PAGES / f"page-{{number}}.{suffix}" for number in range(1, {len(proposal.saved) + 1})]',
        "    records = [record for file in files for record in records_of(file)]",
        "    for record in records:",
        "        clean(record)",
        "        validate(record)",
        "    assert [record.faults for record in records if record.faults] == []",
        f"    assert len(records) == {count}",
        f"    assert records[0].raw[{quoted(key.name)}] is not None",
    ]
    return "\n".join(lines) + "\n"
