"""Pages that only a browser shows: when it is asked, what it teaches, and what happens when it fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from practice import Fault, PracticeServer
from test_paging import crawl, last_run, paths_of, quotes, truth

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

ALL = 61


@pytest.mark.parametrize(
    ("spider", "path", "rendered"),
    [
        ("in-browser", "js/xhr/", 8),
        ("in-browser", "js/shadow/", 8),
        ("in-browser", "js/iframe/", 8),
        ("in-browser", "js/next-only/", 8),
        ("in-browser", "js/noscript/", 8),
        ("scrolling", "js/scroll/", 1),
        ("more", "js/load-more/", 1),
        ("closing", "js/modal/", 8),
        ("closing", "js/cookie-wall/", 8),
    ],
)
def test_a_list_that_only_a_browser_shows_is_read_whole(
    swathe: Swathe, database: Mongo, site: PracticeServer, spider: str, path: str, rendered: int
) -> None:
    crawl(swathe, spider, site.url + path)
    assert quotes(database) == truth(site.site.quotes)
    run = last_run(database)
    assert run["verdict"] == "complete", run["reasons"]
    assert 1 <= run["counts"]["browser_pages"] <= rendered


def test_a_page_that_is_asked_for_again_in_the_browser_is_one_page_of_max_pages_and_of_the_counts(
    swathe: Swathe, database: Mongo
) -> None:
    with PracticeServer() as server:
        crawl(swathe, "in-browser", f"{server.url}js/xhr/", code=3, max_pages=2)
        assert len(quotes(database)) == 20
        run = last_run(database)
        assert run["counts"]["pages"] == run["counts"]["browser_pages"] == 2
        assert "the limit of 2 pages was reached" in run["reasons"]
        assert [path for path in paths_of(server) if "api" not in path] == ["/js/xhr/", "/js/xhr/", "/js/xhr/?page=2"]


def test_a_page_that_the_browser_fails_on_is_one_page_of_max_pages_however_often_it_was_asked_for(
    swathe: Swathe, database: Mongo
) -> None:
    with PracticeServer() as server:
        no_browser = {"SWATHE_RENDERING_CHROMIUM": "/nowhere/chromium"}
        crawl(swathe, "in-browser", f"{server.url}js/xhr/", code=3, max_pages=1, environ=no_browser)
        assert last_run(database)["counts"]["pages"] == 1
        assert paths_of(server) == ["/js/xhr/", "/js/xhr/"], "as served, and again when the browser had failed"


def test_a_page_that_is_asked_for_with_the_meta_of_another_is_counted(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer() as server:
        crawl(swathe, "meta-handed-on", f"{server.url}quotes/", code=3, max_pages=3)
        assert last_run(database)["counts"]["pages"] == len(paths_of(server)) == 3


def test_without_the_cheaper_ways_the_browser_gives_the_same_records(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    start = f"{site.url}quotes/js-delayed/?delay=100"
    swathe("crawl", "quotes", "--start", start, "--set", "rendering.tiers=html,browser")
    assert quotes(database) == truth(site.site.quotes)
    assert database.authors.count_documents({}) == len(site.site.authors)
    assert last_run(database)["counts"]["browser_pages"] >= 7


def test_the_second_run_uses_what_the_first_has_learned(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer() as server:
        start = f"{server.url}js/xhr/"
        crawl(swathe, "in-browser", start)
        first = len([path for path in paths_of(server) if path == "/js/xhr/"])
        assert first == 2, "as served, then in the browser"
        rows = {row["template"].partition("/js/")[2]: row for row in database.render_decisions.find()}
        assert rows["xhr/"]["tier"] == "browser"
        assert "no entry at '.quote' in the page as served, and a script" in rows["xhr/"]["evidence"]
        crawl(swathe, "in-browser", start, environ={"SWATHE_RENDERING_RECHECK_SHARE": "0"})
        again = len([path for path in paths_of(server) if path == "/js/xhr/"]) - first
        assert again == 1, "in the browser at once"


def test_the_api_behind_a_page_is_proposed_and_used_once_it_is_proved(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer() as server:
        start = f"{server.url}js/xhr/"
        crawl(swathe, "next", start)
        assert quotes(database) == truth(server.site.quotes)
        told = swathe("why", start).out
        line = 'pagination = PageNumbers("/js/api/quotes?page={page}", json="quotes", more="has_next")'
        assert line in " ".join(told.split())
        before = len(server.requests)
        crawl(swathe, "next", start, environ={"SWATHE_RENDERING_LEARN_API": "true"})
        asked = [request.path for request in server.requests[before:] if request.path != "/robots.txt"]
        assert asked == [f"/js/api/quotes?page={number}" for number in range(1, 8)]
    run = last_run(database)
    assert (run["verdict"], run["counts"]["browser_pages"]) == ("complete", 0)


def test_a_page_that_yields_nothing_in_any_way_is_kept_to_look_at(swathe: Swathe, database: Mongo) -> None:
    body = "<html><body><div id=root></div><script>document.title = 'nothing'</script></body></html>"
    with PracticeServer(faults={"/js/xhr/": Fault(body=body, content_type="text/html")}) as server:
        crawl(swathe, "in-browser", f"{server.url}js/xhr/", code=3)
    run = last_run(database)
    assert run["verdict"] == "unknown"
    (kept,) = run["evidence"]
    assert kept["url"] == f"{server.url}js/xhr/"
    assert 'id="root"' in Path(kept["html"]).read_text()
    assert Path(kept["screenshot"]).read_bytes().startswith(b"\x89PNG")
    assert Path(kept["html"]).name in swathe("runs", "show", str(run["_id"])).out


def test_without_chromium_the_run_says_what_could_not_be_rendered(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    environ = {"SWATHE_RENDERING_CHROMIUM": "/nowhere/chromium"}
    crawl(swathe, "in-browser", f"{site.url}js/xhr/", code=3, environ=environ)
    run = last_run(database)
    assert run["verdict"] == "incomplete"
    assert run["reasons"][0].startswith("1 page could not be rendered, the first: ")
    assert "/nowhere/chromium" in run["reasons"][0]
    # What can be read without it is read all the same.
    crawl(swathe, "in-browser", f"{site.url}js/next-only/", code=3, environ=environ)
    assert database.quotes.count_documents({}) == 10


def test_a_page_without_scripts_never_asks_for_a_browser(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    environ = {"SWATHE_RENDERING_CHROMIUM": "/nowhere/chromium"}
    crawl(swathe, "nothing", f"{site.url}lists/numbers/", environ=environ)
    swathe("crawl", "books", "--start", f"{site.url}books/", code=3, **environ)
    for run in database.runs.find():
        assert run["counts"]["browser_pages"] == 0
        assert not any("rendered" in reason for reason in run["reasons"])
