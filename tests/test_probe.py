"""`swathe probe`: what it says of a page is true, what it proposes works, and no page does it harm."""

from __future__ import annotations

import ast
import json
import os
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from practice import Fault, PracticeServer
from requests.structures import CaseInsensitiveDict
from scrapy.http import HtmlResponse, TextResponse
from support import ROOT, Swathe, configured

from scraper import paging
from scraper.errors import ProbeError
from scraper.paging.ask import Ask
from scraper.paging.kind import ListPage
from scraper.probe.fetching import Fetched
from scraper.probe.page import StudiedPage
from scraper.probe.report import Report, probe, studied
from scraper.probe.robots import RobotsAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scraper.paging.kind import Pagination


@pytest.fixture
def run(tmp_path: Path) -> Swathe:
    """The command line without a database: probing needs none."""
    environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": str(tmp_path), "PYTHONWARNINGS": "error", "COLUMNS": "150"}
    return Swathe({**environ, "NO_COLOR": "1"}, "none")


def report_of(run: Swathe, url: str, *options: str) -> dict[str, Any]:
    """Return what `swathe probe --format json` prints."""
    report: dict[str, Any] = json.loads(run("probe", url, "--format", "json", *options).out)
    return report


def studied_at(url: str, **environ: str) -> Report:
    """Probe in this process."""
    return probe(url, configured(**environ))


def declared(line: str) -> Any:
    """Return the pagination that a proposed line declares, read as Python."""
    name, _, source = line.partition(" = ")
    assert name == "pagination"
    return built(ast.parse(source, mode="eval").body)


def built(node: ast.expr) -> Any:
    """Return the value of an expression that has literals and kinds of pagination only."""
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    assert isinstance(node.func, ast.Name)
    named = {str(keyword.arg): built(keyword.value) for keyword in node.keywords}
    return getattr(paging, node.func.id)(*map(built, node.args), **named)


def page_at(url: str, kind: Pagination) -> ListPage:
    """Return a list page as a crawl gets it."""
    answer = requests.get(url, timeout=10)
    html = "html" in answer.headers["Content-Type"]
    page = HtmlResponse if html else TextResponse
    return ListPage(page(url, body=answer.content, encoding="utf-8", headers=dict(answer.headers)), kind, 1)


KNOWN = {
    "quotes/": ("html", 'NextLink("li.next a")'),
    "books/": ("html", 'NextLink("li.next a", total=".form-horizontal strong", last="li.current")'),
    "lists/stated-next/": ("html", 'NextLink("li.next a", last=".state", total=".total strong")'),
    "lists/api/pages": ("api", 'PageNumbers("pages?page={page}", json="data.items", last="pages", total="total")'),
    "lists/postback/": ("html", 'Postback(".pager a", last=".current")'),
    "quotes/search.aspx": ("html", 'FormChoices("form[name=filterform]", ("author", "tag"))'),
    "quotes/scroll": ("api", 'PageNumbers("api/quotes?page={page}", json="quotes", more="has_next")'),
    "lists/load-more/": ("html", 'NextLink("button.more::attr(data-url)")'),
    "lists/stated/": ("html", 'PageNumbers("?page={page}", last=".state")'),
    "lists/offset/?offset=0&limit=10": ("html", 'Offsets("?offset={offset}&limit={limit}", limit=10, total=".total")'),
    "lists/api/cursor": ("api", 'Cursor("next_cursor", query="cursor", json="items")'),
    "lists/api/token": (
        "api", 'Cursor(header="X-Page-Token", token_header="X-Next-Page-Token", json="items")'
    ),
    "lists/api/links": ("api", 'NextLink("next", json="results", total="count")'),
    "lists/load-more-json/": (
        "html", 'PageNumbers("more", post={"action": "more", "page": "{page}"}, html="html", more="more")'
    ),
    "lists/form/": ("html", 'NextForm("form.next")'),
    "lists/rel-next/": ("html", "NextLink()"),
    "lists/link-header/": ("html", "NextLink()"),
    "lists/tags/": ("html", 'Lists("ul.tags a", NextLink())'),
    "quotes/tableful/": ("html", "NextLink(\"//td/a[starts-with(normalize-space(), 'Next')]\")"),
    "feeds/quotes.atom": ("html", "Feed()"),
    "sitemap-authors.xml.gz": ("html", 'Sitemap("/quotes/author/")'),
}  # fmt: skip
"""Which tier serves a page, and how the project's own spiders declare its pagination."""

IN_A_SUBPROCESS = ("lists/api/pages", "quotes/scroll")


def asked(kind: Any, page: ListPage) -> Any:
    """Return what a pagination asks for after a page: the next one, the lists, or the second page by its number."""
    if kind.sublists(page):
        return sorted(ask.identity for ask in kind.sublists(page))
    reads_html = kind.json and isinstance(page.answer, HtmlResponse)
    following = None if reads_html else kind.following(page)
    if isinstance(following, Ask):
        return following.identity
    second = kind.numbered(page.url, 2, 10)
    return second and second.identity


@pytest.mark.parametrize("path", KNOWN)
def test_what_is_proposed_does_what_the_known_declaration_does(run: Swathe, site: PracticeServer, path: str) -> None:
    url, (tier, known_source) = site.url + path, KNOWN[path]
    report = report_of(run, url) if path in IN_A_SUBPROCESS else studied_at(url).as_json()
    assert report["tier"] == tier, report["why"]
    known = declared(f"pagination = {known_source}")
    mine = next((kind for hint in report["pagination"] if hint["line"].startswith("pagination")
                 and type(kind := declared(hint["line"])) is type(known)), None)  # fmt: skip
    assert mine is not None, [hint["line"] for hint in report["pagination"]]
    page = page_at(url, known)
    if not isinstance(known, paging.Sitemap):
        assert asked(mine, page) == asked(known, page) is not None
    assert mine.first(url).url == known.first(url).url
    assert mine.json == known.json
    for stated in ("total", "last"):
        if place := getattr(known, stated):
            assert page.stated(getattr(mine, stated))[0] == page.stated(place)[0] is not None
    if isinstance(known, paging.Sitemap):
        assert (mine.follow, mine.address) == ("/quotes/author/", "/sitemap-authors.xml.gz")
    if isinstance(known, paging.PageNumbers):
        assert (mine.more, mine.html) == (known.more, known.html)


def test_a_hint_that_was_tried_names_the_page_it_leads_to(site: PracticeServer) -> None:
    hints = {hint.line: hint for hint in studied_at(f"{site.url}lists/stated-next/").hints}
    assert hints['pagination = NextLink("li.next a", total="p.total", last="p.state")'].leads_to.endswith("?page=2")


def test_the_report_tells_people_what_the_page_is(run: Swathe, site: PracticeServer) -> None:
    out = run("probe", f"{site.url}books/").out
    books = min(site.site.books_per_page, len(site.site.all_books))
    lines = {line.partition("  ")[0]: " ".join(line.split()[1:]) for line in out.splitlines()}
    assert lines["robots.txt"] == "allowed"
    assert lines["sitemaps"] == f"{site.url}sitemap.xml"
    assert lines["answer"].startswith("200 OK, ")
    assert lines["content"] == "text/html: html, utf-8 (utf-8 declared)"
    assert lines["tier"] == f"html: {books} blocks that look like records are in the HTML"
    assert f"article.product_pod {books} 1 h3 a" in " ".join(out.split())
    assert 'pagination = NextLink("li.next a", total="form.form-horizontal strong", last="li.current")' in out
    assert site.site.all_books[0].title in out


def test_only_the_page_robots_the_sitemap_and_page_two_are_asked_for(site: PracticeServer) -> None:
    before = len(site.requests)
    studied_at(f"{site.url}quotes/")
    made = site.requests[before:]
    assert [request.path for request in made] == ["/robots.txt", "/quotes/", "/sitemap.xml", "/quotes/page/2/"]
    assert {request.user_agent for request in made} == {configured().crawl.agent}


def test_a_login_form_is_proposed_with_its_token(site: PracticeServer) -> None:
    report = studied_at(f"{site.url}quotes/login")
    (form,) = report.forms
    assert (form.purpose, form.fields, form.secrets) == ("login", ("username", "password"), ("csrf_token",))
    line = report.hints[0].line
    assert line == 'login = Login("/quotes/login", logged_in="a[href*=logout]")'


def test_dependent_fields_and_dates_are_recognized(site: PracticeServer) -> None:
    (form,) = studied_at(f"{site.url}quotes/search.aspx").forms
    assert (form.purpose, form.choices, form.dependent) == ("choices", ("author", "tag"), True)
    assert form.secrets == ("__VIEWSTATE",)
    line = studied_at(f"{site.url}lists/archive/").hints[0].line
    kind = declared(line)
    assert (kind.address, kind.at_most, bool(kind.total)) == ("?from={since}&to={until}", 10, True)


def test_data_inside_the_page_is_named_by_where_path_and_keys(site: PracticeServer) -> None:
    report = studied_at(f"{site.url}quotes/js/").as_json()
    assert (report["tier"], report["javascript"], report["blocks"]) == ("data", True, [])
    (found,) = report["data"]
    assert (found["where"], found["path"], found["keys"]) == ("var data", "@", ("author", "tags", "text"))
    assert found["count"] == site.site.quotes_per_page


@pytest.mark.parametrize(
    ("path", "tier", "kind"),
    [("trouble/pdf", "none", "binary"), ("trouble/empty", "none", "empty"), ("trouble/json-as-html", "api", "json")],
)
def test_what_is_no_html_is_said_to_be_what_it_is(site: PracticeServer, path: str, tier: str, kind: str) -> None:
    report = studied_at(site.url + path).as_json()
    assert (report["tier"], report["kind"], report["status"]) == (tier, kind, 200)


def test_html_with_a_stray_nul_is_html() -> None:
    with PracticeServer(faults={"/quotes/": Fault(body="<html><body><p>A\x00B</p></body></html>")}) as site:
        assert studied_at(f"{site.url}quotes/").as_json()["kind"] == "html"


def test_a_redirect_is_shown(site: PracticeServer) -> None:
    report = studied_at(f"{site.url}trouble/offsite", SWATHE_CRAWL_ALLOW_PRIVATE="localhost").as_json()
    assert report["redirects"] == [report["url"]] == [f"{site.url}trouble/offsite"]
    assert report["final_url"] == f"http://localhost:{site.port}/quotes/"


def test_a_forbidden_page_is_fetched_only_when_told_to(run: Swathe, site: PracticeServer) -> None:
    url = f"{site.url}private/"
    line = run("probe", url, code=1).error_line
    assert line == (
        f"swathe: /private/ was not fetched: {site.url}robots.txt forbids it; --ignore-robots fetches it nevertheless"
    )
    assert "/private/" not in [request.path for request in site.requests]
    report = report_of(run, url, "--ignore-robots")
    assert (report["status"], report["robots"]["allowed"]) == (200, False)


@pytest.mark.parametrize(
    ("address", "code", "line"),
    [
        ("http://127.0.0.1:9/", 1, "http://127.0.0.1:9/robots.txt cannot be fetched: Connection refused"),
        ("file:///etc/passwd", 2, "the URL is 'file:///etc/passwd', expected an address such as https://"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_line(run: Swathe, address: str, code: int, line: str) -> None:
    assert run("probe", address, code=code).error_line.startswith(f"swathe: {line}")


def test_an_address_without_a_scheme_is_asked_by_https(run: Swathe, site: PracticeServer) -> None:
    note, error = run("probe", f"127.0.0.1:{site.port}/quotes/", code=1).err.splitlines()
    assert note.startswith(f"note: https://127.0.0.1:{site.port}/quotes/ is asked; write http:// before it")
    assert error.startswith(f"swathe: https://127.0.0.1:{site.port}/robots.txt cannot be fetched: ")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("nowhere", "answered 404 Not Found (text/plain, "),
        ("trouble/status/503", "answered 503 Service Unavailable (text/html, "),
        ("trouble/large?mb=2", "is larger than [crawl] max_page_mb, 1 MB"),
        ("trouble/redirect", "redirects again and again ([crawl] max_redirects is 3), the last time to http"),
        ("trouble/slow?s=3", "did not answer within [crawl] timeout_s, 0.3 s"),
    ],
)
def test_a_page_that_cannot_be_had_is_one_line(site: PracticeServer, path: str, line: str) -> None:
    limits = {"MAX_PAGE_MB": "1", "MAX_REDIRECTS": "3", "TIMEOUT_S": "0.3"}
    with pytest.raises(ProbeError) as fault:
        studied_at(site.url + path, **{f"SWATHE_CRAWL_{name}": text for name, text in limits.items()})
    assert line in str(fault.value)
    assert str(fault.value).startswith(site.url)
    assert "\n" not in str(fault.value)


@contextmanager
def serving(answers: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """Serve answers (status, headers, body) by path on a port of their own; everything else is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response_only(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body[:1])
            for at in range(1, len(body) if "X-Slow" in headers else 1):
                time.sleep(0.05)
                self.wfile.write(body[at : at + 1])
            if "X-Slow" not in headers:
                self.wfile.write(body[1:])

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


ESCAPE = "\x1b[31m\x1b]0;owned\x07\u202e\x9b2J"
HTML = {"Content-Type": "text/html"}


def test_a_hostile_page_cannot_steer_the_terminal_or_the_proposed_code(run: Swathe) -> None:
    entries = "".join(f"<li class=x><b>{ESCAPE}{n} some text</b><i>{ESCAPE} more text</i></li>" for n in range(9))
    data = json.dumps([{"a\x1b[2J": ESCAPE, "b": n} for n in range(3)])
    page = (
        f"<title>{ESCAPE}title</title><ul>{entries}</ul><script id='{ESCAPE}' type=application/json>{data}</script>"
        f"<form action='{ESCAPE}'><input name='{ESCAPE}'><input type=password name='\"); import os #'></form>"
        f"<button class=more data-url='/x{ESCAPE}'>more</button>"
        f"""<script>fetch('/api?page=1', {{"a\\"b'": 1}})</script>"""
    )
    with serving({"/": (200, HTML, page.encode())}) as url:
        shown = run("probe", url)
        as_json = run("probe", url, "--format", "json").out
    for text in (shown.out + shown.err, as_json):
        assert not {letter for letter in text if ord(letter) < 32 and letter != "\n"}
        assert "\u202e" not in text
        assert "\x9b" not in text
    report = json.loads(as_json)
    assert report["title"].endswith("title")
    assert len(as_json.splitlines()) == 1
    for hint in report["pagination"]:
        ast.parse(hint["line"])
        assert isinstance(ast.parse(hint["line"]).body[0], ast.Assign)
    assert 'password="\\"); import os #"' in next(
        hint["line"] for hint in report["pagination"] if "Login" in hint["line"]
    )


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://x/", "//", "http://[", "javascript:alert(1)"])
def test_a_redirect_to_what_is_no_page_is_refused(target: str) -> None:
    with (
        serving({"/": (302, {"Location": target}, b"")}) as url,
        pytest.raises(ProbeError, match=r"redirects|Invalid IPv6") as fault,
    ):
        studied_at(url)
    assert "\n" not in str(fault.value)


def test_a_page_that_trickles_is_left_in_time() -> None:
    began = time.monotonic()
    with (
        serving({"/": (200, {**HTML, "X-Slow": "1"}, b"x" * 1000)}) as url,
        pytest.raises(ProbeError, match="timeout_s"),
    ):
        studied_at(url, SWATHE_CRAWL_TIMEOUT_S="0.4")
    assert time.monotonic() - began < 3


def test_robots_that_fails_forbids_and_its_delay_is_told() -> None:
    page = (200, HTML, b"<p>text</p>")
    with serving({"/": page, "/robots.txt": (503, {}, b"")}) as url:
        with pytest.raises(ProbeError, match="answered 503: everything is forbidden until it answers"):
            studied_at(url)
        assert probe(url, configured(), ignore_robots=True).robots.status == 503
    with serving({"/": page, "/robots.txt": (200, {}, b"User-agent: *\nCrawl-delay: 2.5\n")}) as url:
        assert studied_at(url).robots.crawl_delay_s == 2.5
    for status in (429, 500):
        with (
            serving({"/": page, "/robots.txt": (status, {}, b"")}) as url,
            pytest.raises(ProbeError, match=f"answered {status}: everything is forbidden until it answers"),
        ):
            studied_at(url)
    html = (
        b"<!-- a list of rules -->\nUser-agent: *\nNoindex: /\nUser-agent: x\nRequest-rate: 1/7\nDisallow: /private/\n"
    )
    with serving({"/": page, "/private/": page, "/robots.txt": (200, HTML, html)}) as url:
        assert studied_at(url).robots.crawl_delay_s == 7, "as a crawl reads it"
        with pytest.raises(ProbeError, match="forbids it"):
            studied_at(f"{url}private/")
    with serving({"/": page}) as url:
        assert studied_at(url).robots.said == "there is none (404): everything is allowed"


def in_browser(run: Swathe, url: str) -> dict[str, Any]:
    """Return the report that also has what a browser shows."""
    return report_of(run, url, "--browser")


def test_the_browser_shows_what_only_it_can_show(run: Swathe, site: PracticeServer) -> None:
    report = in_browser(run, f"{site.url}js/xhr/")
    assert report["blocks"] == []
    assert report["browser"]["blocks"][0]["count"] == site.site.quotes_per_page
    (answer,) = report["browser"]["answers"]
    assert (answer["path"], answer["count"]) == ("quotes", site.site.quotes_per_page)
    assert (report["tier"], report["javascript"]) == ("api", True)
    kind = declared(report["pagination"][0]["line"])
    page = requests.get(kind.first(report["final_url"]).url, timeout=10).json()
    assert len(page["quotes"]) == site.site.quotes_per_page


ROBOTS = RobotsAnswer("http://127.0.0.1/robots.txt", 200, True, None, ())


def studied_text(text: str, kind: str = "text/html; charset=utf-8") -> Report:
    """Study a page that is this text."""
    headers = CaseInsensitiveDict({"Content-Type": kind})
    page = StudiedPage(Fetched("http://127.0.0.1/", 200, "OK", headers, text.encode("utf-8", "replace"), 0))
    return studied(page, ROBOTS, [])


PIECES = st.sampled_from(
    [
        "<a href='?page=2'>2</a>", "<li class=next><a href=x>Next", "<form method=get>", "<input name=from>",
        "<input name=to>", "<select name='a\"'>", "<input type=password>", "<div class='x y'>", "</div>", "<script>",
        "</script>", "fetch('/a?page=", "'+n)", "{page: 1}", "<ul class=tags>", "1,000 results", "Page 1 of 50",
        "<a href=\"javascript:__doPostBack('a','2')\">", "<button class=more data-url=/x>", "<link rel=next href=",
        "<loc>", "<urlset>", '{"next": "/x", "items": [{"a":1,"b":2}]}', "<tr><td>",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=30).map("".join)))
def test_no_page_raises(text: str) -> None:
    report = studied_text(text).as_json()
    json.dumps(report)
    for hint in report["pagination"]:
        ast.parse(hint["line"])


@pytest.mark.parametrize("piece", ["<ul class=tags><a href=x>"])
def test_a_page_of_five_megabytes_is_studied_in_bounded_time(piece: str) -> None:
    began = time.process_time()
    report = studied_text(piece * (5_000_000 // len(piece)))
    assert report.notes[0].startswith("the page is large")
    assert time.process_time() - began < 12


def test_the_manual_names_every_key_of_the_report(site: PracticeServer) -> None:
    manual = (ROOT / "docs/reference/probe.md").read_text()
    report = studied_at(f"{site.url}quotes/login").as_json()
    for key in [*report, *report["robots"], *report["pagination"][0], *report["forms"][0], *report["encoding"]]:
        assert f"`{key}`" in manual, key
