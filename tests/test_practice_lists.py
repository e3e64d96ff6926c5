"""Every list, form and source of the practice site leads to the healthy quotes, and breaks as a test asks it to."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from parsel import Selector
from practice import Fault, PracticeServer, enlarge, load_site
from practice.directory import ROUTER
from practice.list_parts import quote_day, quotes_between

from scraper.demo import paths
from scraper.demo.memory import MOST_REMEMBERED, Recent
from scraper.demo.records import Quote

SITE = load_site()
LISTED = SITE.listed_quotes
LAST = 7
NOTHING = "----------"

Shown = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Answer:
    address: str
    status: int
    headers: dict[str, str]
    body: bytes
    cookie: str

    @property
    def page(self) -> Selector:
        return Selector(self.body.decode())

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)

    def link(self, query: str) -> str | None:
        """Where a link leads, without what comes after #."""
        found = self.page.css(f"{query}::attr(href)").get()
        return urljoin(self.address, found).partition("#")[0] if found else None


def ask(server: PracticeServer, address: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
    """GET, or POST a form; the address may be a path or a whole URL."""
    address = urljoin(server.url, address)
    assert address.startswith(server.url)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    body = None
    if form is not None:
        body = urlencode(form)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        target = address.removeprefix(server.url[:-1])
        connection.request("GET" if form is None else "POST", target, body, sent)
        response = connection.getresponse()
        received = dict(response.getheaders())
        cookie = received.get("Set-Cookie", "").partition(";")[0]
        return Answer(address, response.status, received, response.read(), cookie)


def text(node: Any) -> str:
    return "".join(node.xpath(".//text()").getall()).strip()


def in_html(page: Selector) -> list[Shown]:
    return [
        (text(quote.css(".text")), text(quote.css(".author")), tuple(map(text, quote.css(".tag"))))
        for quote in page.css(".quote")
    ]


def in_json(quotes: list[dict[str, Any]]) -> list[Shown]:
    return [(quote["text"].strip(), quote["author"]["name"].strip(), stripped(quote["tags"])) for quote in quotes]


def stripped(texts: Any) -> tuple[str, ...]:
    return tuple(one.strip() for one in texts)


def expected(quotes: Any) -> list[Shown]:
    shown = [quote.on_page() for quote in quotes]
    return [(one["text"].strip(), one["author"].strip(), stripped(one["tags"])) for one in shown]


ALL = expected(LISTED)


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


def follow(
    server: PracticeServer, start: str, following: Callable[[Answer], str | None], most: int = 30
) -> list[Answer]:
    """The pages that one comes by, each time going where `following` says."""
    answers: list[Answer] = []
    address: str | None = start
    while address and len(answers) < most:
        answers.append(ask(server, address))
        assert answers[-1].status == 200, address
        address = following(answers[-1])
    return answers


def shown_on(answers: list[Answer]) -> list[Shown]:
    return [quote for answer in answers for quote in in_html(answer.page)]


def by_li(answer: Answer) -> str | None:
    return answer.link("li.next a")


def header_link(answer: Answer) -> str | None:
    link = answer.headers.get("Link")
    return urljoin(answer.address, link.partition(">")[0].removeprefix("<")) if link else None


NEXT_LINKS: dict[str, Callable[[Answer], str | None]] = {
    "/quotes/members/": by_li,
    "/lists/rel-next/": lambda answer: answer.link("head link[rel=next]"),
    "/lists/link-header/": header_link,
    "/lists/anchor-rel/": lambda answer: answer.link("a[rel='next nofollow']"),
    "/lists/stated-next/": by_li,
    "/lists/relative/": by_li,
    "/lists/totals/wrong/": by_li,
    "/lists/totals/word/": by_li,
    "/lists/totals/many/": by_li,
    "/lists/totals/growing/": by_li,
}


def test_the_listed_quotes_are_the_true_ones() -> None:
    assert [quote.record() for quote in LISTED] == SITE.quotes
    assert [quote for quote in LISTED if quote.tags] == list(SITE.filterable_quotes) != list(LISTED)


@pytest.mark.parametrize("start", NEXT_LINKS)
def test_a_list_with_a_link_to_the_next_page_shows_every_quote_once(server: PracticeServer, start: str) -> None:
    answers = follow(server, start, NEXT_LINKS[start])
    assert len(answers) == LAST
    assert shown_on(answers) == ALL


HINTS = (
    "li.next",
    "link[rel~=next]",
    "a[rel~=next]",
    "a.next",
    "nav.pages",
    ".state",
    ".total",
    ".more",
    "form",
    ".pager a",
)
HINTS_OF = {
    "rel-next": {"link[rel~=next]"},
    "link-header": {"Link"},
    "anchor-rel": {"a[rel~=next]"},
    "relative": {"li.next", ".pager a"},
    "last-empty": {"li.next", ".pager a"},
    "many-next": {"a.next"},
    "script-next": {"li.next", ".pager a"},
    "numbers": set(),
    "numbers-404": set(),
    "clamped": set(),
    "stated": {"nav.pages", ".state", ".total"},
    "stated-next": {"li.next", ".pager a", "nav.pages", ".state", ".total"},
    "ranked": {"nav.pages", ".state", ".total"},
    "offset": {".total"},
    "capped": {"li.next", ".pager a", ".total"},
    "load-more": {".more"},
    "load-more-json": {".more"},
    "form": {"form"},
    "postback": {"form", ".pager a"},
    "archive": {"form", ".total"},
    "archive-silent": {"form"},
}


@pytest.mark.parametrize("name", HINTS_OF)
def test_a_list_leads_on_in_its_own_way_only(server: PracticeServer, name: str) -> None:
    answer = ask(server, f"/lists/{name}/")
    found = {hint for hint in HINTS if answer.page.css(hint)} | {"Link"} & set(answer.headers)
    assert found == HINTS_OF[name]
    assert in_html(answer.page) == ALL[:10]


def test_a_relative_link_is_written_in_four_ways(server: PracticeServer) -> None:
    answers = follow(server, "/lists/relative/", by_li)
    written = [answer.page.css("li.next a::attr(href)").get() for answer in answers]
    own = urlsplit(server.url).netloc
    relative = ["?page=2", "../relative/?page=3", f"//{own}/lists/relative/?page=4", "./?page=5#top", "?page=6"]
    assert written[:5] == relative


@pytest.mark.parametrize("name", ["numbers", "numbers-404"])
def test_pages_by_number_in_the_path(server: PracticeServer, name: str) -> None:
    answers = [ask(server, f"/lists/{name}/{number}/") for number in range(1, LAST + 1)]
    assert shown_on(answers) == ALL
    assert in_html(ask(server, f"/lists/{name}/").page) == ALL[:10]
    assert not any(f"/lists/{name}" in link for answer in answers for link in answer.page.css("::attr(href)").getall())
    beyond = ask(server, f"/lists/{name}/{LAST + 1}/")
    assert beyond.status == (404 if name == "numbers-404" else 200)
    assert b'class="quote"' not in beyond.body
    assert ask(server, f"/lists/{name}/none/").status == 400


@pytest.mark.parametrize("name", ["stated", "stated-next", "ranked"])
def test_pages_that_say_how_many_there_are(server: PracticeServer, name: str) -> None:
    answers = [ask(server, f"/lists/{name}/?page={number}") for number in range(1, LAST + 1)]
    assert shown_on(answers) == ALL
    for number, answer in enumerate(answers, start=1):
        assert text(answer.page.css("p.state")) == f"Page {number} of {LAST}"
        assert text(answer.page.css("p.total")) == f"{len(LISTED)} results"
        assert answer.page.css("nav.pages a::text").getall() == [str(page) for page in range(1, LAST + 1)]
        assert bool(by_li(answer)) == (name == "stated-next" and number < LAST)
    assert ask(server, f"/lists/{name}/?page={LAST + 1}").status == 404
    assert ask(server, f"/lists/{name}/?page=none").status == 400


def test_ranked_pages_with_odd_numbers_are_slower(server: PracticeServer) -> None:
    started_s = time.monotonic()
    ask(server, "/lists/ranked/?page=3")
    assert time.monotonic() - started_s >= 0.03


def test_beyond_the_last_clamped_page_is_the_last_one(server: PracticeServer) -> None:
    assert shown_on([ask(server, f"/lists/clamped/?page={page}") for page in range(1, LAST + 1)]) == ALL
    assert in_html(ask(server, "/lists/clamped/?page=99").page) == ALL[-1:]


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("wrong", ["1000 results"] * LAST),
        ("word", ["many results"] * LAST),
        ("many", ["61 quotes by 15 authors, found in 0.02 seconds"] * LAST),
        ("growing", [f"{61 + page} results" for page in range(LAST)]),
    ],
)
def test_totals_that_mislead(server: PracticeServer, name: str, stated: list[str]) -> None:
    answers = follow(server, f"/lists/totals/{name}/", by_li)
    assert [text(answer.page.css("p.total")) for answer in answers] == stated


def test_a_capped_list_ends_before_its_total(server: PracticeServer) -> None:
    answers = follow(server, "/lists/capped/", by_li)
    assert shown_on(answers) == ALL[:30]
    assert {text(answer.page.css("p.total strong")) for answer in answers} == {str(len(LISTED))}
    assert ask(server, "/lists/capped/?page=4").status == 404


def test_parts_by_offset_are_never_longer_than_a_page(server: PracticeServer) -> None:
    answers = [ask(server, f"/lists/offset/?offset={offset}&limit=500") for offset in range(0, 70, 10)]
    assert shown_on(answers) == ALL
    assert in_html(ask(server, "/lists/offset/?offset=5&limit=3").page) == ALL[5:8]
    assert {text(answer.page.css("p.total")) for answer in answers} == {f"{len(LISTED)} quotes"}
    assert in_html(ask(server, "/lists/offset/?offset=70").page) == []
    assert ask(server, "/lists/offset/?offset=-1").status == 400


def test_the_scrolling_page_names_the_api_and_the_api_has_every_quote(server: PracticeServer) -> None:
    page = ask(server, "/quotes/scroll").page
    assert (text(page.css("div.quotes")), page.css(".quote").getall()) == ("", [])
    assert "'/quotes/api/quotes', {page: page}" in page.css("script::text").get("")
    answers = [ask(server, f"/quotes/api/quotes?page={number}").json for number in range(1, LAST + 2)]
    assert [answer["has_next"] for answer in answers] == [True] * (LAST - 1) + [False, False]
    quotes = [quote for answer in answers for quote in answer["quotes"]]
    assert in_json(quotes) == ALL
    assert [quote["tags"] for quote in quotes] == [quote.on_page()["tags"] for quote in LISTED]
    for quote, true in zip(quotes, LISTED, strict=True):
        assert f"/quotes/author/{quote['author']['slug']}" == paths.author(true.author)
        assert "http://goodreads.com" + quote["author"]["goodreads_link"] == SITE.goodreads_url(true.author)
    assert set(answers[0]) == {"has_next", "page", "quotes", "tag", "top_ten_tags"}
    assert answers[0]["top_ten_tags"] == [[tag, len(SITE.listed_by_tag[tag])] for tag in list(SITE.listed_by_tag)[:10]]
    error = ask(server, "/quotes/api/quotes?page=none")
    assert (error.status, list(error.json)) == (400, ["error"])


def test_the_table_has_two_rows_for_a_quote(server: PracticeServer) -> None:
    def rows(answer: Answer) -> list[tuple[str, list[str]]]:
        quotes = answer.page.xpath('//tr[contains(@style, "border-bottom")]')
        tags = [[tag.strip() for tag in row.xpath("following-sibling::tr[1]//a/text()").getall()] for row in quotes]
        return list(zip(map(text, quotes), tags, strict=True))

    answers = follow(server, "/quotes/tableful/", lambda answer: answer.link("a:contains(Next)"))
    found = [row for answer in answers for row in rows(answer)]
    assert found == [(f"{words} Author: {author}", list(tags)) for words, author, tags in ALL]
    first, second, last = answers[0].page, answers[1].page, answers[-1].page
    assert [node.css("a:contains(Previous)").attrib.get("href") for node in (first, second)] == [
        None,
        "/quotes/tableful/",
    ]
    assert first.css("tr:first-child td[rowspan='5'] h3::text").get() == "Top Ten tags"
    assert len(first.css("tr:first-child td[rowspan='5'] a")) == 10
    assert text(last.css("tr:last-child a")) == "← Previous"
    assert text(first.css("tr:last-child a span")) == "→"
    beyond = ask(server, f"/quotes/tableful/page/{LAST + 1}/")
    assert (beyond.status, b"No quotes found!" in beyond.body, b"No quotes found!" in answers[0].body) == (
        200,
        True,
        False,
    )


def test_json_by_page_and_by_offset(server: PracticeServer) -> None:
    pages = [ask(server, f"/lists/api/pages?page={page}").json for page in range(1, LAST + 2)]
    assert [quote for page in pages for quote in in_json(page["data"]["items"])] == ALL
    assert [(page["page"], page["pages"], page["total"]) for page in pages[:2]] == [(1, LAST, 61), (2, LAST, 61)]
    parts = [ask(server, f"/lists/api/offset?offset={offset}&limit=99").json for offset in range(0, 80, 10)]
    assert [quote for part in parts for quote in in_json(part["results"])] == ALL
    assert {part["total"] for part in parts} == {61}


def test_json_with_a_cursor(server: PracticeServer) -> None:
    found, cursor = [], ""
    while cursor is not None:
        content = ask(server, f"/lists/api/cursor?{urlencode({'cursor': cursor})}").json
        found += in_json(content["items"])
        cursor = content["next_cursor"]
    assert found == ALL


def test_json_with_a_token_in_a_header(server: PracticeServer) -> None:
    found, answer = [], ask(server, "/lists/api/token")
    while True:
        found += in_json(answer.json["items"])
        token = answer.headers.get("X-Next-Page-Token")
        if token is None:
            break
        answer = ask(server, "/lists/api/token", X_Page_Token=token)
    assert found == ALL


def test_json_with_absolute_links(server: PracticeServer) -> None:
    found, address = [], f"{server.url}lists/api/links"
    while address is not None:
        content = ask(server, address).json
        assert content["count"] == len(LISTED)
        found += in_json(content["results"])
        address = content["next"]
        assert address is None or address.startswith(server.url)
    assert found == ALL


@pytest.mark.parametrize(
    "asked",
    ["pages?page=0", "offset?offset=x", "offset?limit=0", "cursor?cursor=MTA=", "cursor?cursor=é", "links?page=-1"],
)
def test_json_asked_for_in_vain_is_400(server: PracticeServer, asked: str) -> None:
    answer = ask(server, f"/lists/api/{asked.replace('é', '%C3%A9')}")
    assert (answer.status, list(answer.json)) == (400, ["error"])


def test_a_token_that_is_made_up_is_400(server: PracticeServer) -> None:
    answer = ask(server, "/lists/api/token", X_Page_Token="2")
    assert (answer.status, list(answer.json)) == (400, ["error"])


def test_a_cursor_that_leads_round_in_a_circle(server: PracticeServer) -> None:
    first = ask(server, "/lists/api/cursor-loop").json
    cursor = first["next_cursor"]
    for _ in range(3):
        content = ask(server, f"/lists/api/cursor-loop?{urlencode({'cursor': cursor})}").json
        assert (content["next_cursor"], in_json(content["items"])) == (cursor, ALL[10:20])


def test_a_button_that_fetches_more(server: PracticeServer) -> None:
    found, answer = [], ask(server, "/lists/load-more/")
    assert answer.page.css("button.more").attrib["data-url"] == "/lists/load-more/fragment?after=10"
    while True:
        assert answer.headers["Content-Type"].startswith("text/html")
        found += in_html(answer.page)
        button = answer.page.css("button.more")
        if not button:
            break
        answer = ask(server, button.attrib["data-url"])
        assert b"<html" not in answer.body
    assert found == ALL


def test_a_button_that_fetches_more_as_html_in_json(server: PracticeServer) -> None:
    answer = ask(server, "/lists/load-more-json/")
    found, page, more = in_html(answer.page), int(answer.page.css("button.more").attrib["data-page"]), True
    while more:
        content = ask(server, "/lists/load-more-json/more", {"action": "more", "page": str(page)}).json
        assert content["page"] == page
        found += in_html(Selector(content["html"]))
        page, more = page + 1, content["more"]
    assert found == ALL
    assert ask(server, "/lists/load-more-json/more").status == 405
    assert ask(server, "/lists/load-more-json/more", {"action": "more", "page": "none"}).status == 400
    assert ask(server, "/lists/load-more-json/more", {"action": "less", "page": "2"}).status == 400


def fields(form: Any) -> dict[str, str]:
    return {field.attrib["name"]: field.attrib["value"] for field in form.css("input, button")}


def test_a_form_that_leads_to_the_next_page(server: PracticeServer) -> None:
    answer = ask(server, "/lists/form/")
    found = in_html(answer.page)
    while answer.page.css("form.next"):
        form = answer.page.css("form.next")
        assert set(fields(form)) == {"state", "go"}
        answer = ask(server, form.attrib["action"], fields(form))
        found += in_html(answer.page)
    assert found == ALL
    assert ask(server, "/lists/form/", {"state": "2"}).status == 400


def test_links_that_post_back(server: PracticeServer) -> None:
    answer = ask(server, "/lists/postback/")
    found = in_html(answer.page)
    for number in range(2, LAST + 1):
        page = answer.page
        assert f"javascript:__doPostBack('pager','{number}')" in page.css(".pager a::attr(href)").getall()
        form = fields(page.css("form#aspnet"))
        assert (form["__EVENTTARGET"], form["__EVENTARGUMENT"]) == ("", "")
        posted = {**form, "__EVENTTARGET": "pager", "__EVENTARGUMENT": str(number)}
        answer = ask(server, "/lists/postback/", posted)
        assert text(answer.page.css("span.current")) == f"Page {number} of {LAST}"
        found += in_html(answer.page)
    assert found == ALL
    assert ask(server, "/lists/postback/", {**posted, "__EVENTARGUMENT": "8"}).status == 400
    assert ask(server, "/lists/postback/", {**posted, "__VIEWSTATE": "made up"}).status == 500


def test_lists_by_tag(server: PracticeServer) -> None:
    index = ask(server, "/lists/tags/")
    assert index.page.css("ul.tags a::text").getall() == list(SITE.listed_by_tag)
    for link in index.page.css("ul.tags a"):
        tag = link.css("::text").get("")
        answers = follow(server, link.attrib["href"], by_li)
        tagged = [quote for quote in LISTED if tag in quote.tags]
        assert shown_on(answers) == expected(tagged)
        assert {text(answer.page.css("p.total")) for answer in answers} == {f"{len(tagged)} quotes"}
    assert ask(server, "/lists/tags/nothing/").status == 404


def test_the_days_of_the_quotes_are_in_order_and_fill_three_months() -> None:
    days = [quote_day(SITE, index) for index in range(len(LISTED))]
    assert days == sorted(days)
    assert (days[0], days[-1], days.count(days[0]) > 1) == (date(2026, 1, 1), date(2026, 3, 31), True)
    assert quotes_between(SITE, days[10], days[20]) == tuple(
        q for q, d in zip(LISTED, days, strict=True) if days[10] <= d <= days[20]
    )


def test_an_archive_shows_the_first_quotes_of_a_span(server: PracticeServer) -> None:
    def within(first: date, last: date) -> list[Shown]:
        address = f"?from={first}&to={last}"
        answer, silent = (ask(server, f"/lists/{name}/{address}") for name in ("archive", "archive-silent"))
        assert in_html(answer.page) == in_html(silent.page)
        assert silent.page.css("p.total").getall() == []
        if text(answer.page.css("p.total")) == f"{len(answer.page.css('.quote'))} quotes":
            return in_html(answer.page)
        assert len(answer.page.css(".quote")) == SITE.quotes_per_page
        middle = first + (last - first) // 2
        return within(first, middle) + within(middle + timedelta(days=1), last)

    assert within(date(2026, 1, 1), date(2026, 3, 31)) == ALL
    assert in_html(ask(server, "/lists/archive/").page) == ALL[:10]
    for bad in ("2026-02-30", "20260101", "yesterday"):
        assert ask(server, f"/lists/archive/?from={bad}").status == 400


def test_the_sitemaps_name_authors_and_books(server: PracticeServer) -> None:
    def locations(body: bytes) -> list[str]:
        page = Selector(body.decode(), type="xml")
        page.remove_namespaces()
        return page.css("loc::text").getall()

    robots = ask(server, "/robots.txt").body.decode()
    assert f"Sitemap: {server.url}sitemap.xml" in robots.splitlines()
    assert "Disallow: /private/" in robots.splitlines()
    authors, books = (ask(server, place) for place in locations(ask(server, "/sitemap.xml").body))
    assert (authors.address, authors.headers["Content-Type"]) == (
        f"{server.url}sitemap-authors.xml.gz",
        "application/gzip",
    )
    base = server.url[:-1]
    assert locations(gzip.decompress(authors.body)) == [base + author.path for author in SITE.all_authors]
    assert locations(books.body) == [base + book.path for book in SITE.all_books]
    assert ask(server, locations(books.body)[3]).status == 200


@pytest.mark.parametrize(("name", "entry", "words"), [("rss", "item", "description"), ("atom", "entry", "summary")])
def test_the_feeds_show_every_quote_in_pages(server: PracticeServer, name: str, entry: str, words: str) -> None:
    found, links = [], []
    address = f"/feeds/quotes.{name}"
    while address:
        answer = ask(server, address)
        assert answer.headers["Content-Type"].startswith(f"application/{name}+xml")
        page = Selector(answer.body.decode(), type="xml")
        page.remove_namespaces()
        for one in page.css(entry):
            tags = one.css("category::text, category::attr(term)").getall()
            found.append((text(one.xpath(words)), text(one.xpath("title")), stripped(tags)))
            links.append(one.xpath("string(link)").get() or one.xpath("link/@href").get())
        address = page.xpath("//link[@rel='next']/@href").get("")
    assert found == ALL
    assert links == [f"{server.url}quotes/one/{number}/" for number in range(1, len(LISTED) + 1)]
    assert in_html(ask(server, links[20]).page) == ALL[20:21]
    assert ask(server, f"/quotes/one/{len(LISTED) + 1}/").status == 404


def test_traps_that_go_on_for_ever(server: PracticeServer) -> None:
    loop = follow(server, "/lists/loop/a/", by_li, most=4)
    assert [urlsplit(answer.address).path for answer in loop] == ["/lists/loop/a/", "/lists/loop/b/"] * 2
    assert shown_on(loop[:2]) == ALL[:20]
    sessions = follow(server, "/lists/sessions/", by_li, most=2 * LAST)
    assert len({answer.address for answer in sessions}) == 2 * LAST
    assert shown_on(sessions) == ALL * 2
    same = follow(server, "/lists/same/", by_li, most=4)
    assert [urlsplit(answer.address).query for answer in same] == ["", "page=2", "page=3", "page=4"]
    assert shown_on(same) == ALL[:10] * 4
    months = follow(server, "/lists/calendar/?month=2025-12", by_li, most=6)
    assert [len(answer.page.css(".quote")) > 0 for answer in months] == [False, True, True, True, False, False]
    assert shown_on(months) == ALL
    assert urlsplit(months[-1].address).query == "month=2026-05"
    assert ask(server, "/lists/calendar/?month=2026-13").status == 400


def test_traps_at_the_last_page(server: PracticeServer) -> None:
    empty = follow(server, "/lists/last-empty/", by_li)
    assert (len(empty), shown_on(empty), in_html(empty[-1].page)) == (LAST + 1, ALL, [])
    own = follow(
        server, "/lists/self-next/", lambda a: None if a.page.css("li.next a").attrib["href"] == "#" else by_li(a)
    )
    assert shown_on(own) == ALL
    script = [ask(server, f"/lists/script-next/?page={page}") for page in range(1, LAST + 1)]
    assert {answer.page.css("li.next a").attrib["href"] for answer in script} == {"javascript:void(0)"}
    assert shown_on(script) == ALL


def test_many_links_look_like_the_next_one(server: PracticeServer) -> None:
    for number in range(1, LAST + 1):
        links = ask(server, f"/lists/many-next/?page={number}").page.css("a.next::attr(href)").getall()
        assert len(links) == 10
        assert links.count(f"?page={number + 1}") == (number < LAST)
        assert f"?page={number}" not in links


class Browser:
    """Keeps one cookie."""

    def __init__(self, server: PracticeServer) -> None:
        self.server, self.cookie = server, ""

    def ask(self, address: str, form: dict[str, str] | None = None) -> Answer:
        answer = ask(self.server, address, form, Cookie=self.cookie)
        self.cookie = answer.cookie or self.cookie
        return answer

    def log_in(self, **changes: str) -> Answer:
        page = self.ask("/quotes/login").page
        form = page.css("form[action='/quotes/login'][method=post]")
        assert [field.attrib["type"] for field in form.css("input")] == ["hidden", "text", "password", "submit"]
        token = form.css("[name=csrf_token]").attrib["value"]
        return self.ask("/quotes/login", {"csrf_token": token, "username": "me", "password": "secret", **changes})


def logged_in(answer: Answer) -> bool:
    links = answer.page.css("header a::attr(href)").getall()
    assert ("/quotes/logout" in links) != ("/quotes/login" in links)
    assert bool(answer.page.css(".quote a:contains('(Goodreads page)')")) == ("/quotes/logout" in links)
    return "/quotes/logout" in links


def test_members_see_more(server: PracticeServer) -> None:
    browser = Browser(server)
    success = browser.log_in()
    assert (success.status, success.headers["Location"]) == (302, "/quotes/members/")
    addresses = [f"/quotes/members/page/{page}/" if page > 1 else "/quotes/members/" for page in range(1, LAST + 1)]
    answers = [browser.ask(address) for address in addresses]
    assert all(logged_in(answer) for answer in answers)
    assert shown_on(answers) == ALL
    links = [
        link for answer in answers for link in answer.page.css(".quote span a:nth-of-type(2)::attr(href)").getall()
    ]
    assert links == [SITE.goodreads_url(quote.author) for quote in LISTED]
    assert links[0].startswith("http://goodreads.com/author/show/")
    assert not logged_in(ask(server, "/quotes/members/"))
    beyond = ask(server, f"/quotes/members/page/{LAST + 1}/")
    assert (beyond.status, b"No quotes found!" in beyond.body) == (200, True)
    assert browser.ask("/quotes/logout").status == 302
    assert not logged_in(browser.ask("/quotes/members/"))


@pytest.mark.parametrize("changes", [{"csrf_token": "made up"}, {"username": ""}, {"password": "wrong"}])
def test_a_log_in_that_fails_shows_the_form_again(server: PracticeServer, changes: dict[str, str]) -> None:
    browser = Browser(server)
    answer = browser.log_in(**changes)
    assert answer.status == 200
    assert text(answer.page.css("p.error")).startswith("Error while logging in: ")
    assert not logged_in(browser.ask("/quotes/members/"))
    assert browser.log_in().status == 302


def test_a_log_in_without_the_cookie_fails(server: PracticeServer) -> None:
    token = ask(server, "/quotes/login").page.css("[name=csrf_token]").attrib["value"]
    answer = ask(server, "/quotes/login", {"csrf_token": token, "username": "me", "password": "secret"})
    assert b"Error while logging in" in answer.body


def test_a_session_may_end_early() -> None:
    with PracticeServer(session_pages=2) as server:
        browser = Browser(server)
        browser.log_in()
        assert [logged_in(browser.ask("/quotes/members/")) for _ in range(4)] == [True, True, False, False]
        browser.log_in()
        assert logged_in(browser.ask("/quotes/members/"))


def options(page: Selector, name: str) -> list[str]:
    first, *others = page.css(f"select#{name}[name={name}] option")
    assert (first.get(), text(first)) == (f"<option>{NOTHING}</option>", NOTHING)
    return [option.attrib["value"] for option in others]


def search(server: PracticeServer, page: Selector, **chosen: str) -> Answer:
    form = page.css("form[name=filterform][action='/quotes/filter.aspx'][method=post]")
    sent = {"author": NOTHING, "tag": NOTHING, **fields(form), **chosen}
    return ask(server, "/quotes/filter.aspx", sent)


def test_the_search_form_finds_every_quote_with_a_tag(server: PracticeServer) -> None:
    start = ask(server, "/quotes/search.aspx").page
    assert options(start, "tag") == []
    found, authors = set(), options(start, "author")
    assert authors == sorted({quote.author for quote in SITE.filterable_quotes})
    for author in authors:
        chosen = search(server, start, author=author).page
        assert chosen.css("option[selected]").attrib["value"] == author
        assert chosen.css("#__VIEWSTATE").attrib["value"] != start.css("#__VIEWSTATE").attrib["value"]
        assert chosen.css(".results").getall() == []
        for tag in options(chosen, "tag"):
            results = search(server, chosen, author=author, tag=tag).page.css(".results .quote")
            assert {text(node) for node in results.css(".tag")} == {tag}
            found |= {(text(node.css(".content")), text(node.css(".author"))) for node in results}
            assert all(len(node.css(".tag")) == 1 for node in results)
    assert found == {shown[:2] for shown in expected(SITE.filterable_quotes)}
    assert ask(server, "/quotes/filter.aspx").status == 405


def test_a_view_state_must_be_the_right_one(server: PracticeServer) -> None:
    start = ask(server, "/quotes/search.aspx").page
    author, other = list(SITE.tags_of_author)[:2]
    tag = SITE.tags_of_author[author][0]
    assert ask(server, "/quotes/filter.aspx", {"author": author, "tag": NOTHING}).status == 500
    assert search(server, start, author=author, __VIEWSTATE="made up").status == 500
    chosen = search(server, start, author=author).page
    missing = next(tag for tag in SITE.listed_by_tag if tag not in SITE.tags_of_author[author])
    for page, asked in (
        (start, (author, tag)),
        (chosen, (author, missing)),
        (chosen, (other, tag)),
        (chosen, ("x", tag)),
    ):
        answer = search(server, page, author=asked[0], tag=asked[1])
        assert (answer.status, answer.headers.get("Location")) == (302, "/quotes/search.aspx")


def test_a_view_state_may_expire() -> None:
    with PracticeServer(viewstate_uses=2) as server:
        start = ask(server, "/quotes/search.aspx").page
        author = next(iter(SITE.tags_of_author))
        assert [search(server, start, author=author).status for _ in range(3)] == [200, 200, 302]
        posted = fields(ask(server, "/lists/postback/").page.css("form#aspnet"))
        posted |= {"__EVENTTARGET": "pager", "__EVENTARGUMENT": "2"}
        assert [ask(server, "/lists/postback/", posted).status for _ in range(3)] == [200, 200, 302]


@pytest.mark.parametrize("option", ["session_pages", "viewstate_uses"])
def test_an_impossible_limit_is_an_error(option: str) -> None:
    with pytest.raises(ValueError, match=f"{option} must be 1 or more"):
        PracticeServer(**{option: 0})


def test_the_server_forgets_its_oldest_visitors() -> None:
    recent: Recent[int] = Recent()
    for number in range(MOST_REMEMBERED + 5):
        recent[str(number)] = number
    assert (len(recent), next(iter(recent))) == (MOST_REMEMBERED, "5")


def test_the_directory_names_every_list(server: PracticeServer) -> None:
    links = ask(server, "/lists/").page.css("ul.directory a::attr(href)").getall()
    assert len(links) == len(set(links)) > 45
    assert {route.path for route in ROUTER.routes if route.path.startswith("/lists/") and route.title} >= {
        link for link in links if link.startswith("/lists/")
    }
    assert [link for link in links if ask(server, link).status != 200] == []
    assert "/lists/" in ask(server, "/").page.css("a::attr(href)").getall()
    assert text(ask(server, "/lists/rel-next/").page.css("title")) == text(
        ask(server, "/lists/rel-next/").page.css("h1")
    )


def test_an_address_without_its_last_slash_is_redirected(server: PracticeServer) -> None:
    assert ask(server, "/lists/stated?page=3").headers["Location"] == "/lists/stated/?page=3"


def test_the_log_tells_the_method() -> None:
    with PracticeServer() as server:
        ask(server, "/lists/form/")
        ask(server, "/lists/form/", {"state": "made up"})
        assert [(request.method, request.status) for request in server.requests] == [("GET", 200), ("POST", 400)]


def test_an_enlarged_site_has_all_lists() -> None:
    site = enlarge(SITE, quotes=5_000, books=1, quotes_per_page=10)
    with PracticeServer(site, padding_kb=20) as server:
        page = ask(server, "/lists/stated/?page=500")
        assert in_html(page.page) == expected(site.listed_quotes[-10:])
        assert len(page.page.css("nav.pages a")) == 500
        assert len(page.body) > 40_000
        assert ask(server, "/lists/api/pages?page=500").json["pages"] == 500
        assert ask(server, "/quotes/search.aspx").status == 200


REMOVED = {
    "/quotes/": (in_html, by_li),
    "/quotes/page/4/": (in_html, lambda answer: answer.page.css("li.next").get()),
    "/quotes/tag/humor/page/1/": (in_html, by_li),
    "/quotes/members/page/2/": (in_html, by_li),
    "/lists/rel-next/?page=2": (in_html, NEXT_LINKS["/lists/rel-next/"]),
    "/lists/link-header/": (in_html, header_link),
    "/lists/anchor-rel/": (in_html, NEXT_LINKS["/lists/anchor-rel/"]),
    "/lists/many-next/": (in_html, lambda answer: answer.page.css("a.next").get()),
    "/lists/load-more/": (in_html, lambda answer: answer.page.css("button").get()),
    "/lists/load-more/fragment?after=10": (in_html, lambda answer: answer.page.css("button").get()),
    "/lists/load-more-json/": (in_html, lambda answer: answer.page.css("button").get()),
    "/lists/form/": (in_html, lambda answer: answer.page.css("form").get()),
    "/quotes/tableful/": (
        lambda page: page.xpath('//tr[contains(@style, "border-bottom")]').getall(),
        lambda answer: answer.link("a:contains(Next)"),
    ),
    "/books/": (lambda page: page.css(".product_pod").getall(), by_li),
    "/books/catalogue/page-3.html": (lambda page: page.css(".product_pod").getall(), by_li),
    "/feeds/quotes.rss": (lambda page: page.css("item").getall(), lambda answer: answer.page.css("[rel=next]").get()),
    "/feeds/quotes.atom": (lambda page: page.css("entry").getall(), lambda answer: answer.page.css("[rel=next]").get()),
}


@pytest.mark.parametrize("address", REMOVED)
def test_a_damaged_page_lacks_records_or_its_way_on(address: str) -> None:
    records, following = REMOVED[address]
    with PracticeServer() as server:
        healthy = ask(server, address)
        assert following(healthy)
        server.faults[address] = Fault(remove_next=True)
        closed = ask(server, address)
        assert following(closed) is None
        assert records(closed.page) == records(healthy.page)
        for kept in (0, 3):
            server.faults[address] = Fault(keep_records=kept)
            damaged = ask(server, address)
            assert records(damaged.page) == records(healthy.page)[:kept]
            assert following(damaged) == following(healthy)
        server.faults.clear()
        assert ask(server, address, If_None_Match=damaged.headers.get("ETag", '"none"')).body == healthy.body


JSON_DAMAGED = {
    "/quotes/api/quotes": ("quotes", "has_next"),
    "/lists/api/cursor": ("items", "next_cursor"),
    "/lists/api/links": ("results", "next"),
}


@pytest.mark.parametrize("address", JSON_DAMAGED)
def test_damaged_json_lacks_records_or_its_way_on(address: str) -> None:
    records, following = JSON_DAMAGED[address]
    with PracticeServer() as server:
        healthy = ask(server, address).json
        server.faults[address] = Fault(remove_next=True)
        assert ask(server, address).json == {**healthy, following: False if following == "has_next" else None}
        server.faults[address] = Fault(keep_records=9)
        assert ask(server, address).json == {**healthy, records: healthy[records][:9]}


def test_other_json_can_be_damaged_as_well() -> None:
    faults = {
        "/lists/api/pages?page=2": Fault(keep_records=9),
        "/lists/api/token": Fault(remove_next=True, keep_records=1),
        "/lists/load-more-json/more": Fault(remove_next=True, keep_records=2),
    }
    with PracticeServer(faults=faults) as server:
        lengths = [len(ask(server, f"/lists/api/pages?page={page}").json["data"]["items"]) for page in (1, 2, 3)]
        assert lengths == [10, 9, 10]
        token = ask(server, "/lists/api/token")
        assert (len(token.json["items"]), token.headers.get("X-Next-Page-Token")) == (1, None)
        more = ask(server, "/lists/load-more-json/more", {"action": "more", "page": "2"}).json
        assert (in_html(Selector(more["html"])), more["more"]) == (ALL[10:12], False)


def test_a_search_result_and_a_sitemap_can_be_damaged() -> None:
    author = max(SITE.tags_of_author, key=lambda name: sum(quote.author == name for quote in SITE.filterable_quotes))

    def found(quotes: tuple[Quote, ...]) -> list[Quote]:
        return [quote for quote in quotes if quote.author == author and tag in quote.tags]

    tag = max(SITE.tags_of_author[author], key=lambda tag: sum(q.author == author and tag in q.tags for q in LISTED))
    assert len(found(LISTED)) > 1
    faults = {"/quotes/filter.aspx": Fault(keep_records=1), "/sitemap-authors.xml.gz": Fault(keep_records=2)}
    with PracticeServer(faults=faults) as server:
        chosen = search(server, ask(server, "/quotes/search.aspx").page, author=author).page
        results = search(server, chosen, author=author, tag=tag).page.css(".results .quote .content")
        assert [text(node) for node in results] == [shown[0] for shown in expected(found(LISTED))][:1]
        assert gzip.decompress(ask(server, "/sitemap-authors.xml.gz").body).count(b"<loc>") == 2


def test_a_fault_with_a_query_comes_first_and_the_number_of_times_counts() -> None:
    faults = {"/lists/stated/": Fault(status=503), "/lists/stated/?page=3": Fault(status=None, keep_records=9, times=1)}
    with PracticeServer(faults=faults) as server:
        answers = [ask(server, f"/lists/stated/?page={page}") for page in (2, 3, 3)]
        assert [(answer.status, len(answer.page.css(".quote"))) for answer in answers] == [(503, 0), (200, 9), (503, 0)]


def test_a_fault_may_let_the_first_requests_pass() -> None:
    with PracticeServer(faults={"/lists/api/token": Fault(keep_records=0, skip=2, times=1)}) as server:
        assert [len(ask(server, "/lists/api/token").json["items"]) for _ in range(4)] == [10, 10, 0, 10]


def test_another_page_or_body_may_be_answered() -> None:
    faults = {
        "/lists/clamped/?page=5": Fault(serve_as="/lists/clamped/?page=2", keep_records=4),
        "/quotes/page/2/": Fault(serve_as="/quotes/login"),
        "/lists/api/pages?page=2": Fault(body="{", content_type="application/json"),
        "/lists/stated/": Fault(status=403, body="<p>Are you a robot?</p>"),
    }
    with PracticeServer(faults=faults) as server:
        assert in_html(ask(server, "/lists/clamped/?page=5").page) == ALL[10:14]
        assert ask(server, "/quotes/page/2/").page.css("input[name=csrf_token]")
        broken = ask(server, "/lists/api/pages?page=2")
        assert (broken.status, broken.headers["Content-Type"], broken.body) == (200, "application/json", b"{")
        robot = ask(server, "/lists/stated/")
        assert (robot.status, robot.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
        assert server.requests[0].path == "/lists/clamped/?page=5"


def test_a_damaged_page_is_never_unchanged() -> None:
    with PracticeServer() as server:
        etag = ask(server, "/quotes/").headers["ETag"]
        server.faults["/quotes/"] = Fault(keep_records=9)
        damaged = ask(server, "/quotes/", If_None_Match=etag)
        assert (damaged.status, "ETag" in damaged.headers, len(damaged.page.css(".quote"))) == (200, False, 9)


@pytest.mark.parametrize("values", [{"keep_records": -1}, {"serve_as": "elsewhere"}, {"skip": -1}])
def test_an_impossible_damage_is_an_error(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(values))} must be"):
        Fault(**values)
