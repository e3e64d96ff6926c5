"""The evidence of docs/reference/runs.md: each rule with the fault that it must name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, names, rows, thing
from practice import Fault, PracticeServer
from test_paging import crawl, last_run, quotes, truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

ALL = 61
DEAD = Fault(status=500)
NO_NEXT = Fault(remove_next=True)
EMPTY = Fault(keep_records=0)
ONE_HIDDEN = Fault(keep_records=9)


@pytest.mark.parametrize(
    ("spider", "path", "fault", "verdict", "stored", "reason"),
    [
        # One page is dropped.
        (
            "numbers-stated",
            "/lists/stated/",
            DEAD,
            "incomplete",
            51,
            "1 page could not be read: {url}?page=3 answered 500",
        ),
        ("numbers", "/lists/numbers/", DEAD, "incomplete", 51, "1 page could not be read: {url}3/ answered 500"),
        ("found-alone", "/lists/rel-next/", DEAD, "incomplete", 51, "1 page could not be read: {url}?page=3 answered"),
        ("numbers-query", "/lists/stated/", Fault(status=404), "incomplete", 51, "page 3 ({path}?page=3) is missing"),
        # A chain is killed.
        ("found-alone", "/lists/rel-next/", NO_NEXT, "unknown", ALL, "page 3 ({path}?page=3) leads no further"),
        ("next", "/lists/last-empty/", NO_NEXT, "unknown", ALL, "page 3 ({path}?page=3) leads no further"),
        # A list page is empty.
        ("numbers-stated", "/lists/stated/", EMPTY, "incomplete", 51, "page 3 ({path}?page=3) shows no new record"),
        ("numbers", "/lists/numbers/", EMPTY, "incomplete", 51, "page 3 ({path}3/) shows no new record, though page 7"),
        ("found-alone", "/lists/rel-next/", EMPTY, "incomplete", 51, "page 3 ({path}?page=3) shows no new record"),
        # A record is hidden.
        (
            "next-stated",
            "/lists/stated-next/",
            ONE_HIDDEN,
            "incomplete",
            60,
            "the list {path} states 61 records and shows 60",
        ),
        (
            "numbers-stated",
            "/lists/stated/",
            ONE_HIDDEN,
            "unknown",
            60,
            "page 3 ({path}?page=3) shows 9 records, the other",
        ),
        (
            "found-alone",
            "/lists/rel-next/",
            ONE_HIDDEN,
            "unknown",
            60,
            "page 3 ({path}?page=3) shows 9 records, the other",
        ),
        # A page is repeated.
        (
            "numbers-stated",
            "/lists/stated/",
            "?page=2",
            "incomplete",
            51,
            "page 3 ({path}?page=3) shows the same records as",
        ),
        ("numbers", "/lists/numbers/", "2/", "incomplete", 51, "page 3 ({path}3/) shows the same records as page 2"),
        (
            "found-alone",
            "/lists/rel-next/",
            "?page=2",
            "incomplete",
            51,
            "page 3 ({path}?page=3) shows the same records",
        ),
    ],
)
def test_a_damaged_page_3_is_named(
    swathe: Swathe,
    database: Mongo,
    spider: str,
    path: str,
    fault: Fault | str,
    verdict: str,
    stored: int,
    reason: str,
) -> None:
    page = f"{path}3/" if spider == "numbers" else f"{path}?page=3"
    wrong = Fault(serve_as=path + fault) if isinstance(fault, str) else fault
    with PracticeServer(faults={page: wrong}) as server:
        crawl(swathe, spider, server.url.rstrip("/") + path, code=3, RETRY_TIMES="0")
        expected = reason.format(url=server.url.rstrip("/") + path, path=path)
    run = last_run(database)
    assert (run["state"], run["verdict"]) == ("finished", verdict), run["reasons"]
    assert run["reasons"][0].startswith(expected), run["reasons"]
    assert database.quotes.count_documents({}) == stored


@pytest.mark.parametrize(
    ("spider", "path", "verdict", "stored", "reason"),
    [
        ("next-total", "lists/capped/", "incomplete", 30, "the list /lists/capped/ states 61 records and shows 30"),
        ("next-total", "lists/totals/wrong/", "incomplete", ALL, "states 1000 records and shows 61"),
        (
            "next-total",
            "lists/totals/word/",
            "unknown",
            ALL,
            "its total is 'many results', expected a number at '.total'",
        ),
        ("next", "lists/loop/a/", "unknown", 20, "page 2 leads back to page 1"),
        ("next", "lists/sessions/", "unknown", ALL, "page 8 shows the same records as page 1, though it links on"),
        ("next", "lists/same/", "unknown", 10, "page 2 shows the same records as page 1, though it links on"),
        ("next", "lists/calendar/?month=2026-01", "unknown", ALL, "left after 3 pages in a row without a new record"),
        ("many-next", "lists/many-next/", "unknown", ALL, "'a.next' found 6 links, expected one"),
        ("api-cursor", "lists/api/cursor-loop", "unknown", 20, "page 2 leads back to page 2"),
        ("next", "lists/script-next/", "unknown", 10, "the next link is a script (javascript:void(0))"),
        (
            "nothing",
            "lists/stated-next/",
            "unknown",
            10,
            "is one page (no next link), but the link 'Next →' leads to /lists/stated-next/?page=2",
        ),
        ("at-least", "lists/stated/", "incomplete", ALL, "61 quotes were found, the spider expects 62 or more"),
        ("no-record", "books/", "incomplete", 0, "80 records' pages gave no record, the first is http://"),
    ],
)
def test_a_list_that_goes_astray_ends_with_a_reason(
    swathe: Swathe,
    database: Mongo,
    site: PracticeServer,
    spider: str,
    path: str,
    verdict: str,
    stored: int,
    reason: str,
) -> None:
    crawl(swathe, spider, site.url + path, code=3)
    run = last_run(database)
    assert (run["state"], run["verdict"]) == ("finished", verdict), run["reasons"]
    assert any(reason in line for line in run["reasons"]), run["reasons"]
    assert database.quotes.count_documents({}) == stored


def test_a_selector_that_matches_nothing_is_noted_where_one_page_may_be_all(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    result = crawl(swathe, "nothing", f"{site.url}lists/numbers/")
    run = last_run(database)
    assert (run["verdict"], run["reasons"]) == ("complete", [])
    note = "no page after the first was found on /lists/numbers/ or any other list: is one page all?"
    assert run["notes"] == [note]
    assert f"note: {note}" in result.err


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("<html><h1>Sign in</h1>", "text/html", "answered '<html><h1>Sign in</h1>' (text/html), expected JSON"),
        ("<html>", "application/json", "answered '<html>' (application/json), expected JSON"),
        ('{"data": {"items": {}}}', "application/json", "has a dict at 'data.items', expected a list"),
    ],
)
def test_json_that_is_something_else_is_a_page_that_could_not_be_read(
    swathe: Swathe, database: Mongo, body: str, kind: str, reason: str
) -> None:
    with PracticeServer(faults={"/lists/api/pages?page=3": Fault(body=body, content_type=kind)}) as server:
        crawl(swathe, "api-pages", f"{server.url}lists/api/", code=3)
    run = last_run(database)
    assert run["reasons"][0] == f"1 page could not be read: {server.url}lists/api/pages?page=3 {reason}"
    assert database.quotes.count_documents({}) == 51


HOSTILE = """<p class=state>Page 1 of 99999999</p><p class=total><strong>999999999</strong> results</p>
<div class=quote><span class=text>One</span><small class=author>Ann</small></div>{next}"""


@pytest.mark.parametrize(
    ("spider", "path", "body", "verdict", "reason"),
    [
        (
            "numbers-stated",
            "/lists/stated/",
            HOSTILE,
            "incomplete",
            "99999999 pages, and nothing new came after page 1",
        ),
        (
            "next-stated",
            "/lists/stated/",
            HOSTILE,
            "incomplete",
            "99999999 pages, and nothing leads further than page 1",
        ),
        (
            "next",
            "/lists/rel-next/",
            HOSTILE.format(next='<li class=next><a href="http://elsewhere.invalid/?page=2">Next</a>'),
            "incomplete",
            "broke off at page 2 (http://elsewhere.invalid/?page=2), which leads off the site",
        ),
        ("tags", "/lists/tags/", "<p>Nothing here", "incomplete", "'ul.tags a' found no link to a list on http://"),
        ("sitemap-authors", "/sitemap.xml", "<html><body>Not found", "incomplete", "/sitemap.xml is not a sitemap"),
        ("feed", "/feeds/quotes.rss", "/etc/passwd", "incomplete", "/feeds/quotes.rss is not a feed"),
        ("load-more", "/lists/load-more/", "", "unknown", "no record was found on 1 page: did the layout change?"),
    ],
)
def test_a_hostile_or_useless_page_ends_its_list_with_a_reason(
    swathe: Swathe, database: Mongo, spider: str, path: str, body: str, verdict: str, reason: str
) -> None:
    kind = "application/xml" if "sitemap" in spider or spider == "feed" else "text/html"
    with PracticeServer(faults={path: Fault(body=body.replace("{next}", ""), content_type=kind)}) as server:
        start = server.url if "sitemap" in spider else server.url.rstrip("/") + path
        crawl(swathe, spider, start, code=3)
        assert len(server.requests) < 60
    run = last_run(database)
    assert run["verdict"] == verdict
    assert any(reason in line for line in run["reasons"]), run["reasons"]


def test_fewer_records_than_the_last_complete_runs_had_are_doubted_until_they_last(
    swathe: Swathe, database: Mongo
) -> None:
    with PracticeServer() as server:
        start = f"{server.url}lists/api/cursor"
        crawl(swathe, "api-cursor", start)
        third = [request.path for request in server.requests if "cursor=" in request.path][1]
        # Without a total, nothing on the site tells that the API stops early.
        server.faults[third] = NO_NEXT
        verdicts = []
        for code in (3, 3, 0):
            crawl(swathe, "api-cursor", start, code=code)
            verdicts.append(last_run(database))
    assert [run["verdict"] for run in verdicts] == ["unknown", "unknown", "complete"]
    assert verdicts[0]["reasons"] == ["30 quotes were found, the last complete runs found 61"]


def test_a_crawl_that_was_limited_is_not_blamed_for_what_the_limit_left_out(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    start = f"{site.url}lists/stated-next/"
    command = ["crawl", "quotes", "--start", start, "--max-pages", "3"]
    swathe(*command, code=3)
    assert last_run(database)["reasons"] == ["the limit of 3 pages was reached"]


def test_every_list_is_kept_with_what_was_seen_of_it(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    crawl(swathe, "next-stated", f"{site.url}lists/stated-next/")
    assert quotes(database) == truth(site.site.quotes)
    assert last_run(database)["lists"] == [
        {
            "start": f"{site.url}lists/stated-next/",
            "pages": 7,
            "entries": 61,
            "stated_total": 61,
            "stated_pages": 7,
            "end": "no next link",
            "against": "",
        }
    ]


def _captcha_third(asked: Asked) -> str:
    number = int(asked.query.get("after", "k1")[1:])
    more = f'<a class=next href="/?after=k{number + 1}">Next</a>' if number < 5 else ""
    shown = rows(names(5 * number - 4, 5 * number), more=more)
    return "<html><body><h1>Are you a robot?</h1></body></html>" if number == 3 else shown


def _next_by_script(asked: Asked) -> str:
    return rows(names(1, 5), more='<a class=next href="#" onclick="show(2)">Next</a>')


@pytest.mark.parametrize(
    ("site", "found", "reason"),
    [
        (_captcha_third, 10, "page 3 (/?after=k3) shows no entry and shows a captcha"),
        (
            _next_by_script,
            5,
            "the list / is one page (no next link), but the link 'Next' runs a script (show(2))",
        ),
    ],
)
def test_what_leads_to_a_page_is_held_against_the_list(
    swathe: Swathe, database: Mongo, site: Callable[[Asked], str], found: int, reason: str
) -> None:
    with OddSite(site) as odd:
        assert crawled(swathe, database, "rows", odd.url, code=3) == (names(1, found), "unknown", [reason])


def _api(asked: Asked, **more: Any) -> Answer:
    """Return a page of an API with 15 things, which ends after 10 of them."""
    at = int(asked.query.get("cursor") or int(asked.query.get("offset", 0)) // 5)
    found = [{"name": name} for name in names(5 * at + 1, 5 * at + 5)] if at < 2 else []
    data = {"items": found, "data": {"items": found, **more}, **({"next_cursor": "1"} if at == 0 else {}), **more}
    return Answer(json.dumps(data), kind="application/json")


@pytest.mark.parametrize(
    ("spider", "said", "told"),
    [
        ("token", {"has_more": True}, "has_more is True"),
        ("token", {"total": 15}, "total is 15"),
        ("counted", {"total": 15}, "total is 15"),
        ("token", {"has_more": False, "total": 10}, ""),
    ],
)
def test_what_a_later_answer_of_an_api_says_is_held_against_its_list(
    swathe: Swathe, database: Mongo, spider: str, said: dict[str, Any], told: str
) -> None:
    with OddSite(lambda asked: _api(asked, **said)) as odd:
        stored, verdict, reasons = crawled(swathe, database, spider, odd.url, code=3 if told else 0)
    assert (stored, verdict) == (names(1, 10), "unknown" if told else "complete")
    assert [reason for reason in reasons if f"but its answer says so: {told}" not in reason] == []


def test_what_a_script_is_to_fill_in_is_no_entry(swathe: Swathe, database: Mongo) -> None:
    def site(_: Asked) -> str:
        return rows(names(1, 3), more="<template><li class=item><a class=t href=#>{{name}}</a></li></template>")

    with OddSite(site) as odd:
        assert crawled(swathe, database, "rows", odd.url) == (names(1, 3), "complete", [])


def _twice(asked: Asked) -> str:
    """Return a list that shows two things of one name, which lead elsewhere."""
    return rows(names(1, 3), "/a/{}").replace("</ul>", '<li class=item><a class=t href="/b">Thing 02</a></li></ul>')


def _cut_by_its_program(asked: Asked) -> str:
    if asked.path == "/":
        return rows(names(1, 4), "/item/{}")
    return thing(asked.path).removesuffix("</body></html>" if asked.path == "/item/03" else "")


def _shop_page(number: str) -> str:
    parts = "".join(f"<div class=part-{letter}>{letter}</div>" for letter in "abcdef")
    return f"<html><head><title>Thing - Shop</title></head><body><h1>Thing {number}</h1>{parts}</body></html>"


def _fails_at_third(asked: Asked) -> str:
    if asked.path == "/":
        return rows(names(1, 4), "/item/{}")
    if asked.path == "/item/03":
        return "<html><head><title>Error 500</title></head><body><h1>Internal Server Error</h1></body></html>"
    return _shop_page(asked.path[-2:])


def _third_is(title: str, rest: str) -> Callable[[Asked], Answer | str]:
    def site(asked: Asked) -> Answer | str:
        if asked.path == "/":
            return rows(names(1, 4), "/item/{}")
        if asked.path == "/item/03" and not title:
            return Answer(status=302, headers={"Location": "/elsewhere/toys"})
        if asked.path in ("/item/03", "/elsewhere/toys"):
            return f"<html><head><title>{title}</title></head><body><h1>Thing 00</h1>{rest}</body></html>"
        return _shop_page(asked.path[-2:])

    return site


def _same_for_all(asked: Asked) -> str:
    if asked.path == "/":
        return rows(names(1, 9), "/item/{}")
    number = asked.path[-2:]
    return _shop_page(number if number > "03" else "00")


def _sold_leads_home(asked: Asked) -> Answer | str:
    if asked.path == "/item/03":
        return Answer(status=302, headers={"Location": "/"})
    return rows(names(1, 4), "/item/{}", more="<h1>Thing 00</h1>") if asked.path == "/" else _shop_page(asked.path[-2:])


@pytest.mark.parametrize(
    ("site", "found", "told"),
    [
        (_fails_at_third, [*names(1, 2), "Thing 04", "Internal Server Error"], "1 record's page may be another page "
            "that stands in its place, the first says that something failed: {}item/03"),
        (_third_is("Shop", '<form><input type="password"></form>'), ["Thing 00", *names(1, 2), "Thing 04"], "1 "
            "record's page may be another page that stands in its place, the first asks for a password: {}item/03"),
        (_third_is("This thing is no longer available", ""), ["Thing 00", *names(1, 2), "Thing 04"], "1 record's page "
            "may be another page that stands in its place, the first says that there is no such page: {}item/03"),
        (_third_is("", "<ul><li>Toys</ul>"), ["Thing 00", *names(1, 2), "Thing 04"], "1 record's page may be another "
            "page that stands in its place, the first leads to another page: {}item/03"),
        (_third_is("Thing - Shop", "<b>Fatal error</b>: Uncaught"), ["Thing 00", *names(1, 2), "Thing 04"], "1 "
            "record's page may be another page that stands in its place, the first breaks off with an error of its "
            "program: {}item/03"),
        (_sold_leads_home, ["Thing 00", *names(1, 2), "Thing 04"], "1 record's page may be another page that stands in "
            "its place, the first leads to a list: {}item/03"),
        (_same_for_all, ["Thing 00", *names(4, 9)], "3 records' pages gave one and the same record, one of them "
            "{}item/"),
    ],
)  # fmt: skip
def test_what_stands_in_a_records_place_is_held_against_the_run(
    swathe: Swathe, database: Mongo, site: Callable[[Asked], Answer | str], found: list[str], told: str
) -> None:
    with OddSite(site) as odd:
        stored, verdict, reasons = crawled(swathe, database, "pages", odd.url, code=3)
        assert (sorted(stored), verdict, len(reasons)) == (sorted(found), "unknown", 1)
        assert reasons[0].startswith(told.format(odd.url))


def test_a_record_that_is_called_like_an_error_is_none(swathe: Swathe, database: Mongo) -> None:
    def site(asked: Asked) -> str:
        if asked.path == "/":
            return rows(names(1, 3), "/item/{}")
        return _shop_page(asked.path[-2:]).replace("Thing 02", "Access Denied").replace("Thing 03", "Just a Moment")

    with OddSite(site) as odd:
        stored, verdict, reasons = crawled(swathe, database, "pages", odd.url, code=0)
    assert (sorted(stored), verdict, reasons) == (["Access Denied", "Just a Moment", "Thing 01"], "complete", [])


def test_what_records_and_their_pages_show_is_held_against_them(swathe: Swathe, database: Mongo) -> None:
    for spider, site, count, told in [
        ("rows", _twice, 3, "1 page shows different records under one key, the first: {} shows quotes 'Thing 02 / odd' "
            "with two values of `goodreads_url`: does the key tell them apart?"),
        ("pages", _cut_by_its_program, 4, "1 record's page lacks the closing tag that others like it have: {}item/03, "
            "cut off?"),
    ]:  # fmt: skip
        database.client.drop_database(database.name)
        with OddSite(site) as odd:
            reason = told.format(odd.url)
            assert crawled(swathe, database, spider, odd.url, code=3) == (names(1, count), "unknown", [reason])


def test_the_last_line_counts_each_record_once(swathe: Swathe, database: Mongo) -> None:
    shown = {1: names(1, 5), 2: [*names(5, 5), *names(6, 9)]}

    def site(asked: Asked) -> str:
        number = int(asked.query.get("page", 1))
        return rows(shown[number], "/{}", '<a class=next href="/?page=2">Next</a>' if number == 1 else "")

    with OddSite(lambda asked: site(asked) if asked.query.get("page", "1") in "12" else Answer(status=404)) as odd:
        result = crawl(swathe, "rows", odd.url, SPIDER_MODULES="odd_spiders")
    assert "records 9 new, 0 changed, 0 unchanged, 0 refused" in result.err
    assert last_run(database)["records"] == {"quotes": 9}
    assert last_run(database)["counts"]["items_unchanged"] == 1, "what the pages showed"


@pytest.mark.parametrize(
    ("listed", "leads", "count", "told"),
    [
        (("a", "b", "c"), {"/c": "/b"}, 10, "from /c to /b"),
        (("a", "b", "c"), {"/c": "/b?from=c"}, 10, "from /c to /b?from=c"),
        (("a", "b", "c", "d"), {"/c": "/elsewhere", "/d": "/elsewhere"}, 15, "from /c to /elsewhere"),
        (("a", "b", "C"), {"/C": "/c/"}, 15, ""),
        (("a", "b", "c/", "C"), {"/C": "/c/"}, 15, ""),
        (("a", "b", "old"), {"/old": "/c"}, 15, ""),
        (("a?x=1&y=2", "b", "c", "a?y=2&x=1"), {"/a?y=2&x=1": "/a?x=1&y=2"}, 15, ""),
    ],
)
def test_a_list_that_is_redirected_to_another_is_told(
    swathe: Swathe, database: Mongo, listed: tuple[str, ...], leads: dict[str, str], count: int, told: str
) -> None:
    def site(asked: Asked) -> Answer:
        if to := leads.get(asked.target):
            return Answer(status=301, headers={"Location": to})
        if asked.path == "/":
            return Answer("".join(f'<a class=cat href="/{name}">{name}</a>' for name in listed))
        first = {"a": 1, "b": 6}.get(asked.path.strip("/"), 11)
        return Answer(rows(names(first, first + 4)))

    with OddSite(site) as odd:
        found, verdict, reasons = crawled(swathe, database, "undeclared", odd.url, code=3 if told else 0)
    assert (len(found), verdict) == (count, "unknown" if told else "complete")
    assert [told in reason for reason in reasons] == ([True] if told else [])
