"""Nothing that a site says runs on the page: hostile texts in every field, address and reason, in a real browser."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import feedparser
import pytest
from selenium.webdriver.common.by import By
from support import until
from web_page import ITEM, NOW, PAGE, RECORD, RUN, SHA, Page, browsing, fill, ids, served

from models import learned
from models.learned import ItemKind
from scraper.core.text import one_visible_line
from scraper.core.zst import compress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo import MongoClient
    from selenium.webdriver.remote.webdriver import WebDriver

pytestmark = pytest.mark.timeout(900)  # hundreds of pages in a real browser
DATABASE = "test_web_browser"
DATA = Path(__file__).parent / "data"
PAYLOADS = [one for kind in json.loads((DATA / "xss.json").read_text()).values() for one in kind]
TOGETHER = 230
"""Characters of payloads in one stored text, so that none is cut off where texts are."""

SEEN = """
    const links = [...document.querySelectorAll('a[href], iframe[src], img[src], form[action]')];
    const protocol = address => { try { return new URL(address).protocol } catch { return 'http:' } };  // leads nowhere
    return [
        window.ran ?? null,
        [...document.querySelectorAll('[data-xss]')].map(e => e.outerHTML),
        links.map(e => protocol(e.href || e.src || e.action)).filter(p => !/^https?:$/.test(p)),
        document.documentElement.textContent,
    ]
"""
LISTS = (
    "/", "/runs?limit=1000", "/records", "/records/books?limit=1000", "/records/books/facets", "/changes?limit=1000",
    "/watches", "/rejected?limit=1000", "/hosts", "/schedules", "/quality", "/audit?limit=1000",
)  # fmt: skip
NAMES = ("<img data-xss src=x onerror=ran=1>", "constructor", "__proto__")
"""What collections, spiders and fields of items may be called: anything without a dot."""

COLLECTIONS = (*NAMES, "a/b", "%2f", "~2F", "books.json")

EACH = {
    "run": "/runs/{run}?problems={number}",
    "comparison": "/runs/{earlier}/compare/{run}",
    "record": "/records/books/{record}",
    "refused item": "/rejected/{item}",
    "kept page": "/pages/{page}",
}
ASKED = (
    "/quality?spider={text}", "/changes?records={text}", "/changes?field={text}", "/records/{text}",
    "/records/books?filter=title%3D{text}", "/records/books?text={text}", "/records/books?sort={text}",
    "/records/books?as_of={text}", "/why?url=http%3A%2F%2Fshop.example%2F{text}",
)  # fmt: skip


class Leaks(BaseHTTPRequestHandler):
    """Hears of whatever a browser is made to ask elsewhere for."""

    heard: list[str]
    timeout = 30

    def setup(self) -> None:
        super().setup()
        self.heard.append("a connection")

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture(scope="module")
def leaks() -> Iterator[tuple[str, list[str]]]:
    """An address elsewhere, and what was asked of it."""
    Leaks.heard = []
    server = HTTPServer(("127.0.0.1", 0), Leaks)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/leak", Leaks.heard
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def page(data_dir: Path, client: MongoClient[dict[str, Any]], leaks: tuple[str, list[str]]) -> Iterator[Page]:
    """The page, on a database where every text is every payload."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": DATABASE}
    with served(**environ) as page:
        for number, text in enumerate(batches(leaks[0])):
            fill(page.database, text, number)
        _each_alone(page.database, leaks[0])
        body = f"<h1>Kept</h1>{' '.join(payloads(leaks[0]))}<script>top.ran=1</script>".encode()
        page.database.page_bodies.insert_one({"_id": SHA, "zstd": compress(body, 3), "size": 9})
        yield page
    client.drop_database(DATABASE)


def payloads(leak: str) -> list[str]:
    host = leak.split("/")[2]
    return [one.replace("LEAKHOST", host).replace("LEAK", leak).replace("RUN", "top.ran=1") for one in PAYLOADS]


def batches(leak: str) -> list[str]:
    """Return the payloads as few texts."""
    texts = [""]
    for payload in payloads(leak):
        if texts[-1] and len(texts[-1]) + len(payload) > TOGETHER:
            texts.append("")
        texts[-1] = f"{texts[-1]} {payload}".strip(" ")
    return texts


def _each_alone(database: Any, leak: str) -> None:
    """Store what stands in an address or begins a text once for each payload, so that its beginning counts."""
    item = database.rejected.find_one({"_id": ITEM}, {"_id": 0})
    seen = {"first_seen": NOW, "last_seen": NOW, "changed_at": NOW, "gone_at": None}
    for number, payload in enumerate(payloads(leak)):
        book = {"upc": f"x{number}", "url": payload, "title": payload, "image_url": payload}
        database.books.insert_one({**book, **seen})
        database.rejected.insert_one({**item, "fingerprint": f"x{number}", "url": payload})
        problem, page = {"url": payload, "reason": payload, "what": payload}, {"url": payload, "html": "/etc/passwd"}
        database.runs.update_one(
            {"_id": RUN}, {"$push": {"problems": problem, "evidence": page, "lists": {"start": payload}}}
        )
        database.hosts.update_one({"_id": payload}, {"$set": {"blocked_why": payload}}, upsert=True)
        database.incidents.insert_one(
            {"key": f"x{number} {{}}", "spider": payload, "kind": payload, "why": payload, "open": True, "times": 1,
             "opened_at": NOW, "last_at": NOW, "next_try_at": NOW, "to_tell": []}
        )  # fmt: skip


@pytest.fixture(scope="module")
def browser(page: Page) -> Iterator[WebDriver]:
    """A real browser that has logged in."""
    with browsing(page) as driver:
        yield driver


def look(browser: WebDriver, address: str) -> str:
    """Open a page, hold that nothing of a site runs or stands there as markup, and return all of its text."""
    browser.get(address)
    assert browser.title.endswith("Swathe"), address
    ran, elements, other, text = browser.execute_script(SEEN)
    assert (ran, elements, other) == (None, [], []), address
    return str(text)


def test_there_are_hundreds_of_payloads_and_each_is_shown_where_it_could_run(
    page: Page, browser: WebDriver, leaks: tuple[str, list[str]]
) -> None:
    assert len(set(PAYLOADS)) >= 250
    address = f"http://{page.host}"
    shown = "".join(look(browser, f"{address}{path}") for path in LISTS)
    shown += "".join(look(browser, f"{address}/runs/{RUN}?problems={skip}") for skip in range(0, len(PAYLOADS), 50))
    after = ""
    while (following := page.json(f"/records/books.json?limit=50&after={after}")["next"]) and following != after:
        after = following
        shown += look(browser, f"{address}/records/books?after={after}")
    missing = [one for one in payloads(leaks[0]) if one_visible_line(one).strip() not in one_visible_line(shown)]
    assert missing == [], "a payload that no page shows proves nothing"
    feed = feedparser.parse(page.ask("/changes.atom").content)
    assert (feed.bozo, len(feed.entries)) == (False, 100), feed.get("bozo_exception")
    assert leaks[1] == [], "something was asked elsewhere"


@pytest.mark.parametrize("kind", EACH)
def test_nothing_that_was_crawled_runs_or_asks_elsewhere(
    page: Page, browser: WebDriver, leaks: tuple[str, list[str]], kind: str
) -> None:
    for number, text in enumerate(batches(leaks[0])):
        run, record, item, kept, _ = ids(number)
        earlier = page.database.runs.find_one({"_id": {"$gt": run}, "verdict": "complete"}, sort=[("_id", -1)])
        assert earlier is not None
        parts = {"run": run, "earlier": earlier["_id"], "record": record, "item": item, "page": kept, "number": 0}
        shown = look(browser, f"http://{page.host}{EACH[kind].format(**parts)}")
        if kind in ("run", "record", "refused item"):
            assert one_visible_line(text).strip()[:40] in one_visible_line(shown), f"{kind} {number} does not show it"
    assert leaks[1] == [], "something was asked elsewhere"


@pytest.mark.parametrize("address", ASKED)
def test_nothing_that_an_address_says_runs_or_asks_elsewhere(
    page: Page, browser: WebDriver, leaks: tuple[str, list[str]], address: str
) -> None:
    shown = 0
    for text in payloads(leaks[0])[ASKED.index(address) :: len(ASKED)]:  # one rule escapes them all, wherever they are
        said = look(browser, f"http://{page.host}{address.format(text=quote(text, safe=''))}")
        said += browser.execute_script("return [...document.querySelectorAll('input')].map(e => e.value).join('')")
        shown += one_visible_line(text).strip()[:40] in one_visible_line(said)
    # Only of records that are not there nothing is repeated.
    assert (shown > 5) == (address != "/records/{text}"), f"{shown} are shown: what no page shows proves nothing"
    assert leaks[1] == [], "something was asked elsewhere"


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_collection_and_fields_of_any_name_are_shown_as_text(
    page: Page, browser: WebDriver, leaks: tuple[str, list[str]], name: str
) -> None:
    database, columns = page.database, [{"name": one, "kind": "text"} for one in NAMES]
    kinds = database[ItemKind._get_collection_name()]
    kinds.insert_one({"_id": name, "columns": columns, "spiders": list(NAMES)})
    seen = {"first_seen": NOW, "last_seen": NOW, "changed_at": NOW, "gone_at": None, "url": "http://shop.example/"}
    record = database[name].insert_one({**seen, **dict.fromkeys(NAMES, "told"), "item_id": name}).inserted_id

    def link(text: str) -> str:
        """Return the path of a link of the page that is open."""
        script = "return [...document.links].find(link => link.textContent === arguments[0]).href"
        return str(browser.execute_script(script, text)).removeprefix(f"http://{page.host}")

    try:
        assert one_visible_line(name) in look(browser, f"http://{page.host}/records")
        records = link(name)
        look(browser, f"http://{page.host}{records}")
        for path in (link("What values there are"), link(str(record)[-6:]), records):
            assert one_visible_line(name) in look(browser, f"http://{page.host}{path}"), path
        assert page.ask(link("csv")).text.count("told") == len(NAMES)
        (row,) = page.json(f"/api/v1{records}")["rows"]
        assert row["values"].items() >= dict.fromkeys(NAMES, "told").items()
        described = page.json("/api/v1/openapi.json")["components"]["schemas"]
        (own,) = [one for one in described.values() if one["title"] == name]
        assert set(NAMES) <= own["properties"].keys()
        assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", one) for one in described)
        assert leaks[1] == [], "something was asked elsewhere"
    finally:
        kinds.delete_one({"_id": name})
        learned._learned.pop(name, None)


def test_a_kept_page_is_shown_without_its_scripts(page: Page, browser: WebDriver, leaks: tuple[str, list[str]]) -> None:
    browser.get(f"http://{page.host}/pages/{PAGE}")
    browser.switch_to.frame(browser.find_element(By.TAG_NAME, "iframe"))
    # Styles of the page may hide it.
    assert browser.find_element(By.TAG_NAME, "h1").get_attribute("textContent") == "Kept"
    browser.switch_to.default_content()
    assert browser.execute_script("return window.ran ?? null") is None
    assert leaks[1] == [], "something was asked elsewhere"


def test_a_form_of_the_page_works_without_a_script(page: Page, browser: WebDriver) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(f"http://{page.host}/")
    browser.find_element(By.XPATH, "//button[text()='Mute a day']").click()
    until(lambda: "nobody is told of books until" in browser.page_source, "it was muted")
    browser.get(f"http://{page.host}/records/books")
    browser.find_element(By.ID, "filter").send_keys("upc=u59")
    browser.find_element(By.XPATH, "//button[text()='Show']").click()
    until(lambda: len(browser.find_elements(By.CSS_SELECTOR, "tbody tr")) == 1, "the one record that is asked for")
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, browser: WebDriver, theme: str) -> None:
    axe = (DATA / "axe" / "axe.min.js").read_text()
    browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    lists = [path.replace("=1000", "=20") for path in LISTS]
    each = (f"/runs/{RUN}", f"/records/books/{RECORD}", f"/rejected/{ITEM}", f"/pages/{PAGE}", "/why?url=http://x.y/")
    # In the dark nothing but colors is other than in the light.
    rules = "{}" if theme == "light" else "{runOnly: ['color-contrast']}"
    browser.set_script_timeout(150)
    checked = 0
    for path in (*lists, *each, "/runs?result=lost", "/nowhere", "/login"):
        browser.get(f"http://{page.host}{path}")
        browser.execute_script(axe)
        found = browser.execute_async_script(
            f"axe.run(document, {rules}).then(arguments[0], e => arguments[0]({{error: String(e)}}))"
        )
        assert "error" not in found, found
        serious = [
            (rule["id"], rule["help"], [node["html"][:200] for node in rule["nodes"][:3]])
            for rule in found["violations"] if rule["impact"] in ("serious", "critical")
        ]  # fmt: skip
        assert serious == [], path
        checked += len(found["passes"])
    assert checked > (100 if theme == "light" else 10), "axe looked at next to nothing"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})


def test_tables_and_fields_say_what_they_are(page: Page, browser: WebDriver) -> None:
    for path in ("/", "/runs", f"/runs/{RUN}", "/records/books", "/changes", "/rejected", "/schedules", "/hosts"):
        browser.get(f"http://{page.host}{path}")
        unsaid = browser.execute_script(
            "return [...document.querySelectorAll('input:not([type=hidden]), select')].filter(e => !e.labels.length)"
            ".concat([...document.querySelectorAll('th:not([scope]), img:not([alt]), [role=img]:not([aria-label])')])"
            ".concat([...document.querySelectorAll('button, a[href]')].filter(e => !(e.textContent.trim() || e.title)))"
            ".map(e => e.outerHTML.slice(0, 200))"
        )
        assert unsaid == [], path
        ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids)), path
        assert browser.execute_script("return document.querySelectorAll('h1').length") == 1, path
