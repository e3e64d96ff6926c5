"""Pages that are made to keep a crawl busy: their reading takes bounded time, and the pages beside them are stored."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, names, rows, started, thing
from odd_spiders import Rows
from scrapy.http import HtmlResponse, JsonResponse, Request
from scrapy.utils.test import get_crawler
from support import configured, last_run, until

from scraper.crawl import list_reader
from scraper.crawl.attempt import PAUSE_AFTER_S, attempt
from scraper.crawl.script_signs import signs_of_script
from scraper.crawl.url_template import template_of
from scraper.fetch.http.markup import _ODD, MOST_ATTRIBUTES, MarkupRefusedError, has_endless_tag, refuse_markup
from scraper.fetch.http.redirects import refresh_target
from scraper.fetch.http.whole_pages import breaks_off
from scraper.page_data import data_in
from scraper.paging import NextLink, Postback
from scraper.paging.entries import identity_of
from scraper.paging.kind import ListPage, Pagination
from scraper.paging.leads import leads_of
from scraper.paging.links import header_links
from scraper.paging.numbering import Numbering, skipped
from scraper.paging.skeleton import skeleton_of
from scraper.paging.values import NotJsonError, decoded, in_html, stated_number
from scraper.paging.words import pages_stated, says_more, says_next, total_stated
from scraper.paging.xml_documents import xml_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

UNITS = (
    *(
        "1 ",
        "1,",
        "of ",
        "1 of 2 ",
        "-",
        "next ",
        "page=2&",
        "/2",
        "2-",
        "\t",
        "<",
        "<a",
        "<a ",
        "</",
        "<!--",
        "&",
        "&a",
    ),
    *(
        "<a>",
        "<p>",
        "<a href=/2>-",
        "<a rel=next href=2>",
        "<script>",
        "<div id=app>",
        "<noscript>",
        "<?xml",
        "<![CDATA[",
    ),
    *("<meta http-equiv=refresh content=0;", "<itemscope itemprop=a>", "var a={", "[", '{"a":', "__doPostBack('", "'"),
)
LENGTH, LIMIT_S = 100_000, 2.0

READERS: dict[str, Callable[[str], object]] = {
    "stated_number": stated_number,
    "in_html": lambda text: in_html(page(f"<p>{text}"), "p"),
    "Numbering.learn": lambda text: Numbering.learn(f"http://h/{text}", 2),
    "header_links": lambda text: header_links(page("", {"Link": text.encode("latin-1", "replace")})),
    "leads_of": lambda text: leads_of(ListPage(page(f"<a href=/2>{text}"), Pagination(), 1)),
    "leads_of, in classes": lambda text: leads_of(
        ListPage(page("<div class=next role=button>" * 300 + text), Pagination(), 1)
    ),
    "skeleton_of": lambda text: skeleton_of(ListPage(page(f"<p>{text}"), Pagination(), 1)),
    "skipped": lambda text: skipped({1: f"/{text}", 2: f"/{text}?page=2", 3: f"/{text}?page=4"}),
    "says_next": says_next,
    "says_more": says_more,
    "pages_stated": pages_stated,
    "total_stated": total_stated,
    "NextLink": lambda text: NextLink("a").following(ListPage(page(f"<a href='/{text}'>{text}"), Pagination(), 1)),
    "Postback": lambda text: Postback("a").following(ListPage(page(f"<a href='{text}'>{text}"), Pagination(), 1)),
    "template_of": lambda text: template_of(f"http://h/{text}?{text}"),
    "identity_of": lambda text: identity_of(text, (Request("http://h/?" + text.replace("[", "(")),)),
    "xml_document": lambda text: xml_document(page(text), f"<?xml version='1.0'?><rss>{text}".encode()),
    "breaks_off": lambda text: breaks_off(page(text)),
    "refresh_target": lambda text: refresh_target(page(f"<meta http-equiv=refresh content='{text}'>{text}")),
    "signs_of_script": lambda text: signs_of_script(page(text)),
    "has_endless_tag": lambda text: has_endless_tag(text.encode()),
}


def page(text: str, headers: dict[str, Any] | None = None) -> HtmlResponse:
    return HtmlResponse("http://h/", body=text.encode(), headers=headers, encoding="utf-8")


@pytest.mark.parametrize("name", READERS)
def test_what_reads_a_page_is_done_with_a_hostile_one_in_time(name: str) -> None:
    """Anything worse than linear takes many times as long."""
    for unit in UNITS:
        for end in ("", "x>\n2"):
            begin = time.thread_time()
            READERS[name](unit * (LENGTH // len(unit)) + end)
            assert time.thread_time() - begin < LIMIT_S, f"{unit!r}, then {end!r}"


def test_a_total_is_the_number_behind_the_last_of_however_many_numbers_there_are() -> None:
    assert stated_number("1 " * 40_000) is None
    assert stated_number("1 " * 40_000 + "of 7, on 2 pages") == 7


def tag(attributes: int, value: str = "1") -> bytes:
    return f"<p {' '.join(f'a{number}={value}' for number in range(attributes))}>x</p>".encode()


@pytest.mark.parametrize(
    "body",
    [
        tag(MOST_ATTRIBUTES + 1),
        tag(MOST_ATTRIBUTES + 1, "'>'"),
        b"<p" + b"/a" * (MOST_ATTRIBUTES + 1),
        b"<script>a</script>" + tag(MOST_ATTRIBUTES + 1),
        b"<script " + tag(MOST_ATTRIBUTES + 1)[3:],
        b"<!-->" + tag(MOST_ATTRIBUTES + 1),
        b"<\0p " + tag(MOST_ATTRIBUTES + 1)[3:],
        # What looks like a value in quotation marks, and is none.
        *(start + b"x " * (MOST_ATTRIBUTES + 1) + b'">' for start in (b'<a="', b'<p ="', b'<p a=b="', b'<p a="1"="')),
    ],
)
def test_a_tag_with_too_many_attributes_never_comes_to_the_parser(body: bytes) -> None:
    with pytest.raises(MarkupRefusedError, match="has a tag with more than 1000 attributes"):
        refuse_markup(HtmlResponse("http://h/", body=body, encoding="utf-8"))


def test_a_page_that_is_told_to_be_plain_at_once_has_no_such_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    draw, found = random.Random(5), Counter[tuple[bool, bool]]()
    parts = [*b"<|<a|>| |a|=|\"|'|/|=\"|='| b=|\n|!--|-->|<script|</script>".split(b"|")]

    def some(most: int) -> bytes:
        return b"".join(draw.choices(parts, k=draw.randrange(most)))

    for _ in range(4000):
        many = draw.choice([some(4) + b"a " + some(4), b"a ", b"x" + some(5) + b" "]) * draw.choice([700, 1001])
        body = some(6) + b"<p" + some(6) + many + some(8) + draw.choice([b">", b"", b"'>", b'">'])
        at_once = _ODD.search(body) is None
        with monkeypatch.context() as patch:
            patch.setattr("scraper.fetch.http.markup._ODD", re.compile(b""))
            found[at_once, has_endless_tag(body)] += 1
    assert not found[True, True]
    assert found[True, False] > 100 < found[False, True]


@pytest.mark.parametrize(
    "body",
    [
        tag(MOST_ATTRIBUTES) * 3,
        b"<script>if (a<b " + b"x y " * 5000 + b"</script><p>",
        b"<!-- " + tag(2000) + b" --><p>",
        b"<STYLE>a<b " + b"x y " * 5000,
        b"<p>a<br>" * 5000,
        b"<div>" * 1900 + b"</div>" * 1900,
        b"1 < 2 " * 5000,
    ],
)
def test_what_is_no_such_tag_is_read(body: bytes) -> None:
    refuse_markup(HtmlResponse("http://h/", body=body, encoding="utf-8"))


def test_a_page_that_the_parser_would_not_read_to_its_end_is_refused() -> None:
    """libxml2 stops at tags 2,048 deep, and says so to nobody."""
    for depth in (3000, 10**6):
        deep = page("<div>" * depth + "</div>" * depth + "<p class=total>5</p>")
        with pytest.raises(MarkupRefusedError, match="more than 2,000 tags within each other"):
            refuse_markup(deep)


def test_a_page_in_utf_16_is_looked_at_as_text() -> None:
    body = tag(MOST_ATTRIBUTES + 1).decode().encode("utf-16")
    with pytest.raises(MarkupRefusedError):
        refuse_markup(HtmlResponse("http://h/", body=body, encoding="utf-16"))


def test_json_of_a_million_levels_is_no_page() -> None:
    with pytest.raises(NotJsonError, match="expected JSON"):
        decoded(JsonResponse("http://h/", body=b"[" * 10**6 + b"]" * 10**6))
    assert data_in("<script type=application/json>" + "[" * 10**6 + "]" * 10**6 + "</script>") == []


HOSTILE = (
    "<p class=total>" + "1 " * 40_000 + "</p>"
    '<a href="/about">' + "-" * 4_000 + "x</a>"
    '<a class=next href="/?' + "page=2&" * 50_000 + '">n</a>'
)  # fmt: skip


def hostile(asked: Asked) -> Answer | str:
    if asked.path == "/" and not asked.query:
        return Answer(
            rows([f"Thing {number:02d}" for number in range(6)], "/item/{}", HOSTILE),
            lines=("Link: " + "<" * 15_000,) * 15,
        )
    if asked.path == "/":
        return rows([])
    number = int(asked.path[-2:])
    if number == 2:
        return thing(asked.path, tag(100_000).decode())
    if number == 3:
        return thing(asked.path, "<div>" * 10**6)
    return Answer(thing(asked.path), lines=tuple(f"X-{line}: y" for line in range(10**6 if number == 4 else 0)))


def test_hostile_pages_are_dead_with_their_reason_and_the_pages_beside_them_are_stored(
    swathe: Swathe, database: Mongo
) -> None:
    with OddSite(hostile) as site:
        found, verdict, reasons = crawled(swathe, database, "totalled", site.url, code=3)
    assert found == ["Thing 00", "Thing 01", "Thing 05"]
    assert verdict == "incomplete"
    problems = {problem["url"][-2:]: problem["what"] for problem in last_run(database)["problems"]}
    assert problems.keys() == {"02", "03", "04"}, reasons
    assert problems["02"] == "has a tag with more than 1000 attributes, which no page needs"
    assert problems["03"].startswith("has more than 2,000 tags within each other")


def test_a_page_with_more_entries_than_are_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_reader, "MOST_ENTRIES", 3)
    crawler = get_crawler(Rows, {"SWATHE": configured(), "DOWNLOAD_SLOTS": {}})
    spider = crawler.spider = Rows.from_crawler(crawler, start="http://h/")
    request = spider.lists.first_request()
    answer = HtmlResponse("http://h/", body=rows(names(1, 5)).encode(), request=request)
    outputs = list(spider.lists.read(answer, **request.cb_kwargs))
    assert [found.raw["text"] for found in outputs] == names(1, 3)
    event = spider.lists.event_of(request)
    assert event is not None and event.facts is not None  # noqa: PT018
    assert event.facts.fault == "has 5 entries, of which the first 3 were read"


def test_entries_are_read_with_pauses_that_let_other_things_go_on() -> None:
    def slow(_entry: Any) -> list[Any]:
        time.sleep(PAUSE_AFTER_S / 4)
        return []

    assert len(list(attempt("html", "", range(40), slow))) >= 5


def test_ctrl_c_ends_a_crawl_that_reads_a_page_of_80_000_links(swathe: Swathe, database: Mongo) -> None:
    entries = "".join(f"<li class=item><a class=t href=/{number}>x</a></li>" for number in range(80_000))
    body = f"<html><body>{entries}</body></html>"
    with OddSite(lambda asked: body if asked.path == "/" else Answer(status=404)) as site:
        crawl = started(swathe, "pages", site.url)
        until(
            lambda: (
                database.frontier.find_one({"state": {"$in": ["leased", "pending"]}, "url": {"$ne": site.url}})
                or crawl.poll()
            ),
            "links are stored",
            60,
        )
        begin = time.monotonic()
        crawl.send_signal(signal.SIGINT)
        _, err = crawl.communicate(timeout=60)
        took_s = time.monotonic() - begin
    assert "pages: interrupted: " in err
    assert "stopped before its end" in err
    assert database.frontier.find_one({"url": site.url})["state"] == "pending", "the page is read again by who goes on"
    assert took_s < 20
