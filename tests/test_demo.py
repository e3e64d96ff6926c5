"""The practice site shows what its data file says, and fails the way a test asks it to."""

from __future__ import annotations

import doctest
import importlib
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from http.client import HTTPConnection, LineTooLong
from urllib.parse import urljoin, urlsplit

import pytest
from parsel import Selector, SelectorList
from practice import Fault, PracticeServer, enlarge, load_site
from practice.server import practice_templates
from support import ROOT

from scraper.demo import paths
from scraper.demo.pages import render_pages
from scraper.demo.server import ROUTES, DemoServer

SITE = load_site()
SECOND_NAMES = {"/quotes/page/1/", "/books/index.html"}
# What only a script or a form asks for.
UNLINKED = {"/quotes/api/quotes", paths.FILTER}
MAY_BE_EMPTY = {"description"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def page(self) -> Selector:
        return Selector(self.body.decode())


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


def get(server: DemoServer, path: str, method: str = "GET", **headers: str) -> Answer:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())


def text(nodes: Selector | SelectorList[Selector]) -> str:
    """All the text of an element, as its page shows it but for the white space around it."""
    return "".join(nodes.xpath(".//text()").getall()).strip()


def links(path: str, page: Selector) -> set[str]:
    found = page.xpath("//a/@href | //img/@src").getall()
    return {urljoin(path, link) for link in found if not link.startswith("#")}


def reached_from(server: DemoServer, start: str) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in answers:
            continue
        answers[path] = get(server, path)
        if answers[path].headers.get("Content-Type", "").startswith("text/html"):
            waiting += links(path, answers[path].page)
    return answers


def list_pages(server: PracticeServer, start: str) -> list[tuple[str, Selector]]:
    """The pages that a spider sees which follows `li.next a`."""
    pages, path = [], start
    while path:
        page = get(server, path).page
        pages.append((path, page))
        path = urljoin(path, link) if (link := page.css("li.next a::attr(href)").get()) else ""
    return pages


def every_text(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from every_text(part)


def test_true_records_have_unique_keys_and_exact_types() -> None:
    assert len({(quote["text"], quote["author"]) for quote in SITE.quotes}) == len(SITE.quotes)
    assert len({book["upc"] for book in SITE.books}) == len(SITE.books)
    assert {quote["author"] for quote in SITE.quotes} == {author["name"] for author in SITE.authors}
    assert all(isinstance(quote["tags"], list) for quote in SITE.quotes)
    assert all(author["born_date"].tzinfo is UTC for author in SITE.authors)
    assert all(isinstance(book["price"], Decimal) and book["rating"] in range(1, 6) for book in SITE.books)


def test_true_values_are_clean() -> None:
    for record in [*SITE.quotes, *SITE.authors, *SITE.books]:
        for value in (part for field in record.values() for part in every_text(field)):
            assert value == " ".join(value.split())
            assert not any(unicodedata.category(character) in ("Cc", "Cf") for character in value)
            assert not any(sign in value for sign in ("â€", "Ã", "Â", "&amp;"))


def test_a_true_record_lacks_nothing_but_what_may_be_empty() -> None:
    for record in [*SITE.quotes, *SITE.authors, *SITE.books]:
        assert {field for field, value in record.items() if value is None} <= MAY_BE_EMPTY


def test_a_refused_record_lacks_exactly_the_fields_at_fault() -> None:
    refused = [entry for entry in (*SITE.all_quotes, *SITE.all_books) if entry.refused]
    assert len(refused) == len(SITE.refused)
    for entry in refused:
        missing = {field for field, value in entry.record().items() if value in (None, "")}
        assert missing - MAY_BE_EMPTY == set(entry.refused)
    assert any(len(entry.refused) >= 3 for entry in refused)


def test_whatever_is_odd_says_so() -> None:
    for entry in (*SITE.all_quotes, *SITE.all_authors, *SITE.all_books):
        odd = entry.shown or getattr(entry, "refused", ()) or getattr(entry, "also_on_page", None)
        assert entry.awkward or not odd, entry


def test_the_raw_texts_hold_every_kind_of_awkwardness() -> None:
    raw = [
        part
        for entry in (*SITE.all_quotes, *SITE.all_authors, *SITE.all_books)
        for value in entry.shown.values()
        for part in every_text(value)
    ]
    kinds = (
        "\u00a0",
        "\u200b",
        "\u202e",
        "\u001b[31m",
        "â€™",
        "Ã©",
        "Â£",
        "&amp;",
        "<script>",
        "\n",
        "incl. VAT",
        "3 for",
    )
    assert [kind for kind in kinds if not any(kind in value for value in raw)] == []
    assert any(book["title"].startswith("=HYPERLINK(") for book in SITE.books)
    assert {book["currency"] for book in SITE.books} == {"GBP", "EUR"}
    assert any(not quote["tags"] for quote in SITE.quotes)


@pytest.mark.parametrize("half", ["/quotes/", "/books/"])
def test_every_page_is_reachable_from_its_start_page_and_links_stay_below_it(server: PracticeServer, half: str) -> None:
    answers = reached_from(server, half)
    assert {path: answer.status for path, answer in answers.items() if answer.status != 200} == {}
    assert set(answers) == {path for path in render_pages(SITE) if path.startswith(half)} - SECOND_NAMES


def test_the_quote_lists_show_every_quote_on_its_page(server: PracticeServer) -> None:
    pages = list_pages(server, "/quotes/")
    assert [path for path, _ in pages] == [paths.quote_list(number + 1) for number in range(len(SITE.quote_pages()))]
    for (path, page), quotes in zip(pages, SITE.quote_pages(), strict=True):
        assert len(page.css(".quote")) == len(quotes), path
        for shown, quote in zip(page.css(".quote"), quotes, strict=True):
            expected = quote.on_page()
            assert text(shown.css("span.text")) == expected["text"].strip()
            assert text(shown.css("small.author")) == expected["author"]
            assert shown.css('a[href*="/author/"]::attr(href)').get() == paths.author(quote.author)
            assert shown.css(".tags a.tag::text").getall() == expected["tags"]


def test_a_tag_page_lists_the_quotes_with_that_tag(server: PracticeServer) -> None:
    for tag in {tag for quote in SITE.all_quotes for tag in quote.tags}:
        pages = list_pages(server, paths.tag_list(tag, 1))
        shown = [text(node) for _, page in pages for node in page.css(".quote span.text")]
        assert shown == [quote.on_page()["text"].strip() for quote in SITE.all_quotes if tag in quote.tags]


def test_an_author_page_shows_the_author(server: PracticeServer) -> None:
    for author in SITE.all_authors:
        page, expected = get(server, author.path).page, author.on_page()
        assert text(page.css(".author-title")) == author.name
        assert text(page.css(".author-born-date")) == expected["born_date"]
        assert text(page.css(".author-born-location")) == f"in {author.born_location}"
        assert text(page.css(".author-description")) == expected["description"].strip()


def test_the_shop_lists_show_every_book_on_its_page(server: PracticeServer) -> None:
    pages = list_pages(server, "/books/")
    assert len(pages) == len(SITE.book_pages())
    for number, ((path, page), books) in enumerate(zip(pages, SITE.book_pages(), strict=True), start=1):
        pods = page.css("article.product_pod")
        assert [urljoin(path, link) for link in pods.css("h3 a::attr(href)").getall()] == [book.path for book in books]
        assert [text(pod.css(".price_color")) for pod in pods] == [book.on_page()["price"] for book in books]
        stars = [f"star-rating {book.on_page()['rating']}" for book in books]
        assert pods.css("p.star-rating::attr(class)").getall() == stars
        assert text(page.css("li.current")) == f"Page {number} of {len(pages)}"
        assert page.css("form.form-horizontal strong::text").get() == str(len(SITE.all_books))
        assert "results" in text(page.css("form.form-horizontal"))


def test_a_product_page_shows_the_book(server: PracticeServer) -> None:
    for book in SITE.all_books:
        page, shown = get(server, book.path).page, book.on_page()
        table = {text(row.css("th")): text(row.css("td")) for row in page.css("table.table-striped tr")}
        expected = {
            "UPC": shown["upc"],
            "Product Type": "Books",
            "Price (excl. tax)": shown["price"],
            "Price (incl. tax)": shown["price"],
            "Tax": "£0.00",
            "Availability": shown["availability"],
            "Number of reviews": shown["reviews"],
        }
        assert table == {label: value for label, value in expected.items() if value is not None}
        assert text(page.css("h1")) == shown["title"].strip()
        assert text(page.css(".product_main .price_color")) == shown["price"]
        assert page.css("p.star-rating").attrib["class"] == f"star-rating {shown['rating']}"
        assert text(page.css("ul.breadcrumb li:nth-child(3)")) == book.category
        assert urljoin(book.path, page.css("#product_gallery .item.active img").attrib["src"]) == book.image_path


def test_a_book_without_description_lacks_the_whole_block(server: PracticeServer) -> None:
    for book in SITE.all_books:
        page = get(server, book.path).page
        assert bool(page.css("#product_description")) == (book.description is not None)
        assert text(page.css("#product_description ~ p")) == (book.on_page()["description"] or "")


def test_a_category_lists_its_books_over_as_many_pages_as_it_needs(server: PracticeServer) -> None:
    lengths = []
    for category, books in SITE.by_category.items():
        pages = list_pages(server, paths.category_list(SITE.category_folder(category), 1))
        found = [urljoin(path, link) for path, page in pages for link in page.css("h3 a::attr(href)").getall()]
        assert found == [book.path for book in SITE.all_books if book.category == category]
        assert pages[0][1].css("form.form-horizontal strong::text").get() == str(len(books))
        assert [text(page.css("h1")) for _, page in pages] == [category] * len(pages)
        lengths.append(len(pages))
    assert max(lengths) > 1 == min(lengths)


def test_a_record_listed_twice_is_true_once(server: PracticeServer) -> None:
    texts = Counter(text(node) for _, page in list_pages(server, "/quotes/") for node in page.css(".quote .text"))
    (quote,) = (quote for quote in SITE.all_quotes if quote.also_on_page)
    assert [shown for shown, count in texts.items() if count > 1] == [quote.on_page()["text"]]
    places = list_pages(server, "/books/")
    listed = Counter(urljoin(path, link) for path, page in places for link in page.css("h3 a::attr(href)").getall())
    (book,) = (book for book in SITE.all_books if book.also_on_page)
    assert [path for path, count in listed.items() if count > 1] == [book.path]


def test_the_broken_pages_are_broken(server: PracticeServer) -> None:
    assert {path.split("/")[1] for path in SITE.broken_html} == {"quotes", "books"}
    for path in SITE.broken_html:
        body = get(server, path).body.decode()
        assert body.count("<p") > body.count("</p>") or body.count("<li") > body.count("</li>")
        assert body.count("</div>") > body.count("<div")


def test_a_hostile_title_never_becomes_markup(server: PracticeServer) -> None:
    (book,) = (book for book in SITE.all_books if "<script>" in (book.title or ""))
    page = get(server, book.path).page
    assert page.css("script") == []
    assert "<script>" in text(page.css("h1"))


def test_where_a_refused_record_is_shown(server: PracticeServer) -> None:
    for refusal in SITE.refused:
        page = get(server, refusal.path).page
        rows = page.css(".quote" if refusal.collection == "quotes" else "article.product_page")
        assert rows, refusal
        if refusal.fields == ("text",):
            assert "" in [text(row.css(".text")).strip("“”") for row in rows]


def test_image_addresses_begin_with_the_address_of_the_server(server: PracticeServer) -> None:
    assert SITE.books[0]["image_url"].startswith("/books/media/")
    for book in server.site.books:
        assert book["image_url"].startswith(f"{server.url}books/media/")
        assert get(server, urlsplit(book["image_url"]).path).headers["Content-Type"] == "image/svg+xml"


def test_only_the_quotes_declare_their_charset_in_the_header(server: PracticeServer) -> None:
    assert get(server, "/quotes/").headers["Content-Type"] == "text/html; charset=utf-8"
    books = get(server, "/books/")
    assert books.headers["Content-Type"] == "text/html"
    assert b"charset=UTF-8" in books.body


def test_an_unchanged_page_answers_304(server: PracticeServer) -> None:
    first = get(server, "/books/")
    second = get(server, "/books/", If_None_Match=first.headers["ETag"])
    assert (first.status, second.status, second.body) == (200, 304, b"")
    assert get(server, "/quotes/", If_None_Match=first.headers["ETag"]).status == 200


def test_robots_txt_closes_one_folder(server: PracticeServer) -> None:
    assert b"Disallow: /private/" in get(server, "/robots.txt").body
    assert get(server, "/private/").status == 200


def test_the_front_page_links_to_both_halves(server: PracticeServer) -> None:
    assert {"/quotes/", "/books/"} <= links("/", get(server, "/").page)


def test_the_demo_alone_links_to_nothing_that_it_does_not_serve() -> None:
    with DemoServer() as demo:
        answers = reached_from(demo, "/")
    assert {path: answer.status for path, answer in answers.items() if answer.status != 200} == {}
    named = {route.path for route in ROUTES if route.title} - UNLINKED
    assert set(answers) >= (set(render_pages(SITE)) - SECOND_NAMES) | named


def test_other_addresses_and_methods_are_refused(server: PracticeServer) -> None:
    assert get(server, "/nowhere").status == 404
    assert get(server, "/trouble/nothing").status == 404
    assert get(server, "/quotes/", method="POST").status == 405
    assert (get(server, "/quotes").status, get(server, "/quotes").headers["Location"]) == (301, "/quotes/")
    assert get(server, "/quotes/", method="HEAD").body == b""


def test_one_connection_serves_many_requests(server: PracticeServer) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        ports = set()
        for _ in range(3):
            connection.request("GET", "/quotes/")
            connection.getresponse().read()
            ports.add(connection.sock.getsockname()[1])
    assert len(ports) == 1


def test_the_request_log_tells_path_status_agent_and_time() -> None:
    started_s = time.monotonic()
    with PracticeServer() as server:
        get(server, "/quotes/?from=test", User_Agent="a tester")
        get(server, "/nowhere")
        found, missing = server.requests
    assert found[:3] == ("/quotes/?from=test", 200, "a tester")
    assert missing[:2] == ("/nowhere", 404)
    assert started_s <= found.at_s <= missing.at_s <= time.monotonic()


def test_a_fault_happens_as_often_as_asked() -> None:
    with PracticeServer(faults={"/quotes/": Fault(status=503, times=2, retry_after=7)}) as server:
        answers = [get(server, "/quotes/") for _ in range(3)]
        assert [request.status for request in server.requests] == [503, 503, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["7", "7", None]


def test_a_fault_without_a_number_of_times_stays_until_it_is_removed() -> None:
    with PracticeServer(faults={"/books/": Fault(status=404)}) as server:
        assert [get(server, "/books/").status for _ in range(3)] == [404] * 3
        del server.faults["/books/"]
        assert get(server, "/books/").status == 200


def test_a_dropped_connection_gets_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    with PracticeServer(faults={"/quotes/": Fault(drop=True, times=1)}) as server:
        with pytest.raises(ConnectionError):
            get(server, "/quotes/")
        assert get(server, "/quotes/").status == 200
        assert [request.status for request in server.requests] == [0, 200]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_fault_may_only_delay() -> None:
    with PracticeServer(faults={"/quotes/": Fault(status=None, delay_s=0.2)}) as server:
        started_s = time.monotonic()
        assert get(server, "/quotes/").status == 200
        assert time.monotonic() - started_s >= 0.2


def test_latency_delays_every_answer() -> None:
    with PracticeServer(latency_ms=150) as server:
        started_s = time.monotonic()
        get(server, "/robots.txt")
        assert time.monotonic() - started_s >= 0.15


@pytest.mark.parametrize("values", [{"status": 99}, {"times": 0}, {"delay_s": -1.0}])
def test_an_impossible_fault_is_an_error(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(values))} must be"):
        Fault(**values)


@pytest.mark.parametrize("status", [200, 204, 304, 418, 429, 500, 599])
def test_trouble_with_a_status(server: PracticeServer, status: int) -> None:
    assert get(server, f"/trouble/status/{status}").status == status


@pytest.mark.parametrize(
    "path", ["status/one", "status/600", "large?mb=-1", "large?mb=much", "slow?s=61", "slow?s=nan"]
)
def test_trouble_asked_for_in_vain_is_400(server: PracticeServer, path: str) -> None:
    answer = get(server, f"/trouble/{path}")
    assert (answer.status, b"must be" in answer.body) == (400, True)
    assert server.requests[-1].status == 400


def test_trouble_with_a_pdf(server: PracticeServer) -> None:
    answer = get(server, "/trouble/pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.body.startswith(b"%PDF-1.4")
    start = int(answer.body.split(b"startxref\n")[1].split()[0])
    assert answer.body[start:].startswith(b"xref")


def test_trouble_with_a_large_page(server: PracticeServer) -> None:
    answer = get(server, "/trouble/large?mb=3")
    assert len(answer.body) == 3_000_000
    assert answer.headers["Transfer-Encoding"] == "chunked"


def test_a_reader_may_leave_a_large_page_early(caplog: pytest.LogCaptureFixture) -> None:
    with PracticeServer() as server:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
            connection.request("GET", "/trouble/large?mb=1000")
            with connection.getresponse() as response:
                assert len(response.read(1_000)) == 1_000
        assert get(server, "/quotes/").status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_trouble_with_redirects(server: PracticeServer) -> None:
    assert get(server, "/trouble/redirect").headers["Location"] == "/trouble/redirect?n=2"
    assert get(server, "/trouble/redirect?n=2").headers["Location"] == "/trouble/redirect?n=3"
    offsite = get(server, "/trouble/offsite")
    assert (offsite.status, urlsplit(offsite.headers["Location"]).netloc) == (302, f"localhost:{server.port}")


def test_trouble_with_odd_bodies_and_headers(server: PracticeServer) -> None:
    empty = get(server, "/trouble/empty")
    assert (empty.status, empty.body) == (200, b"")
    json = get(server, "/trouble/json-as-html")
    assert json.headers["Content-Type"].startswith("text/html")
    assert json.body.startswith(b"{")
    with pytest.raises(LineTooLong):
        get(server, "/trouble/huge-header")


def test_trouble_with_a_slow_page(server: PracticeServer) -> None:
    started_s = time.monotonic()
    assert get(server, "/trouble/slow?s=0.2").status == 200
    assert time.monotonic() - started_s >= 0.2


def test_a_stopped_server_leaves_no_thread_and_no_listener() -> None:
    threads = set(threading.enumerate())
    for _ in range(3):
        with PracticeServer() as server:
            assert get(server, "/quotes/").status == 200
        assert set(threading.enumerate()) == threads
        with pytest.raises(ConnectionRefusedError):
            get(server, "/quotes/")


def test_open_connections_do_not_hold_up_the_end() -> None:
    with ExitStack() as connections:
        with PracticeServer() as server:
            kept, waiting = (
                connections.enter_context(closing(HTTPConnection("127.0.0.1", server.port, timeout=20)))
                for _ in range(2)
            )
            waiting.request("GET", "/trouble/slow?s=60")
            kept.request("GET", "/quotes/")
            assert kept.getresponse().read()
            started_s = time.monotonic()
        assert time.monotonic() - started_s < 10


def test_a_port_in_use_is_an_error_that_leaves_no_thread() -> None:
    threads = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        PracticeServer(port=taken.getsockname()[1]).__enter__()
    assert set(threading.enumerate()) == threads


def test_an_enlarged_site_has_the_sizes_asked_for_and_unique_keys() -> None:
    site = enlarge(SITE, quotes=1_000, books=300, quotes_per_page=25)
    assert len({(quote["text"], quote["author"]) for quote in site.quotes}) == len(site.all_quotes) == 1_000
    assert len({book["upc"] for book in site.books}) == len({book.path for book in site.all_books}) == 300
    assert len({author.path for author in site.all_authors}) == len(site.authors) == 50
    assert {quote["author"] for quote in site.quotes} == {author["name"] for author in site.authors}
    assert {len(page) for page in site.quote_pages()} == {25}
    assert site.refused == []
    assert not any(entry.awkward or entry.shown for entry in (*site.all_quotes, *site.all_authors, *site.all_books))


def test_an_enlarged_site_is_the_same_every_time() -> None:
    assert enlarge(SITE, quotes=200, books=50) == enlarge(load_site(), quotes=200, books=50)


def test_padding_gives_a_list_page_the_weight_of_a_real_one() -> None:
    pages = render_pages(enlarge(SITE, quotes=100, books=40), practice_templates(padding_kb=20))
    for path in ("/quotes/", "/books/", "/quotes/page/2/"):
        assert 20_000 <= len(pages[path].body) <= 50_000


@pytest.mark.parametrize("size", ["quotes", "books", "quotes_per_page"])
def test_an_impossible_size_is_named(size: str) -> None:
    with pytest.raises(ValueError, match=f"{size} must be 1 or more, not 0"):
        enlarge(SITE, **{size: 0})


def test_too_many_quotes_are_refused_with_the_most_that_is_possible() -> None:
    with pytest.raises(ValueError, match="ask for at most"):
        enlarge(SITE, quotes=1_000_000, books=1)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_address_and_ends_well(stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "practice", "--port", "0", "--quotes", "45", "--books", "21"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT / "tests") as process:
        try:
            address = urlsplit(process.stdout.readline().strip())
            with closing(HTTPConnection(address.hostname, address.port, timeout=20)) as connection:
                connection.request("GET", "/quotes/page/3/")
                page = Selector(connection.getresponse().read().decode())
            assert len(page.css(".quote")) == 5
        finally:
            process.send_signal(stop)
        assert process.wait(20) == 0


def test_the_demo_is_served_alone_by_its_command() -> None:
    command = [sys.executable, "-m", "scraper.demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            address = urlsplit(process.stdout.readline().strip())
            with closing(HTTPConnection(address.hostname, address.port, timeout=20)) as connection:
                connection.request("GET", "/books/")
                page = Selector(connection.getresponse().read().decode())
            assert len(page.css("article.product_pod")) == len(SITE.book_pages()[0])
        finally:
            process.terminate()
        assert process.wait(20) == 0


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "practice", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT / "tests")


def test_the_command_says_in_one_line_that_its_port_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("--port", port)
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert f"127.0.0.1:{port}: the port is in use" in line
    assert "--port 0" in line


def test_the_help_ends_in_an_example() -> None:
    assert run("--help").stdout.splitlines()[-1].strip().startswith("python -m practice --port")


def test_a_wrong_option_names_what_was_expected() -> None:
    result = run("--quotes", "none")
    assert result.returncode == 2
    assert "expected a whole number from 1 to 100000, not 'none'" in result.stderr


PACKAGES = {"scraper.demo": ROOT / "scraper" / "demo", "practice": ROOT / "tests" / "practice"}
MODULES = sorted(
    f"{package}.{path.stem}".removesuffix(".__init__")
    for package, folder in PACKAGES.items()
    for path in folder.glob("*.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_are_right(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
