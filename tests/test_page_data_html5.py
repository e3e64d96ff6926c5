"""Pages read as a browser's parser does: held against html5lib's published tests and broken lists, and bounded."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from broken_pages import PAGES, TREES, Broken
from lxml import etree
from odd_site import Answer, Asked, OddSite, crawled, names
from parsel import Selector
from support import ROOT, last_run

from scraper.page_data import html5
from scraper.page_data.html5 import TooCostlyError, html5_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

PUBLISHED = sorted((ROOT / "tests/data/html5lib-tests").glob("*.dat"))
OTHERWISE = {
    "<p><b><b><b><b><p>x": "BeautifulSoup's tree builder opens a fourth equal tag again",
    "<table><li><li></table>": "html5lib 1.1 does not close the item before it moves the next",
}
"""Published tests that are read otherwise, and why."""


def published(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each page of a file with the lines of its tree, without doctype and comments; not those with SVG."""
    for case in f"\n{file.read_text()}".split("\n#data\n")[1:]:
        page, _, rest = case.partition("\n#errors")
        if "#document-fragment" not in rest and "#script-on" not in rest and "<svg" not in page and "<math" not in page:
            lines = re.split(r"\n(?=\| )", rest.split("#document\n", 1)[1].rstrip("\n"))
            yield page, [line for line in lines if not re.match(r"\| +<!", line)]


def lines_of(element: Any, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a tree, as the published tests write them."""
    if isinstance(element, etree._Comment):
        return
    begin = f"| {'  ' * depth}"
    yield f"{begin}<{element.tag}>"
    yield from (f'{begin}  {name}="{value}"' for name, value in sorted(element.attrib.items()))
    yield from [f'{begin}  "{element.text}"'] if element.text else []
    for child in element:
        yield from lines_of(child, depth + 1)
        yield from [f'{begin}  "{child.tail}"'] if child.tail else []


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.stem)
def test_a_page_becomes_the_tree_that_the_published_tests_say(file: Path) -> None:
    cases = list(published(file))
    other = {page for page, tree in cases if list(lines_of(html5_tree(page))) != tree}
    assert other == {page for page, _ in cases if page in OTHERWISE}
    assert cases


def read(page: Broken, tree: Selector) -> tuple[tuple[str | None, str | None], ...]:
    return tuple((item.css(page.name).get(), item.css(page.price).get()) for item in tree.css(page.items))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.what)
def test_a_broken_list_is_read_as_a_browser_shows_it(page: Broken) -> None:
    assert read(page, Selector(root=html5_tree(page.html), type="html")) == TREES


def test_libxml2_reads_most_of_the_broken_lists_otherwise() -> None:
    wrong = [page.what for page in PAGES if read(page, Selector(text=page.html, type="html")) != TREES]
    assert len(PAGES) == 20
    assert len(wrong) >= 10, "else the tier is not worth its cost"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<a>" * 50_000, "it takes more than 0.2 s to be read so"),
        ("<table>" + "<a><div>" * 20_000, "it takes more than 0.2 s|are nested more than 400 deep"),
        (f"<i title='{'&' * 300_000}'>", "it takes more than 0.2 s to be read so"),
        (f"<i {'x=1 ' * 70_000}>", "it takes more than 0.2 s to be read so"),
        ("<div>" * 1_000, "its elements are nested more than 400 deep"),
        ("x" * 600_000, "it has 600000 characters, of which 500000 at most are read so"),
    ],
)
def test_a_hostile_page_is_left_in_time(text: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html5, "MOST_CPU_S", 0.2)
    begun = time.thread_time()
    with pytest.raises(TooCostlyError, match=why):
        html5_tree(text)
    assert time.thread_time() - begun < 5


def test_what_lxml_cannot_hold_is_left_out_of_names_and_texts() -> None:
    tree = html5_tree(
        "<a\"b c'd=1 <=2 é=3 xlink:href='/x' \"=4>a\0b\x01\x0c\ud800</a\"b><!--a--b---><o:p>x<svg xlink:href=y>"
    )
    (odd,) = tree[1][:1]
    assert (odd.tag, dict(odd.attrib)) == ("a_b", {"c_d": "1", "_": "4", "é": "3", "xlink:href": "/x"})
    assert (odd.text, tree.xpath("string(//*[name()='o:p'])")) == ("ab ", "x")
    assert tree.xpath("//comment()")[0].text == "a- -b- "
    assert html5_tree("data.txt").xpath("string(.)") == "data.txt"


def _tables(asked: Asked) -> Answer | str:
    if asked.path.startswith("/maker"):
        return f"<html><h1>Maker {asked.path[-1]}</h1></html>"
    number = int(asked.query.get("page", 1))
    if number > 4:
        return Answer(status=404)
    rows = "".join(f"<tr><td>{name}" for name in names(3 * number - 2, 3 * number))
    more = f"<tfoot><tr><td><a href='/?page={number + 1}'>Next</a>" if number < 4 else ""
    # A browser moves what is no row before the table, so that it stands in the page's body.
    return f"<html><body><table>{rows}{more}<div class=maker><a href=/maker/{number}>M</a></div></table></body></html>"


def test_a_list_that_libxml2_misreads_is_whole_and_the_way_is_remembered(swathe: Swathe, database: Mongo) -> None:
    makers = [f"Maker {number}" for number in range(1, 5)]
    with OddSite(_tables) as site:
        # Cells that are closed by nothing: without `tbody` in the tree there is no entry.
        assert crawled(swathe, database, "tabled", site.url) == ([*makers, *names(1, 12)], "complete", [])
        rows = {row["template"].partition("/")[2]: row for row in database.render_decisions.find()}
        assert {name: (row["tier"], row["right"]) for name, row in rows.items()} == {
            "": ("html5", 1), "?page": ("html5", 3),
        }  # fmt: skip
        assert rows[""]["evidence"] == "no entry in the tree of libxml2"
        database.quotes.drop()
        found, verdict, _ = crawled(
            swathe, database, "tabled", site.url, code=3, SWATHE_RENDERING_TIERS="html, data, api"
        )
        assert (found, verdict) == ([], "unknown")


def test_a_page_that_is_too_deep_to_be_read_so_is_noted(swathe: Swathe, database: Mongo) -> None:
    with OddSite(lambda _: "<html><body>" + "<div>" * 450 + "</body></html>") as site:
        crawled(swathe, database, "tabled", site.url, code=3)
    assert last_run(database)["notes"][0] == (
        f"1 page could not be read as browsers do, the first: {site.url}: its elements are nested more than 400 deep"
    )
