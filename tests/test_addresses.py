"""Addresses as browsers make them: bases, encodings, backslashes, names of hosts, and routes behind the #."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from bson import ObjectId
from odd_site import Answer, Asked, OddSite, crawled, names, rows, thing
from odd_spiders import Pages
from scrapy import Request
from scrapy.http import TextResponse
from scrapy.responsetypes import responsetypes

from models.addresses import BaseUrl, browser_url, is_route
from models.quotes import Quote
from pipelines.clean import clean
from scraper.fetch.http.responses import HtmlPage, JsonPage, TextPage, XmlPage, base_of, register
from scraper.pages.document import as_document, as_response
from scraper.pages.redrive import Redrive
from scraper.pages.reread import TodaysSpiders
from scraper.paging.forms import find_form, submitted
from scraper.paging.links import absolute
from scraper.paging.numbered import joined, with_parameters
from scraper.storage.records.rejected import kept_of

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

PAGE = "http://shop.example/list/"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("\\item\\01", "http://shop.example/item/01"),
        ("\\\\cdn.example\\a?b\\c#d\\e", "http://cdn.example/a?b\\c#d\\e"),
        (" i\nt\tem ", "http://shop.example/list/item"),
        ("../%2e%2e/./a", "http://shop.example/a"),
        ("HTTP:///OTHER.example", "http://other.example/"),
        ("http://shop.example.:80/a", "http://shop.example/a"),
        ("http://shop.example.:8080", "http://shop.example:8080/"),
        ("http://straße.example/", "http://xn--strae-oqa.example/"),
        ("http://xn--strae-oqa.example./ß?ß", "http://xn--strae-oqa.example/%C3%9F?%C3%9F"),
        ("http://βόλος.example/", "http://xn--nxasmm1c.example/"),
        ("http://user.:80@shop.example/", "http://user.:80@shop.example/"),
    ],
)
def test_a_link_leads_where_a_browser_goes(link: str, url: str) -> None:
    assert browser_url(link, PAGE) == url
    assert browser_url(url, PAGE) == url


@pytest.mark.parametrize(
    "link", ["http://", "http://[", "http://a b/", "http://a:99999/", "//a..b:x/", "http://\ud800/"]
)
def test_a_broken_link_is_a_value_error(link: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        browser_url(link, PAGE)


@pytest.mark.parametrize(
    ("encoding", "query"),
    [
        ("utf-8", "q=%C3%A9%E2%82%AC%D0%96"),
        ("cp1252", "q=%E9%80%26%231046%3B"),
        ("utf-16-le", "q=%C3%A9%E2%82%AC%D0%96"),
        ("shift_jis", "q=%26%23233%3B%26%238364%3B%84G"),
        ("no-such-encoding", "q=%C3%A9%E2%82%AC%D0%96"),
    ],
)
def test_a_query_is_written_in_its_page_s_encoding_and_the_path_never(encoding: str, query: str) -> None:
    written = BaseUrl(PAGE, encoding).resolve("é?q=é€Ж#é")
    expected = query.replace("%26%23", "&#").replace("%3B", ";") if "no-such" in encoding else query
    assert unquote_to_bytes(urlsplit(written).query) == unquote_to_bytes(expected)
    assert urlsplit(written).path == "/list/%C3%A9"


@pytest.mark.parametrize(
    ("html", "base"),
    [
        ("<base href=/shop/>", "http://h/shop/"),
        (f"<head><!--{'x' * 9000}--><title>t</title><base href=/shop/>", "http://h/shop/"),
        ("<body><p>a<base target=_blank><BASE HREF='//cdn.example\\a\\'><base href=/late/>", "http://cdn.example/a/"),
        ("<!-- <base href=/no/> --><script>'<base href=/no/>'</script>", "http://h/list/page"),
        ("<base href=''>", "http://h/list/page"),
        ("<base href='javascript:go()'>", "http://h/list/page"),
        ("<base href='http://a b/'>", "http://h/list/page"),
        ("<b>no base at all</b>", "http://h/list/page"),
    ],
)
def test_the_first_base_with_an_address_counts_wherever_it_stands(html: str, base: str) -> None:
    for encoding in ("utf-8", "utf-16-le"):
        page = HtmlPage("http://h/list/page", body=html.encode(encoding), encoding=encoding)
        assert base_of(page) == base
        assert page.follow("item?é").url == browser_url("item?é", base)


def test_scrapy_makes_pages_of_answers_and_another_s_response_has_a_base_too() -> None:
    register()
    register()
    kinds = {"text/html": HtmlPage, "text/xml": XmlPage, "application/json": JsonPage, "text/plain": TextPage}
    assert {kind: responsetypes.from_mimetype(kind) for kind in kinds} == kinds
    plain = TextResponse("http://h/a", body=b"<base href=/b/>", encoding="utf-8")
    assert (base_of(plain), base_of(plain).encoding) == ("http://h/a", "utf-8")


def test_headers_of_what_a_utf_16_page_leads_to_are_no_utf_16() -> None:
    page = HtmlPage("http://h/", body="\ufeff<a href=b>é".encode("utf-16-le"), headers={"Content-Type": "text/html"})
    request = page.follow("b?é", headers={"Referer": page.url})
    assert (page.encoding, request.headers["Referer"], request.url) == ("utf-16-le", b"http://h/", "http://h/b?%C3%A9")


def test_a_page_that_calls_itself_utf_16_in_ascii_is_in_utf_8() -> None:
    page = HtmlPage("http://h/", body="<meta charset=utf-16><p>Kůň".encode())
    assert (page.encoding, page.css("p::text").get()) == ("utf-8", "Kůň")
    marked = HtmlPage("http://h/", body="\ufeff<meta charset=utf-16><p>Kůň".encode("utf-16-le"))
    assert (marked.encoding, marked.css("p::text").get()) == ("utf-16-le", "Kůň")


def test_a_record_s_links_go_by_its_page_s_base_and_encoding() -> None:
    body = "<base href='/shop/'><a href='it?q=caf\xe9'>".encode("latin-1")
    found = Quote.found(HtmlPage("http://h/list", body=body, encoding="cp1252"), goodreads_url="it?q=caf\xe9")
    clean(found)
    assert (found.values["goodreads_url"], found.values["url"]) == ("http://h/shop/it?q=caf%E9", "http://h/list")
    assert pickle.loads(pickle.dumps(found.base_url)).encoding == "cp1252"
    assert Quote.found(HtmlPage("http://h/list", body=b"", encoding="utf-8"), text="a").base_url == ""


def test_what_is_tried_again_from_its_raw_values_has_its_page_s_base_and_encoding(database: Mongo) -> None:
    body = "<base href='/shop/'><a href='it?q=caf\xe9'>".encode("latin-1")
    page = HtmlPage("http://h/list", body=body, encoding="cp1252")
    found = Quote.found(page, text="\x00", author="a", tags=[], goodreads_url="it?q=caf\xe9")
    clean(found)
    found.faults["text"] = "is empty"
    item = {
        **kept_of(found),
        "raw": {**found.raw, "text": "now there"},
        "spider": "gone",
        "last_seen": datetime.now(UTC),
    }
    redrive = Redrive(database, TodaysSpiders(database), None, ObjectId())
    (attempted,) = redrive.retry([{**item, "_id": ObjectId(), "run": ObjectId()}])
    assert attempted.why == ""
    assert attempted.found[0].values["goodreads_url"] == "http://h/shop/it?q=caf%E9"


def test_a_kept_page_has_the_same_base_when_it_is_read_again() -> None:
    spider = Pages()
    body = "<base href='/shop/'>".encode("utf-16-le")
    request = Request("http://h/list", callback=spider.on_record_page)
    page = HtmlPage("http://h/list", body=body, encoding="utf-16-le", request=request)
    again = as_response(as_document(page, spider, b""), body, spider)
    assert (base_of(again), type(again)) == ("http://h/shop/", HtmlPage)


FORM = """<base href=/elsewhere/><form action="\\search" {}><input name=q value="caf\xe9 \u20ac"><input type=hidden
name=t value="a&b"><button formaction="other?x=1">Go</button></form><form id=own><input name=q value=1></form>"""


@pytest.mark.parametrize(
    ("attributes", "method", "sent"),
    [
        ("", "GET", "q=caf%E9+%80&t=a%26b"),
        ("method=post", "POST", "q=caf%E9+%80&t=a%26b"),
        ("method=post accept-charset='x-unknown, UTF-8'", "POST", "q=caf%C3%A9+%E2%82%AC&t=a%26b"),
        ("method=post accept-charset=iso-8859-2", "POST", "q=caf%E9+%26%238364%3B&t=a%26b"),
    ],
)
def test_a_form_is_sent_in_its_page_s_encoding_or_its_own(attributes: str, method: str, sent: str) -> None:
    body = FORM.format(attributes).encode("cp1252")
    page = HtmlPage("http://h/list?a=1", body=body, encoding="cp1252")
    ask = submitted(page, find_form(page, "form"), {}, 2, click=False)
    expected = ("http://h/search?" + sent, "") if method == "GET" else ("http://h/search", sent)
    assert (ask.method, (ask.url, ask.body)) == (method, expected)
    assert submitted(page, find_form(page, "form"), {}, 2, click=None).url.startswith("http://h/elsewhere/other")
    assert submitted(page, find_form(page, "#own"), {}, 2, click=None).url == "http://h/list?q=1"


def test_parameters_are_put_in_beside_others_that_stay_byte_by_byte() -> None:
    url = "http://h/?q=caf%E9&page=1&flag&page=9#top"
    assert with_parameters(url, {"page": "2", "new": "a b"}) == "http://h/?q=caf%E9&page=2&flag&new=a+b#top"
    assert joined("http://h/list?q=caf%E9", "?page={page}", {"page": "3"}) == "http://h/list?q=caf%E9&page=3"
    assert joined("http://h/list/page/1/", "page/{page}/", {"page": "3"}) == "http://h/list/page/3/"


@pytest.mark.parametrize(
    ("link", "what"),
    [
        ("#!/page/2", "the next link is a route of the page's script (#!/page/2)"),
        ("/list/#/page/2", "the next link is a route of the page's script (/list/#/page/2)"),
        ("#top", ""),
    ],
)
def test_a_next_link_that_is_a_route_is_odd_and_a_place_on_the_page_is_none(link: str, what: str) -> None:
    assert absolute(HtmlPage(PAGE, body=b"", encoding="utf-8"), link) == (None, what)
    assert is_route(link) == bool(what)


@pytest.mark.parametrize(
    "link", ["\\item\\{}", "//127.0.0.1:PORT\\item/{}", "http:\\\\127.0.0.1:PORT/item/{}", "/it\nem/{}"]
)
def test_links_with_backslashes_are_followed(swathe: Swathe, database: Mongo, link: str) -> None:
    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/list/":
            return rows(names(1, 2), link.replace("PORT", str(site.port)))
        if asked.path == "/item/02":
            return Answer(status=302, headers={"Location": "\\moved\\02"})
        return thing(asked.path)

    with OddSite(answer) as site:
        assert crawled(swathe, database, "pages", f"{site.url}list/") == (names(1, 2), "complete", [])


def test_lists_in_other_encodings_are_read_to_their_end(swathe: Swathe, database: Mongo) -> None:
    def answer(asked: Asked) -> Answer | str:
        raw = unquote_to_bytes(urlsplit(asked.target).query)
        number = int(asked.query.get("page", "1"))
        right = number == 1 or (b"q=caf\xe9" in raw and number <= 4)
        more = f'<a class=next href="?q=café&amp;page={number + 1}">Next</a>' if number < 4 else ""
        shown = rows(names(2 * number - 1, 2 * number) if right else [], "thing?q=é{}", more, "<base href=/shop/>")
        return Answer(shown.encode("latin-1"), kind="text/html; charset=iso-8859-1")

    with OddSite(answer) as site:
        assert crawled(swathe, database, "rows", f"{site.url}shop/") == (names(1, 8), "complete", [])
        links = sorted(row["goodreads_url"] for row in database.quotes.find())
    assert links == [f"{site.url}shop/thing?q=%E9{number:02d}" for number in range(1, 9)]


def test_a_list_in_utf_16_is_followed_and_a_host_with_a_dot_is_the_same(swathe: Swathe, database: Mongo) -> None:
    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/":
            shown = rows(names(1, 3), f"http://localhost.:{site.port}/item/{{}}")
            return Answer(("\ufeff" + shown).encode("utf-16-le"), kind="text/html; charset=utf-16")
        return thing(asked.path)

    with OddSite(answer) as site:
        start = f"http://localhost.:{site.port}/"
        assert crawled(swathe, database, "pages", start) == (names(1, 3), "complete", [])


def test_entries_that_differ_only_behind_the_hash_are_a_doubt(swathe: Swathe, database: Mongo) -> None:
    def answer(asked: Asked) -> Answer | str:
        return rows(names(1, 3), "/detail#thing-{}") if asked.path == "/" else thing("/item/01")

    with OddSite(answer) as site:
        found, verdict, reasons = crawled(swathe, database, "pages", site.url, 3)
        assert (found, verdict) == (["Thing 01"], "unknown")
        assert reasons == [
            f"2 entries lead to another entry's address, but for what stands behind the #: {site.url}detail#thing-02"
        ]


def test_pages_at_routes_of_a_script_are_read_in_the_browser(swathe: Swathe, database: Mongo) -> None:
    script = "document.body.innerHTML = '<h1>Thing ' + location.hash.slice(-2) + '</h1>'"

    def answer(asked: Asked) -> Answer | str:
        if asked.path == "/":
            return rows(names(1, 3), "/app#/item/{}")
        return f"<html><body><div id=app></div><script>{script}</script></body></html>"

    with OddSite(answer) as site:
        assert crawled(swathe, database, "pages", site.url) == (names(1, 3), "complete", [])


def test_without_a_browser_pages_at_routes_are_a_doubt(swathe: Swathe, database: Mongo) -> None:
    with OddSite(lambda asked: rows(names(1, 3), "/app#/item/{}") if asked.path == "/" else thing("01")) as site:
        found, verdict, _ = crawled(swathe, database, "pages", site.url, 3, SWATHE_RENDERING_TIERS="html, data")
    assert (found, verdict) == (["Thing 01"], "unknown")
