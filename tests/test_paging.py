"""Every kind of pagination, crawled on the practice site by a spider that declares it in one line."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from practice import Fault, PracticeServer
from support import ROOT, last_run

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Result, Swathe

    Mongo = Database[dict[str, Any]]


def crawl(
    swathe: Swathe,
    spider: str,
    start: str,
    code: int = 0,
    environ: dict[str, str] | None = None,
    max_pages: int = 0,
    **settings: str,
) -> Result:
    """Crawl with a spider of `paged_spiders`, with settings of Scrapy's."""
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    options += ["-a", f"max_pages={max_pages}"] if max_pages else []
    command = [sys.executable, "-m", "scrapy", "crawl", spider, "-a", f"start={start}", "-s", "LOG_ENABLED=0", *options]
    return swathe.run(
        [*command, *([] if "SPIDER_MODULES" in settings else ["-s", "SPIDER_MODULES=paged_spiders"])],
        code=code,
        PYTHONPATH=f"{ROOT / 'tests'}:{ROOT}",
        **(environ or {}),
    )


def test_a_page_that_could_not_be_read_counts_also_with_an_errback_of_the_spider_s_own(
    swathe: Swathe, database: Mongo
) -> None:
    faults = {f"/quotes/{name}/": Fault(status=500) for name in ("fails", "may-fail")}
    with PracticeServer(faults=faults) as site:
        crawl(swathe, "own-errback", f"{site.url}quotes/", code=3, RETRY_TIMES="1")
        run = last_run(database)
        assert run["counts"]["dead_pages"] == run["dead_letters"] == 1
        assert [problem["what"] for problem in run["problems"]] == ["answered 500 (tried 2 times)"]
        missed = sorted(quote["text"] for quote in database.quotes.find({"author": "missed"}))
        assert missed == ["/quotes/fails/", "/quotes/may-fail/"], "its own errback is called all the same"


def quotes(database: Mongo) -> list[tuple[str, str, tuple[str, ...]]]:
    return sorted((row["text"], row["author"], tuple(sorted(row["tags"]))) for row in database.quotes.find())


def truth(records: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    return sorted((quote["text"], quote["author"], tuple(sorted(quote["tags"]))) for quote in records)


@pytest.mark.parametrize(
    ("spider", "path"),
    [
        ("next", "lists/last-empty/"),
        ("next-xpath", "lists/stated-next/"),
        ("next-stated", "lists/stated-next/"),
        ("next", "lists/relative/"),
        ("next", "lists/self-next/"),
        ("found-alone", "lists/rel-next/"),
        ("found-alone", "lists/link-header/"),
        ("found-alone", "lists/anchor-rel/"),
        ("numbers", "lists/numbers/"),
        ("numbers", "lists/numbers/1/"),
        ("numbers", "lists/numbers-404/"),
        ("numbers-query", "lists/clamped/"),
        ("numbers-stated", "lists/stated/"),
        ("numbers-in-order", "lists/ranked/"),
        ("offset", "lists/offset/"),
        ("offset-total", "lists/offset/"),
        ("api-pages", "lists/api/"),
        ("api-offset", "lists/api/"),
        ("api-cursor", "lists/api/cursor"),
        ("api-token", "lists/api/token"),
        ("api-links", "lists/api/links"),
        ("load-more", "lists/load-more/"),
        ("load-more-json", "lists/load-more-json/"),
        ("form", "lists/form/"),
        ("postback", "lists/postback/"),
        ("archive", "lists/archive/"),
        ("archive-silent", "lists/archive-silent/"),
        ("members", "quotes/members/"),
        ("feed", "feeds/quotes.rss"),
        ("feed", "feeds/quotes.atom"),
        ("feed-pages", "feeds/quotes.rss"),
        ("next-total", "lists/totals/growing/"),
    ],
)
def test_a_list_is_read_to_its_end_and_complete(
    swathe: Swathe, database: Mongo, site: PracticeServer, spider: str, path: str
) -> None:
    crawl(swathe, spider, site.url + path)
    assert quotes(database) == truth(site.site.quotes)
    run = last_run(database)
    assert (run["verdict"], run["reasons"]) == ("complete", [])
    assert run["records"] == {"quotes": len(site.site.quotes)}


def test_lists_side_by_side_store_a_quote_of_several_lists_once(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    crawl(swathe, "tags", f"{site.url}lists/tags/")
    tagged = [quote for quote in site.site.quotes if quote["tags"]]
    assert quotes(database) == truth(tagged)
    run = last_run(database)
    assert run["counts"]["items_unchanged"] == sum(len(quote["tags"]) for quote in tagged) - len(tagged) > 0
    assert len(run["lists"]) == len({tag for quote in tagged for tag in quote["tags"]}) + 1


def test_a_sitemap_index_leads_through_gzip_to_the_records(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    crawl(swathe, "sitemap-authors", site.url)
    assert sorted(row["name"] for row in database.authors.find()) == sorted(row["name"] for row in site.site.authors)
    assert last_run(database)["verdict"] == "complete"


def paths_of(server: PracticeServer) -> list[str]:
    return [request.path for request in server.requests if request.path != "/robots.txt"]


def test_pages_whose_number_is_known_are_asked_for_side_by_side_and_once(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer(latency_ms=200) as server:
        crawl(swathe, "next-stated", f"{server.url}lists/stated-next/")
        asked = sorted(request.at_s for request in server.requests if "/lists/" in request.path)
        assert len(paths_of(server)) == len(set(paths_of(server))) == 7
    # The first page, then six of which none waits for another.
    assert asked[-1] - asked[1] < 0.2
    assert asked[1] - asked[0] > 0.2
    assert len(quotes(database)) == 61


def test_a_spider_that_wants_order_gets_pages_one_after_the_other(
    swathe: Swathe, database: Mongo, site: PracticeServer, tmp_path: Any
) -> None:
    feed = tmp_path / "quotes.jsonl"
    with PracticeServer() as server:
        crawl(
            swathe, "numbers-in-order", f"{server.url}lists/ranked/", FEEDS=f'{{"{feed}": {{"format": "jsonlines"}}}}'
        )
        assert [re.sub(r"\D", "", path) for path in paths_of(server)] == ["", "2", "3", "4", "5", "6", "7"]
    written = re.findall(r'"author": "(.*?)"', feed.read_text())
    assert len(written) == 61
    assert [name.encode().decode("unicode_escape") if "\\u" in name else name for name in written] == [
        quote["author"] for quote in site.site.quotes
    ]


def test_the_scrolling_page_is_read_through_its_api(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer() as server:
        swathe("crawl", "quotes", "--start", f"{server.url}quotes/scroll")
        lists = [path for path in paths_of(server) if "/author/" not in path]
        assert lists == [f"/quotes/api/quotes?page={number}" for number in range(1, 8)]
    assert quotes(database) == truth(server.site.quotes)
    assert database.authors.count_documents({}) == len(server.site.authors)


@pytest.mark.parametrize("uses", [None, 3])
def test_a_form_with_dependent_fields_is_searched_by_every_choice(
    swathe: Swathe, database: Mongo, uses: int | None
) -> None:
    with PracticeServer(viewstate_uses=uses) as server:
        swathe("crawl", "quotes-filter", "--start", f"{server.url}quotes/search.aspx")
        found = truth(quote.record() for quote in server.site.filterable_quotes)
    assert quotes(database) == found
    run = last_run(database)
    assert (run["verdict"], run["counts"]["items_refused"]) == ("complete", 0)
    swathe("crawl", "quotes-table", "--start", f"{server.url}quotes/tableful/", code=1)  # the server has stopped
    assert quotes(database) == found


def test_the_table_without_classes_is_read(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    swathe("crawl", "quotes-table", "--start", f"{site.url}quotes/tableful/")
    assert quotes(database) == truth(site.site.quotes)
    assert last_run(database)["verdict"] == "complete"


def test_logging_in_shows_more(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    swathe("crawl", "quotes-login", "--start", f"{site.url}quotes/members/")
    found = {row["text"]: row["goodreads_url"] for row in database.quotes.find()}
    assert found == {quote["text"]: site.site.goodreads_url(quote["author"]) for quote in site.site.quotes}


def test_a_session_that_ends_is_noticed_and_begun_again(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer(session_pages=3) as server:
        swathe("crawl", "quotes-login", "--start", f"{server.url}quotes/members/")
        logins = [r for r in server.requests if r.path == "/quotes/login" and r.method == "POST"]
        assert len(logins) > 1
    assert all(row["goodreads_url"] for row in database.quotes.find())
    assert database.quotes.count_documents({}) == len(server.site.quotes)
    assert last_run(database)["verdict"] == "complete"


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("anna:wrong", "failed: 'a[href$='/logout']' is not on the page that answers, which says '"),
        (":", "failed: no account is set: give SWATHE_LOGIN_QUOTES_LOGIN as user:password"),
    ],
)
def test_a_login_that_fails_is_a_clear_error_and_nothing_is_crawled(
    swathe: Swathe, database: Mongo, account: str, reason: str
) -> None:
    with PracticeServer() as server:
        start = f"{server.url}quotes/members/"
        result = swathe("crawl", "quotes-login", "--start", start, code=1, SWATHE_LOGIN_QUOTES_LOGIN=account)
        assert not any("/members/" in path for path in paths_of(server))
    assert f"login at /quotes/login {reason}" in result.err.splitlines()[0]
    run = last_run(database)
    assert run["state"] == "failed"
    assert database.quotes.count_documents({}) == 0
    assert "wrong" not in result.err.replace("went wrong", "")


def test_max_depth_leaves_out_what_is_further_away_and_says_so(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    command = [sys.executable, "-m", "scrapy", "crawl", "next", "-a", f"start={site.url}lists/last-empty/"]
    arguments = ["-a", "max_depth=2", "-s", "SPIDER_MODULES=paged_spiders", "-s", "LOG_ENABLED=0"]
    swathe.run([*command, *arguments], code=3, PYTHONPATH=f"{ROOT / 'tests'}:{ROOT}")
    assert database.quotes.count_documents({}) == 30
    assert last_run(database)["reasons"] == ["1 link was deeper than max_depth"]
