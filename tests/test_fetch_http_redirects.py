"""Redirects belong to the page that was asked for; refreshes are followed when they come at once and lead elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, names, rows, thing
from scrapy import Request
from support import last_run

from scraper.fetch.http.redirects import Detours, original_of, refresh_target
from scraper.fetch.http.responses import HtmlPage

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

ONE_AT_A_TIME = {"SWATHE_CRAWL_CONCURRENCY": "1"}


def to(place: str, **headers: str) -> Answer:
    return Answer(status=302, headers={"Location": place, **headers})


def test_pages_that_lead_over_one_address_and_back_are_all_read(swathe: Swathe, database: Mongo) -> None:
    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/":
            return rows(names(1, 5), "/item/{}")
        if asked.path == "/region":
            return to("/item/" + asked.cookie.split("to=")[1][:2], **{"Set-Cookie": "region=eu; Path=/"})
        if "region=eu" in asked.cookie:
            return thing(asked.path)
        return to("/region", **{"Set-Cookie": f"to={asked.path[-2:]}; Path=/"})

    with OddSite(answer) as site:
        found = crawled(swathe, database, "pages", site.url, **ONE_AT_A_TIME)
    assert found == (names(1, 5), "complete", [])
    assert site.paths.count("/region") == 1, "the cookie is there before the next page is asked for"


def test_several_pages_that_lead_to_one_are_each_counted(swathe: Swathe, database: Mongo) -> None:
    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/":
            return rows(names(1, 4), "/item/{}")
        if asked.path in ("/item/02", "/item/03"):
            return to("/moved/05")
        return to("/gone") if asked.path == "/item/01" else "Sold" if asked.path == "/gone" else thing(asked.path)

    with OddSite(answer) as site:
        found, verdict, reasons = crawled(swathe, database, "pages", site.url, 3)
    assert (verdict, site.paths.count("/moved/05")) == ("incomplete", 2)
    assert found == ["Thing 04", "Thing 05"]
    assert reasons[0] == "1 record was refused", "there is none on the page that was led to"
    assert reasons[1].startswith(f"1 record's page was redirected to where another's led ({site.url}moved/05)")


def test_a_page_that_redirects_to_itself_until_it_has_its_cookie_is_read(swathe: Swathe, database: Mongo) -> None:
    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/":
            return rows(names(1, 3), "/item/{}")
        mark = f"seen{asked.path[-2:]}=1"
        return thing(asked.path) if mark in asked.cookie else to(asked.path, **{"Set-Cookie": mark})

    with OddSite(answer) as site:
        assert crawled(swathe, database, "pages", site.url) == (names(1, 3), "complete", [])


def test_a_redirect_without_end_is_a_dead_page_of_the_one_that_was_asked_for(swathe: Swathe, database: Mongo) -> None:
    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/":
            return rows(names(1, 3), "/item/{}")
        return to("/loop") if asked.path in ("/item/02", "/loop") else thing(asked.path)

    with OddSite(answer) as site:
        found, verdict, reasons = crawled(swathe, database, "pages", site.url, 3)
    assert (found, verdict) == (["Thing 01", "Thing 03"], "incomplete")
    assert reasons == [f"1 page could not be read: {site.url}item/02 redirects without end"]


def test_what_goes_wrong_where_a_redirect_leads_is_a_dead_letter_of_the_page(swathe: Swathe, database: Mongo) -> None:
    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/":
            return rows(names(1, 3), "/item/{}")
        return to("/boom") if asked.path == "/item/02" else thing(asked.path)

    with OddSite(answer) as site:
        found, verdict, _ = crawled(swathe, database, "raising", site.url, 3)
    assert (found, verdict) == (["Thing 01", "Thing 03"], "incomplete")
    run = last_run(database)
    assert run["dead_letters"] == 1, "the request for item 2, which is tried again with --retry-dead"
    assert run["counts"]["requests"] == 6, "robots.txt, the list, three things, and where one of them led"


def test_an_expired_session_asks_for_the_page_again_and_not_for_the_form(swathe: Swathe, database: Mongo) -> None:
    state = {"session": 0, "left": 0}
    form = '<form method=post action="/login"><input name=username><input type=password name=password></form>'

    def answer(asked: Asked) -> Answer | str:
        is_in = f"s={state['session']};" in f"{asked.cookie};" and state["left"] > 0
        if asked.path == "/login" and asked.method == "POST":
            state.update(session=state["session"] + 1, left=100 if state["session"] else 6)
            return to("/", **{"Set-Cookie": f"s={state['session']}; Path=/"})
        if asked.path == "/login":
            # Whoever is logged in is led to the front page, which is no page of a record.
            return to("/") if is_in else form
        if not is_in:
            return to("/login")
        state["left"] -= 1
        out = '<a href="/logout">Log out</a>'
        return rows(names(1, 12), "/item/{}", more=out) if asked.path == "/" else thing(asked.path, out)

    with OddSite(answer) as site:
        assert crawled(swathe, database, "members", site.url) == (names(1, 12), "complete", [])
    assert state["session"] == 2, "however many pages noticed it, it is logged in once more"


def test_a_page_that_asks_a_member_to_log_in_is_not_the_page_that_members_are_led_to(
    swathe: Swathe, database: Mongo
) -> None:
    asked_for: list[str] = []

    def answer(asked: Asked) -> Answer | str:
        asked_for.append(asked.path)
        if asked.path == "/login" and asked.method == "POST":
            return to("/", **{"Set-Cookie": "s=1; Path=/"})
        if asked.path == "/login":
            return (
                to("/")
                if "s=1" in asked.cookie
                else "<form method=post><input name=username><input name=password></form>"
            )
        if asked.path == "/item/02" and asked_for.count("/item/02") == 1:
            return to("/login")
        out = '<a href="/logout">Log out</a><h1>Front page</h1>'
        return rows(names(1, 3), "/item/{}", more=out) if asked.path == "/" else thing(asked.path, out)

    with OddSite(answer) as site:
        assert crawled(swathe, database, "members", site.url) == (names(1, 3), "complete", [])


def test_pages_that_go_on_later_are_read_as_they_are(swathe: Swathe, database: Mongo) -> None:
    heads = {
        "01": '<meta http-equiv="refresh" content="90;url=/expired">',
        "02": '<meta http-equiv="Refresh" content="0">',
        "03": "<meta http-equiv=refresh content=\"0; URL='/item/03#top'\">",
        "04": '<meta http-equiv=refresh content="1;url=/real/04">',
    }

    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/":
            return rows(names(1, 6), "/item/{}")
        if asked.path in ("/expired", "/item/04"):
            return f"<html><head>{heads['04']}</head><h1>Your session has expired</h1></html>"
        if asked.path == "/item/05":
            return Answer(thing("05"), headers={"Refresh": "30; url=/expired"})
        if asked.path == "/item/06":
            return Answer("<h1>Wait</h1>", headers={"Refresh": "0; url=/real/06"})
        return f"<html><head>{heads.get(asked.path[-2:], '')}</head><h1>Thing {asked.path[-2:]}</h1></html>"

    with OddSite(answer) as site:
        assert crawled(swathe, database, "pages", site.url) == (names(1, 6), "complete", [])
    assert "/expired" not in site.paths


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0;url=/b", "http://h/b"),
        ("5; URL=b", "http://h/b"),
        ("2 , url = '/b' and more", "http://h/b"),
        (".5;/b", "http://h/b"),
        ("3 url=/b", "http://h/b"),
        ('0;url="\\b\\c"', "http://h/b/c"),
        ("6;url=/b", None),
        ("90;url=/b", None),
        ("99999999999999999999;url=/b", None),
        ("0", None),
        ("0;url=", None),
        ("0;url=/a#x", None),
        ("0;url=javascript:go()", None),
        ("0;url=http://[", None),
        ("soon;url=/b", None),
    ],
)
def test_a_refresh_is_read_as_browsers_read_it(content: str, target: str | None) -> None:
    meta = f'<title>a</title><meta http-equiv=ReFresh content="{escape(content)}">'
    page = HtmlPage("http://h/a", body=meta.encode(), encoding="utf-8")
    assert refresh_target(page) == target
    assert refresh_target(HtmlPage("http://h/a", headers={"Refresh": content}, encoding="utf-8")) == target


def test_a_refresh_that_is_shown_to_nobody_is_none() -> None:
    hidden = (
        b"<noscript><meta http-equiv=refresh content='0;url=/b'></noscript><!-- <meta http-equiv=refresh content=0> -->"
    )
    assert refresh_target(HtmlPage("http://h/a", body=hidden, encoding="utf-8")) is None


def test_the_request_that_redirects_led_on_from_is_known_with_its_body() -> None:
    meta = {
        "redirect_times": 2,
        "redirect_urls": ["http://h/search", "http://h/a"],
        "swathe_sent_first": ["POST", "q=\xe9", "application/x-www-form-urlencoded"],
        "depth": 3,
    }
    first = original_of(Request("http://h/login", meta=meta))
    assert (first.method, first.url, first.body, first.meta) == ("POST", "http://h/search", b"q=\xe9", {"depth": 3})
    assert first.headers["Content-Type"] == b"application/x-www-form-urlencoded"


def test_detours_that_end_at_one_another_are_noticed() -> None:
    def page(*urls: str) -> HtmlPage:
        end, *before = (f"http://h/{url}" for url in urls)
        return HtmlPage(end, request=Request(end, meta={"redirect_urls": before} if before else {}))

    detours = Detours()
    alone = [("c", "a"), ("c",), ("d", "d"), ("f", "e"), ("c", "a")]
    assert not any(detours.is_astray(page(*urls)) for urls in alone)
    assert detours.is_astray(page("c", "b")), "a ended at c as well"
    assert detours.is_astray(page("d", "g")), "d came back to itself, and g ended there as well"
    assert detours.is_astray(page("h", "f")), "e ended at f, which itself led elsewhere"
