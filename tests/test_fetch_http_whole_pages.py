"""Pages that break off without an announced length, and servers behind Cloudflare that do not answer."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, names, rows, thing
from scrapy.http import Response

from scraper.fetch.http.responses import HtmlPage, JsonPage, TextPage, XmlPage
from scraper.fetch.http.whole_pages import breaks_off

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]


@pytest.mark.parametrize(
    ("body", "is_cut"),
    [
        ("<html><body><ul><li>a</li></ul></body></html>\n<!-- 0.2 s -->", False),
        ("<!DOCTYPE html><HTML><p>a</BODY>", False),
        ("<html><body><ul><li>a</li></ul>", True),
        ("<html><body></html", True),
        ("", True),
        ("<h1>Thing</h1>", False),
        ("<title>t</title><p>One<p>Two", False),
        ("<ul><li>One<li>Two</ul>", False),
        ("<ul><li>One<li>Two", True),
        ("<p>One <a hre", True),
        ("<script>if (a < b) '<div>'</script><p>One", False),
        ("<script>if (a", True),
        ("<p>One<!-- <div> --><p>Two", False),
        ("<p>One<!-- and", True),
        ("just text", False),
    ],
)
def test_html_is_whole_or_breaks_off(body: str, is_cut: bool) -> None:
    assert breaks_off(HtmlPage("http://h/", body=body.encode(), encoding="utf-8")) == is_cut


def test_json_and_xml_break_off_as_well_and_of_other_text_nothing_is_known() -> None:
    def cut(kind: Any, body: str) -> bool:
        return breaks_off(kind("http://h/", body=body.encode(), encoding="utf-8"))

    assert [cut(JsonPage, body) for body in ('{"a": [1]}', '{"a": [1', "")] == [False, True, True]
    texts = ("<?xml version='1.0'?><a><b/></a>\n", "<a/>", "<!-- <x> --><a><b></b>", "", "<a")
    assert [cut(XmlPage, body) for body in texts] == [False, False, True, True, True]
    assert not cut(TextPage, "a;b;")
    assert not breaks_off(Response("http://h/", body=b"\x00"))


def test_looking_for_the_end_takes_no_time_that_grows_with_the_square() -> None:
    started = time.process_time()
    for piece in ("<script", "<script>", "<!--", "<div ", "<a", "<"):
        breaks_off(HtmlPage("http://h/", body=(piece * 30_000).encode(), encoding="utf-8"))
        breaks_off(XmlPage("http://h/", body=(piece * 30_000).encode(), encoding="utf-8"))
    assert time.process_time() - started < 20


def test_a_page_that_breaks_off_is_asked_for_again_and_one_that_stays_so_is_dead(
    swathe: Swathe, database: Mongo
) -> None:
    times: Counter[str] = Counter()

    def answer(asked: Asked) -> Answer | str:
        times[asked.path] += 1
        if asked.path == "/":
            return Answer(rows(names(1, 4), "/item/{}"), ends_with_connection=True)
        whole = thing(asked.path)
        is_cut = asked.path == "/item/03" or (asked.path == "/item/02" and times[asked.path] == 1)
        return Answer(whole[:-20] if is_cut else whole, ends_with_connection=True)

    with OddSite(answer) as site:
        found, verdict, reasons = crawled(swathe, database, "pages", site.url, 3)
    assert (found, verdict) == (["Thing 01", "Thing 02", "Thing 04"], "incomplete")
    assert reasons == [
        f"1 page could not be read: {site.url}item/03 "
        "broke off: its connection ended before the page did (tried 2 times)"
    ]
    assert times == {"/": 1, "/item/01": 1, "/item/02": 2, "/item/03": 2, "/item/04": 1}


def test_what_cloudflare_says_of_a_server_is_asked_again(swathe: Swathe, database: Mongo) -> None:
    times: Counter[str] = Counter()

    def answer(asked: Asked) -> Answer | str:
        times[asked.path] += 1
        if asked.path == "/":
            return rows(names(20, 30), "/item/{}")
        return Answer(status=500 + int(asked.path[-2:])) if times[asked.path] == 1 else thing(asked.path)

    with OddSite(answer) as site:
        assert crawled(swathe, database, "pages", site.url) == (names(20, 30), "complete", [])
