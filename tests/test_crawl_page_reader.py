"""Pages that need JavaScript: the cheapest way that yields their records, and what is remembered of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from odd_site import Answer, OddSite, crawled, names, rows, thing
from practice import Fault, PracticeServer
from scrapy import Request
from test_paging import crawl, last_run, paths_of, quotes, truth

from models.quotes import Quote
from models.record import Found
from scraper.core.tiers import HTML
from scraper.crawl.attempt import at_once, attempt
from scraper.crawl.shared_links import SharedLinks
from scraper.crawl.url_template import template_of
from scraper.fetch.http.responses import HtmlPage

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]


@pytest.mark.parametrize("path", ["quotes/", "quotes/js/", "quotes/js-delayed/", "quotes/scroll"])
def test_one_spider_reads_every_variant_of_a_site_without_a_browser(
    swathe: Swathe, database: Mongo, site: PracticeServer, path: str
) -> None:
    swathe("crawl", "quotes", "--start", site.url + path, code=3 if path == "quotes/" else 0)
    assert quotes(database) == truth(site.site.quotes)
    assert database.authors.count_documents({}) == len(site.site.authors)
    assert last_run(database)["counts"]["browser_pages"] == 0


@pytest.mark.parametrize(
    ("spider", "path", "where"),
    [
        ("next", "next-data", "script#__NEXT_DATA__ props.pageProps.quotes"),
        ("next", "nuxt", "window.__NUXT__ "),
        ("next", "window-state", "window.__INITIAL_STATE__ "),
        ("next", "json-script", 'script[data-target="app"]'),
        ("marked", "json-ld", 'script[type="application/ld+json"]'),
        ("marked", "microdata", "microdata"),
        ("next", "attribute", "div#app[data-props]"),
    ],
)
def test_data_inside_the_page_is_read_without_a_browser_and_remembered(
    swathe: Swathe, database: Mongo, site: PracticeServer, spider: str, path: str, where: str
) -> None:
    crawl(swathe, spider, f"{site.url}js/{path}/")
    assert quotes(database) == truth(site.site.quotes)
    counts = last_run(database)["counts"]
    assert (counts["data_pages"], counts["browser_pages"]) == (7, 0)
    rows = list(database.render_decisions.find())
    assert sum(row["right"] for row in rows) == 7
    for row in rows:
        assert (row["spider"], row["tier"], row["wrong"]) == (spider, "data", 0)
        assert row["evidence"].startswith(f"the records are in {where}")
        assert row["template"] == template_of(f"{site.url}js/{path}/{'?page=2' if '?' in row['template'] else ''}")
    told = swathe("why", f"{site.url}js/{path}/").out
    assert f"How '{spider}' reads such pages" in told
    assert "the records are in" in told
    assert "Stored: 10 quotes" in told


def as_next(server: PracticeServer, number: int, *, before: str = "") -> str:
    """Return a page of /js/next-data/ with something before its data."""
    with urlopen(f"{server.url}js/next-data/?page={number}") as answer:
        return str(answer.read().decode()).replace("<script", f"{before}<script", 1)


def test_data_that_are_too_costly_or_too_deep_to_read_are_named_by_the_run(swathe: Swathe, database: Mongo) -> None:
    deep = f"<script type='application/json'>{'[' * 10**6}{']' * 10**6}</script>"
    with PracticeServer() as server:
        page = as_next(server, 2, before=deep)
    with PracticeServer(faults={"/js/next-data/?page=2": Fault(body=page)}) as server:
        crawl(swathe, "next", f"{server.url}js/next-data/", code=3)
        assert quotes(database) == truth(server.site.quotes)
        run, url = last_run(database), f"{server.url}js/next-data/?page=2"
    assert (run["verdict"], run["counts"]["data_pages"]) == ("unknown", 7)
    why = f"the data inside 1 page were not read whole, the first: {url}: a value is nested more than 100 deep"
    assert run["reasons"] == [f"may lack records: {why}"]


def test_data_that_could_not_be_read_are_named_also_when_they_gave_nothing(swathe: Swathe, database: Mongo) -> None:
    scripts = "<script>x = {a: 'aaaaaaaaaaaaaaaaaaaa', b: [1, 2, 3]}</script>" * 10**5
    with PracticeServer(faults={"/js/next-data/": Fault(body=f"<p>Loading</p>{scripts}")}) as server:
        start = f"{server.url}js/next-data/"
        crawl(swathe, "next", start, code=3, environ={"SWATHE_RENDERING_TIERS": "html,data"})
    run = last_run(database)
    assert run["verdict"] == "unknown"
    why = f"the data inside 1 page were not read whole, the first: {start}: to read all of it takes more work"
    assert any(note.startswith(why) for note in run["notes"])


def test_a_decision_is_dropped_when_the_html_has_the_records(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer() as server:
        start = f"{server.url}js/next-data/"
        crawl(swathe, "next", start)
        before = {row["template"]: row["tier"] for row in database.render_decisions.find()}
        assert set(before.values()) == {"data"}
        for page in paths_of(server):
            server.faults[page] = Fault(serve_as=page.replace("/js/next-data/", "/lists/stated-next/"))
        crawl(swathe, "next", start)
        assert {row["tier"] for row in database.render_decisions.find()} == {"html"}
        assert last_run(database)["counts"]["data_pages"] == 0


def test_dead_pages_and_forbidden_ones_teach_nothing(swathe: Swathe, database: Mongo) -> None:
    pages = {f"/js/next-data/?page={number}": Fault(status=503) for number in range(2, 8)}
    with PracticeServer(faults=pages) as server:
        crawl(swathe, "next", f"{server.url}js/next-data/", code=3, RETRY_TIMES="0")
    assert [row["right"] for row in database.render_decisions.find()] == [1]


def test_a_way_that_is_not_allowed_is_not_taken(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    swathe("crawl", "quotes", "--start", f"{site.url}quotes/js/", "--set", "rendering.tiers=html", code=3)
    assert database.quotes.count_documents({}) == 0
    assert last_run(database)["verdict"] == "unknown"


def test_a_page_that_was_never_seen_is_said_to_be(swathe: Swathe) -> None:
    told = swathe("why", "http://127.0.0.1:9/nowhere/")
    assert told.out.startswith("Not seen: nothing stored, refused or noted")
    assert "'nonsense' is not an address" in swathe("why", "nonsense", code=2).error_line


def test_a_refused_record_and_a_dead_page_say_why(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    swathe("crawl", "quotes", "--start", f"{site.url}quotes/", code=3)
    refusal = next(refusal for refusal in site.site.refused if refusal.collection == "quotes")
    told = swathe("why", site.url + refusal.path.lstrip("/")).out
    assert "Refused" in told
    assert "nothing was found, expected a value" in told
    swathe("crawl", "quotes", "--start", f"{site.url}trouble/status/404", code=1)
    assert "answered 404" in swathe("why", f"{site.url}trouble/status/404").out


def test_links_of_a_tree_that_is_thrown_away_are_followed_from_the_next() -> None:
    page = HtmlPage("http://h/", body=b"", request=Request("http://h/"))
    links = SharedLinks()

    def followed() -> list[Request]:
        return [*links.follow(page, ["/a", "b"], followed)]

    first = followed()
    assert [request.url for request in first] == ["http://h/a", "http://h/b"]
    assert followed() == []
    links.forget(first[:1])
    assert [request.url for request in followed()] == ["http://h/a"]


def test_the_methods_that_read_may_be_async(swathe: Swathe, database: Mongo) -> None:
    pages = {
        "/": rows(names(1, 5), "/thing/{}"),
        **{f"/thing/0{number}": thing(f"0{number}") for number in range(1, 6)},
    }
    with OddSite(lambda asked: pages.get(asked.path, Answer(status=404))) as site:
        assert crawled(swathe, database, "asynchronous", site.url) == (names(1, 5), "complete", [])


def test_an_async_method_that_raises_takes_no_other_entry_along() -> None:
    async def read(entry: int) -> list[Found]:
        await asyncio.sleep(0)
        return [found, found][: 6 // entry]

    found = Found(Quote, "http://h/", {"text": "a", "author": "b", "tags": []})
    made = at_once(attempt(HTML, "", [1, 0, 6], read))
    assert [(entry, len(outputs)) for entry, outputs in made.outputs] == [(1, 2), (6, 1)]
    assert (made.failed, type(made.error)) == (1, ZeroDivisionError)
