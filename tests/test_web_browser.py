"""Nothing that a site says runs on the page: hostile texts in every field, address and reason, in a real browser."""

from __future__ import annotations

import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from support import until
from web_page import ITEM, PAGE, RECORD, RUN, Page, fill, served

from scraper.core.zst import compress
from scraper.web import access

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo import MongoClient
    from selenium.webdriver.remote.webdriver import WebDriver

DATABASE = "test_web_browser"
RUNS = "document.documentElement.dataset.ran=1;fetch('LEAK')"
PAYLOADS = (
    f"<script data-xss>{RUNS}</script>",
    f'"><script data-xss>{RUNS}</script>',
    f"'><img data-xss src=LEAK onerror=\"{RUNS}\">",
    f"</title><svg data-xss onload={RUNS}>",
    f"</textarea></select></pre><details data-xss open ontoggle={RUNS}>",
    f"</dl></table><iframe data-xss srcdoc='<script>{RUNS}</script>'></iframe>",
    '<iframe data-xss src=LEAK></iframe><embed data-xss src=LEAK><object data-xss data="LEAK"></object>',
    f"javascript:{RUNS}//",
    f" JaVaScRiPt:{RUNS}//",
    f"data:text/html,<script>{RUNS}</script>",
    f'" autofocus onfocus="{RUNS}" data-xss="',
    f"' onmouseover='{RUNS}' data-xss='",
    '" hx-get="LEAK" hx-trigger="load" data-xss="',
    f"<div data-xss hx-on:htmx:load=\"{RUNS}\" hx-get=LEAK hx-trigger=load></div>",
    "<link data-xss rel=preconnect href=LEAK><iframe data-xss srcdoc='&lt;link rel=preconnect href=LEAK>'></iframe>",
    "<link data-xss rel=stylesheet href=LEAK><style data-xss>@import 'LEAK'</style>",
    "<meta data-xss http-equiv=refresh content='0;url=LEAK'><base data-xss href=LEAK>",
    "<form data-xss action=LEAK><button>Log in again</button></form>",
    "{{ cycler.__init__.__globals__.os }}{% for x in 1 %}<b data-xss>{% endfor %}",
    f"${{{RUNS}}} <!--<b data-xss>--!><b data-xss>",
    f"\u2028</script\u00a0><script data-xss\u00a0>{RUNS}</script>",
    f"&lt;script data-xss&gt;{RUNS}&lt;/script&gt;<b data-xss>",
    f"<math data-xss><mtext></form><form><mglyph><style></math><img src onerror={RUNS}>",
    f"<a data-xss href=\"javas\tcript:{RUNS}\" id=x tabindex=1 onfocus={RUNS}>x</a>",
    "../../../../etc/passwd",
    "constructor",
    "__proto__",
    "\u202egnp.exe <b data-xss>",
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
    text = " ".join(PAYLOADS).replace("LEAK", leaks[0])
    with served(**environ) as page:
        fill(page.database, text)
        _each_alone(page.database, leaks[0])
        body = f"<h1>Kept</h1>{text}<script>top.{RUNS.replace('LEAK', leaks[0])}</script>".encode()
        page.database.page_bodies.insert_one({"_id": "0" * 64, "zstd": compress(body, 3), "size": 9})
        yield page
    client.drop_database(DATABASE)


def _each_alone(database: Any, leak: str) -> None:
    """Store what stands in an address or begins a text once for each payload, so that its beginning counts."""
    for number, payload in enumerate(one.replace("LEAK", leak) for one in PAYLOADS):
        book = database.books.find_one({"upc": f"u{number}"})
        database.books.update_one(
            {"_id": book["_id"]}, {"$set": {"url": payload, "title": payload, "image_url": payload}}
        )
        item = database.rejected.find_one({"_id": ITEM})
        database.rejected.insert_one({**{k: v for k, v in item.items() if k != "_id"}, "url": payload})
        database.runs.update_one(
            {"_id": RUN}, {"$push": {"problems": {"url": payload, "reason": payload, "what": payload}}}
        )
        database.hosts.insert_one({"_id": payload, "blocked_why": payload})


@pytest.fixture(scope="module")
def browser(page: Page) -> Iterator[WebDriver]:
    """A real browser that has logged in."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    assert chromium, "`make engines` installs it"
    assert chromedriver, "`make engines` installs it"
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("unhandledPromptBehavior", "ignore")
    driver = Chrome(options=options, service=ChromeService(chromedriver))
    code = access.issue(page.database, "login", "operate", "a browser")
    driver.get(f"http://{page.host}/login?code={code}")
    yield driver
    driver.quit()


def test_nothing_that_was_crawled_runs_or_asks_elsewhere(
    page: Page, browser: WebDriver, leaks: tuple[str, list[str]]
) -> None:
    paths = [path for method, path in page.routes() if method == "GET" and "/api/" not in path and ".json" not in path]
    more = [f"/records/books/{RECORD}", f"/rejected/{ITEM}", f"/pages/{PAGE}", f"/runs/{RUN}?problems=5"]
    earlier = page.database.runs.find_one({"spider": "books", "_id": {"$ne": RUN}})
    assert earlier is not None
    more.append(f"/runs/{earlier['_id']}/compare/{RUN}")
    seen = 0
    for path in [*paths, *more]:
        if path.startswith("/log") or "/content" in path or path.endswith((".atom", "/html", "/healthz")):
            continue
        browser.get(f"http://{page.host}{path}")
        assert browser.title.endswith("Swathe"), path
        found = browser.execute_script(
            "return [document.documentElement.dataset.ran, document.querySelectorAll('[data-xss]').length,"
            " [...document.querySelectorAll('a[href], iframe[src], img[src], form[action]')].map("
            "e => new URL(e.href || e.src || e.action).protocol).filter(p => !/^https?:$/.test(p)),"
            " document.body.innerText.includes('data-xss')]"
        )
        assert found[:3] == [None, 0, []], path
        seen += found[3]
    assert seen >= 10, "the payloads are hardly shown: the pages above say nothing"
    browser.get(f"http://{page.host}/pages/{PAGE}")
    browser.switch_to.frame(browser.find_element(By.TAG_NAME, "iframe"))
    assert browser.find_element(By.TAG_NAME, "h1").text == "Kept"
    browser.switch_to.default_content()
    assert browser.execute_script("return document.documentElement.dataset.ran") is None
    assert leaks[1] == [], "something was asked elsewhere"


def test_a_form_of_the_page_works_without_a_script_and_the_first_load_is_small(page: Page, browser: WebDriver) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(f"http://{page.host}/")
    browser.find_element(By.XPATH, "//button[text()='Mute a day']").click()
    until(lambda: "nobody is told of books until" in browser.page_source, "it was muted")
    browser.get(f"http://{page.host}/records/books")
    browser.find_element(By.ID, "filter").send_keys("upc=u59")
    browser.find_element(By.XPATH, "//button[text()='Show']").click()
    until(lambda: len(browser.find_elements(By.CSS_SELECTOR, "tbody tr")) == 1, "the one record that is asked for")
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.get(f"http://{page.host}/")
    sizes = browser.execute_script(
        "return ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))"
        ".map(e => [e.name, e.transferSize])"
    )
    assert {name.split("/")[2] for name, _ in sizes} == {page.host}
    assert any(name.endswith("htmx.min.js") for name, _ in sizes)
    assert 0 < sum(size for _, size in sizes) <= 150_000


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
