"""The pages that need JavaScript hold the listed quotes as data, and a browser shows them as the static pages do."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import chompjs
import pytest
from parsel import Selector
from practice import PracticeServer, load_site, quotes_as_json
from practice.directory import SCRIPTED_ROUTES
from practice.js_portraits import PICTURE
from practice.js_trouble import TARGETS
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from support import until

from scraper.demo.records import Quote

BUNDLED = load_site()
HOSTILE = Quote(
    text="</script><script>document.title='broken'</script><!-- <script> ' \" \\ \u2028 */ // </div> ]]> &amp; {{ 1 }}",
    author=BUNDLED.all_authors[0].name,
    tags=("humor", "truth"),
)
# One more quote than the bundled ones: what has to be escaped, in every form of data.
SITE = replace(BUNDLED, all_quotes=(HOSTILE, *BUNDLED.all_quotes))
ALL = quotes_as_json(SITE)
LAST = 7

Quotes = list[dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    address: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def page(self) -> Selector:
        return Selector(self.body.decode(), type="html")

    def script(self, words: str) -> str:
        """The text of the only script that holds some words."""
        (found,) = [one for one in self.page.css("script::text").getall() if words in one]
        return str(found)


class Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = build_opener(ProxyHandler({}), Stay)


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with PracticeServer(SITE) as running:
        yield running


def ask(server: PracticeServer, address: str, **headers: str) -> Answer:
    address = urljoin(server.url, address)
    assert address.startswith(server.url)
    try:
        response = OPENER.open(Request(address, headers=headers), timeout=20)
    except HTTPError as error:
        response = error
    with response:
        return Answer(address, response.status, dict(response.headers), response.read())


def follow(server: PracticeServer, start: str) -> list[Answer]:
    """The pages that one comes by with `li.next a`."""
    answers: list[Answer] = []
    address: str | None = start
    while address and len(answers) < LAST + 3:
        answers.append(ask(server, address))
        assert answers[-1].status == 200, address
        link = answers[-1].page.css("li.next a::attr(href)").get()
        address = urljoin(answers[-1].address, link) if link else None
    return answers


def by_number(server: PracticeServer, start: str) -> list[Answer]:
    return [ask(server, f"{start}?page={number}") for number in range(1, LAST + 1)]


def text(node: Any) -> str:
    return "".join(node.xpath(".//text()").getall())


def in_html(page: Selector, quote: str, words: str, author: str, tag: str) -> Quotes:
    return [
        {
            "author": {
                "goodreads_link": next(one for one in ALL if one["author"]["name"] == text(node.css(author)))["author"][
                    "goodreads_link"
                ],
                "name": text(node.css(author)),
                "slug": node.css("a[href*='/author/']::attr(href)").get("").rpartition("/")[2],
            },
            "tags": [text(one) for one in node.css(tag)],
            "text": text(node.css(words)),
        }
        for node in page.css(quote)
    ]


def in_literal(answer: Answer) -> Quotes:
    return list(chompjs.parse_js_object(answer.script("var data =").partition("var data =")[2]))


def in_assignment(answer: Answer) -> Quotes:
    return list(json.loads(answer.script("var quotes =").partition("=")[2].strip().partition(";\nshowQuotes")[0]))


def in_next_data(answer: Answer) -> Quotes:
    content = json.loads(answer.page.css("script#__NEXT_DATA__[type='application/json']::text").get(""))
    props = content["props"]["pageProps"]
    assert set(props["pagination"]) == {"page", "pages", "total"}
    assert (props["pagination"]["pages"], props["pagination"]["total"]) == (LAST, len(ALL))
    return list(props["quotes"])


def in_nuxt(answer: Answer) -> Quotes:
    pattern = r"window\.__NUXT__=\(function\(([\w,]+)\)\{return (\{.*\})\}\((.+)\)\);"
    match = re.fullmatch(pattern, answer.script("window.__NUXT__="), re.DOTALL)
    assert match
    given = dict(zip(match[1].split(","), chompjs.parse_js_object(f"[{match[3]}]"), strict=True))
    assert len(given) > 3

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: resolve(one) for name, one in value.items()}
        return [resolve(one) for one in value] if isinstance(value, list) else given.get(value, value)

    return list(resolve(chompjs.parse_js_object(match[2]))["data"][0]["quotes"])


def in_window_state(answer: Answer) -> Quotes:
    written = answer.script("window.__INITIAL_STATE__ =").partition("=")[2]
    with pytest.raises(json.JSONDecodeError):
        json.loads(written.strip().removesuffix(";"))
    for sign in ("undefined", "//", "/*", ",}", ",]"):
        assert sign in written
    content = chompjs.parse_js_object(written)
    assert (content["reader"], content["pagination"]["total"]) == ("undefined", len(ALL))
    return list(content["quotes"])


def in_json_script(answer: Answer) -> Quotes:
    script = answer.page.css("script[type='application/json'][data-target=app]::text").get("")
    return list(json.loads(script)["quotes"])


def in_json_ld(answer: Answer) -> Quotes:
    content = json.loads(answer.page.css("script[type='application/ld+json']::text").get(""))
    assert {one["@type"] for one in content["@graph"]} == {"Quotation"}
    links = {one["author"]["name"]: one["author"] for one in ALL}
    return [
        {"author": links[one["creator"]["name"]], "tags": one["keywords"], "text": one["text"]}
        for one in content["@graph"]
    ]


def in_microdata(answer: Answer) -> Quotes:
    assert answer.page.css(".quote, .text, .author, .tag").getall() == []
    items = "[itemscope][itemtype='https://schema.org/Quotation']"
    return in_html(answer.page, items, "[itemprop=text]", "[itemprop=creator] [itemprop=name]", "[itemprop=keywords]")


def in_attribute(answer: Answer) -> Quotes:
    return list(json.loads(answer.page.css("#app").attrib["data-props"])["quotes"])


def in_markup(answer: Answer) -> Quotes:
    return in_html(answer.page, ".quote", ".text", ".author", ".tag")


DATA: dict[str, Callable[[Answer], Quotes]] = {
    "/quotes/js/": in_literal,
    "/quotes/js-delayed/": in_literal,
    "/js/next-data/": in_next_data,
    "/js/nuxt/": in_nuxt,
    "/js/window-state/": in_window_state,
    "/js/json-script/": in_json_script,
    "/js/json-ld/": in_json_ld,
    "/js/microdata/": in_microdata,
    "/js/attribute/": in_attribute,
    "/js/portraits/": in_assignment,
}
FETCHED = ("/js/xhr/", "/js/xhr-slow/", "/js/modal/", "/js/cookie-wall/", "/js/shadow/", "/js/iframe/")


@pytest.mark.parametrize("start", DATA)
def test_a_page_holds_its_quotes_as_data_and_links_to_the_next(server: PracticeServer, start: str) -> None:
    answers = follow(server, start)
    assert len(answers) == LAST
    assert [quote for answer in answers for quote in DATA[start](answer)] == ALL


def test_every_portrait_is_a_picture_of_its_own(server: PracticeServer) -> None:
    first, again, other = (ask(server, f"/js/portraits/{name}.png").body for name in ("ann-1-0", "ann-1-0", "ann-1-1"))
    assert first == again != other
    assert first.startswith(b"\x89PNG")
    assert len(first) > 40_000


@pytest.mark.parametrize("start", FETCHED)
def test_a_page_that_fetches_its_quotes_is_empty_and_links_to_the_next(server: PracticeServer, start: str) -> None:
    answers = follow(server, start)
    assert [urlsplit(answer.address).query for answer in answers[1:]] == [f"page={page}" for page in range(2, LAST + 1)]
    assert not any(quote["text"].encode() in answer.body for answer in answers for quote in ALL)


def test_without_javascript_there_are_no_quotes(server: PracticeServer) -> None:
    with_quotes = [
        route.path
        for route in SCRIPTED_ROUTES
        if "{" not in route.path and ask(server, route.path).page.css(".quote, .text, .author").getall()
    ]
    assert with_quotes == ["/js/next-only/"]


def test_no_page_needs_another_host(server: PracticeServer) -> None:
    for route in (route for route in SCRIPTED_ROUTES if route.path != PICTURE):
        page = ask(server, route.path.replace("{page}", "2")).page
        assert all(urljoin(server.url, link).startswith(server.url) for link in page.css("::attr(src)").getall())
        assert page.css("link, script[src]").getall() == []


def test_the_delay_is_ten_seconds_and_is_kept_when_changed(server: PracticeServer) -> None:
    assert "var delayInMilliseconds = 10000;" in ask(server, "/quotes/js-delayed/").script("setTimeout(function()")
    answers = follow(server, "/quotes/js-delayed/?delay=50")
    assert [answer.address.removeprefix(server.url) for answer in answers[1:]] == [
        f"quotes/js-delayed/page/{page}/?delay=50" for page in range(2, LAST + 1)
    ]
    assert all("var delayInMilliseconds = 50;" in answer.script("setTimeout(") for answer in answers)
    assert answers[1].page.css("li.previous a::attr(href)").get() == "/quotes/js-delayed/?delay=50"
    assert ask(server, "/quotes/js-delayed/?delay=long").status == 400


def test_the_pages_of_the_sandbox_have_two_names_and_no_end(server: PracticeServer) -> None:
    for name in ("js", "js-delayed"):
        assert in_literal(ask(server, f"/quotes/{name}/page/1/")) == ALL[:10]
        assert in_literal(ask(server, f"/quotes/{name}/page/{LAST + 1}/")) == []


def test_the_api_has_every_quote_and_can_be_slow(server: PracticeServer) -> None:
    pages = [json.loads(answer.body) for answer in by_number(server, "/js/api/quotes")]
    assert [quote for page in pages for quote in page["quotes"]] == ALL
    assert [page["has_next"] for page in pages] == [True] * (LAST - 1) + [False]
    assert pages[1] == json.loads(ask(server, "/quotes/api/quotes?page=2").body)
    assert ask(server, "/js/api/quotes?wait=10").status == 200
    for bad in ("wait=x", "wait=60001", "page=0"):
        assert ask(server, f"/js/api/quotes?{bad}").status == 400
    assert "wait: 500}" in ask(server, "/js/xhr-slow/").script("page: 1")
    assert "page: 1}" in ask(server, "/js/xhr/").script("addEventListener('load'")
    answer = ask(server, "/js/xhr/?wait=70")
    assert "wait: 70}" in answer.script("page: 1")
    assert answer.page.css("li.next a::attr(href)").get() == "?page=2&wait=70"


def test_only_a_script_adds_the_link_to_the_next_page(server: PracticeServer) -> None:
    answers = by_number(server, "/js/next-only/")
    assert [quote for answer in answers for quote in in_markup(answer)] == ALL
    assert not any(b"?page=2" in answer.body or answer.page.css("li.next") for answer in answers)


def test_the_page_without_a_script_says_so(server: PracticeServer) -> None:
    page = ask(server, "/js/noscript/").page
    assert text(page.css("noscript")) == "Please enable JavaScript"
    assert page.css("#root").get() == '<div id="root"></div>'
    assert page.css("li.next").getall() == []


def test_the_cookie_opens_the_wall(server: PracticeServer) -> None:
    closed, opened = (
        ask(server, "/js/cookie-wall/?page=2"),
        ask(server, "/js/cookie-wall/?page=2", Cookie="consent=yes"),
    )
    assert (len(closed.page.css("button#accept")), in_markup(closed)) == (1, [])
    assert (opened.page.css("button, script").getall(), in_markup(opened)) == ([], ALL[10:20])


@pytest.mark.parametrize("start", ["/js/next-data/", "/js/xhr/", "/js/shadow/", "/js/crash/"])
def test_a_page_beyond_the_last_is_missing(server: PracticeServer, start: str) -> None:
    assert ask(server, f"{start}?page={LAST}").status == 200
    assert ask(server, f"{start}?page={LAST + 1}").status == 404
    assert ask(server, f"{start}?page=none").status == 400


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/js/crash/", "left = Infinity;"),
        ("/js/crash/?mb=12", "left = 12;"),
        ("/js/alerts/", "turn <= Infinity;"),
        ("/js/alerts/?n=3", "turn <= 3;"),
        ("/js/huge/", "size < 50;"),
        ("/js/huge/?mb=2", "size < 2;"),
        ("/js/endless/", "picture.src = '/js/endless/picture.png';"),
        ("/js/popups/", "window.open('/js/');"),
    ],
)
def test_a_page_that_makes_trouble_has_quotes_as_well(server: PracticeServer, address: str, words: str) -> None:
    answer = ask(server, address)
    assert in_literal(answer) == ALL[:10]
    assert words in answer.script(words)


def test_trouble_of_an_impossible_size_is_refused(server: PracticeServer) -> None:
    for bad in ("crash/?mb=much", "alerts/?n=-1", "huge/?mb=1001"):
        assert ask(server, f"/js/{bad}").status == 400


def test_what_the_popups_ask_for(server: PracticeServer) -> None:
    download, worker = ask(server, "/js/popups/quotes.csv"), ask(server, "/js/popups/worker.js")
    assert download.headers["Content-Disposition"] == 'attachment; filename="quotes.csv"'
    assert worker.headers["Content-Type"].startswith("text/javascript")


def read_on(connection: socket.socket) -> None:
    while received := connection.recv(65_536):
        assert b"</html>" not in received


@pytest.mark.parametrize(
    ("path", "sent", "quotes"),
    [
        ("/js/never/", b"showQuotes(data, document.querySelector('.list'));", 5),
        ("/js/endless/picture.png", b"\x89PNG", 0),
    ],
)
def test_an_answer_that_never_ends_lasts_until_its_reader_goes(path: str, sent: bytes, quotes: int) -> None:
    with PracticeServer(SITE) as server:
        with closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            received = b""
            while sent not in received:
                received += connection.recv(65_536)
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                read_on(connection)
            assert received.startswith(b"HTTP/1.1 200 OK")
            assert received.count(b'"slug"') == quotes
            assert server.requests == []
        (request,) = until(lambda: server.requests, "the answer is given up")
        assert request[:2] == (path, 0)
        assert ask(server, "/js/").status == 200


@pytest.mark.parametrize("where", TARGETS)
def test_a_page_tries_to_lead_where_none_may_go(server: PracticeServer, where: str) -> None:
    answer = ask(server, f"/js/redirects/{where}")
    target = TARGETS[where]
    if where in ("file", "metadata"):
        assert (answer.status, answer.headers["Location"]) == (302, target)
        return
    assert answer.status == 200
    assert answer.page.css("meta[http-equiv=refresh]::attr(content)").get() == f"0; url={target}"
    written = answer.script("location.href =").partition("location.href = ")[2].partition("; })")[0]
    assert json.loads(written) == target


def test_the_index_names_every_page_with_scripts(server: PracticeServer) -> None:
    page = ask(server, "/js/").page
    calm, hostile = (page.css(f"ul.{name} a::attr(href)").getall() for name in ("directory", "hostile"))
    assert {*DATA, *FETCHED, "/js/scroll/", "/js/load-more/", "/js/next-only/", "/js/noscript/"} <= set(calm)
    assert {f"/js/redirects/{where}" for where in TARGETS} < set(hostile)
    assert all(ask(server, link).status == 200 for link in calm)
    assert "/js/" in ask(server, "/").page.css("a::attr(href)").getall()
    assert "/js/" not in ask(server, "/lists/").body.decode()


SHOWN = "return Array.from({root}.querySelectorAll('.quote'), quote => quote.outerHTML)"
STATIC = """
const done = arguments[arguments.length - 1], found = [];
for (let page = 1; page <= arguments[0]; page++) {
  const html = await (await fetch('/lists/rel-next/?page=' + page)).text();
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  found.push(...Array.from(parsed.querySelectorAll('.quote'), quote => quote.outerHTML));
}
done(found);
"""


@pytest.fixture
def browser() -> Iterator[WebDriver]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip("there is no Chromium with its driver here")
    options = ChromeOptions()
    options.binary_location = chromium
    for switch in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ):
        options.add_argument(switch)
    driver = Chrome(options=options, service=ChromeService(executable_path=chromedriver))
    yield driver
    driver.quit()


def test_a_browser_shows_the_quotes_as_the_static_pages_do(server: PracticeServer, browser: WebDriver) -> None:
    def shown(root: str = "document") -> list[str]:
        return list(browser.execute_script(SHOWN.format(root=root)))

    def shows(expected: list[str], root: str = "document") -> None:
        until(lambda: len(shown(root)) >= len(expected), f"{len(expected)} quotes on {browser.current_url}", 10)
        assert shown(root) == expected

    def visit(path: str) -> None:
        browser.get(urljoin(server.url, path))

    visit("/js/")
    static: list[str] = browser.execute_async_script(f"(async function () {{ {STATIC} }}).apply(null, arguments)", LAST)
    assert len(static) == len(ALL)
    second = static[10:20]

    for path in ("/quotes/js/page/2/", "/quotes/js-delayed/page/2/?delay=50"):
        visit(path)
        shows(second)
    visit("/quotes/js/")
    shows(static[:10])
    assert browser.title != "broken"
    for name in ("next-data", "nuxt", "window-state", "json-script", "json-ld", "attribute", "xhr", "xhr-slow"):
        visit(f"/js/{name}/")
        shows(static[:10])
        assert browser.title != "broken"
    for name in ("next-only", "noscript"):
        visit(f"/js/{name}/?page=2")
        shows(second)
        link = until(lambda: browser.find_elements(By.CSS_SELECTOR, "li.next a"), "the link is there")[0]
        assert link.get_attribute("href") == f"{server.url}js/{name}/?page=3"
    visit("/js/shadow/?page=2")
    shows(second, "document.querySelector('quote-list').shadowRoot")
    assert shown() == []
    visit("/js/iframe/?page=2")
    assert shown() == []
    browser.switch_to.frame(0)
    shows(second)
    browser.switch_to.default_content()
    for path, wall in (("/js/modal/?page=2", ".modal button.close"), ("/js/cookie-wall/?page=2", "button#accept")):
        visit(path)
        assert shown() == []
        browser.find_element(By.CSS_SELECTOR, wall).click()
        shows(second)
    visit("/js/cookie-wall/")
    assert browser.get_cookie("consent")["value"] == "yes"
    assert shown() == static[:10]

    visit("/js/load-more/")
    for loaded in range(10, len(static) + 10, 10):
        shows(static[:loaded])
        button = browser.find_element(By.CSS_SELECTOR, "button.more")
        until(lambda button=button: button.is_enabled(), "the answer is there")
        assert button.is_displayed() == (loaded < len(static))
        if button.is_displayed():
            button.click()
    visit("/js/scroll/")
    until(lambda: len(shown()) >= 10, "the first quotes are there")

    def scrolled() -> bool:
        browser.execute_script("window.scrollTo(0, document.documentElement.scrollHeight)")
        return len(shown()) == len(static)

    until(scrolled, "the last quotes are there", 10)
    shows(static)
