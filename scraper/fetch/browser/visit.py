"""Render one page with one driver: go there, wait, act, read, and leave nothing behind for the next page."""

from __future__ import annotations

import time
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)

from scraper.browser.actions import LoadMore, ScrollToEnd
from scraper.core.tiers import BROWSER
from scraper.fetch.browser.cookies import for_browser, to_headers
from scraper.fetch.browser.errors import PageLeftError, PageRefusedError, ScriptFaultError
from scraper.fetch.browser.job import Answer, RenderedPage
from scraper.fetch.browser.network_log import NetworkExchange, ScriptRequest, Traffic, origin_of, read_log
from scraper.fetch.browser.unfolding import Step, Unfolding
from scraper.fetch.browser.webdriver import BLANK
from scraper.fetch.http.addresses import Reach, Server, refusal

if TYPE_CHECKING:
    from scraper.fetch.browser.driver import Driver
    from scraper.fetch.browser.job import PageJob

MOST_DOCUMENTS = 20
"""Times that a page may go on to another one by itself."""

EARLY_S = 0.005
LONGEST_DOUBT = 300
MOST_ANSWERS, MOST_ANSWER_BYTES = 50, 2 * 2**20
STORES = "local_storage,indexeddb,service_workers,cache_storage,file_systems"
OF_THIS_VISIT = """(() => { try {
  if (sessionStorage.getItem("__swathe") === "%s") return;
  sessionStorage.clear();
  sessionStorage.setItem("__swathe", "%s");
} catch { /* a document without an origin stores nothing */ } })()"""
"""Clears what earlier visits left in the tab's session storage, which Chromium clears from outside only for an origin
that is shown just now. What a page of this visit leaves for the next one of it stays."""
HTML = ("text/html", "application/xhtml+xml")


class BrowserVisit:
    """One job on one driver."""

    def __init__(self, driver: Driver, job: PageJob) -> None:
        self._driver, self._job = driver, job
        self._connection = driver.connection
        try:
            self._server = Server.of(job.url)
        except ValueError as error:
            raise PageRefusedError(str(error)) from None
        self._frame = self._script = ""
        self._doubts: list[str] = []
        self._steps: list[Step] = []
        self._origins = {origin_of(job.url)}

    def render(self) -> RenderedPage:
        """Return the page as it is in the end.

        Raises what Scrapy's own handlers raise, PageRefusedError for what must not be had, and DriverLostError.
        """
        started = time.monotonic()
        self._driver.limit("total_timeout_s", self._driver.config.total_timeout_s)
        self._go()
        found = self._act() if self._job.actions else self._read(self._want())
        self._driver.lift("page_timeout_s")
        self._check(found)
        traffic = read_log(self._connection.log(), self._frame)
        self._origins |= traffic.origins
        if self._steps and not self._doubts:
            doubt = Unfolding(found["url"], traffic.asked, self._steps, self._text_of).doubt()
            self._doubts += [doubt[:LONGEST_DOUBT]] if doubt else []
        document = traffic.documents[-1] if traffic.documents else None
        kind = str(found["kind"] or "text/html")
        cookies = self._connection.cdp("Network.getCookies", urls=[found["url"]]).get("cookies", [])
        return RenderedPage(
            url=found["url"],
            status=document.status if document else int(found["status"] or 200),
            headers=document.headers if document else {},
            kind=kind,
            body=self._body(found, kind, document),
            took_s=time.monotonic() - started,
            flags=(BROWSER, *({"missing": ("wait_for-missing",), "busy": ("busy",)}.get(found["state"], ()))),
            set_cookies=to_headers(cookies, self._job.url, self._job.cookies),
            answers=tuple(self._answers(traffic)) if self._job.keep_json else (),
            doubts=tuple(self._doubts),
        )

    def leave(self) -> None:
        """End the page and clear what it has stored, so that the next one finds nothing of it."""
        if self._job.actions:
            # Without a click Chromium opens none.
            self._connection.close_other_windows()
        self._connection.cdp("Page.navigate", url=BLANK)
        if self._driver.door:
            self._driver.door.shut()
        if self._script:
            self._connection.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=self._script)
        self._connection.cdp("Network.clearBrowserCookies")
        for origin in self._origins:
            if origin.startswith("http"):
                self._connection.cdp("Storage.clearDataForOrigin", origin=origin, storageTypes=STORES)

    def _go(self) -> None:
        if self._driver.door:
            self._driver.door.open(self._job.reach or Reach([self._job.url]), self._job.upstream)
        elif self._job.upstream:
            raise PageRefusedError("is asked for through a proxy, which a browser of a Grid cannot be given")
        agent = self._job.user_agent
        if agent and agent != self._driver.user_agent:
            self._connection.cdp("Network.setUserAgentOverride", userAgent=agent)
            self._driver.user_agent = agent
        if self._job.cookies:
            self._connection.cdp("Network.setCookies", cookies=for_browser(self._job.url, self._job.cookies))
        token = token_hex(8)
        source = OF_THIS_VISIT % (token, token)
        self._script = self._connection.cdp("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]
        self._driver.limit("page_timeout_s", self._driver.config.page_timeout_s)
        result = self._connection.cdp("Page.navigate", url=self._job.url)
        self._driver.lift("page_timeout_s")
        self._frame = str(result.get("frameId", ""))
        if result.get("isDownload"):
            raise PageRefusedError("is a download, not a page")
        if error := str(result.get("errorText", "")):
            raise self._failure(self._job.url, error)

    def _want(self, wait_for: str | None = None, *, with_text: bool = True) -> dict[str, Any]:
        most_s = min(self._driver.config.script_timeout_s, self._driver.left_s())
        return {
            "wait_for": self._job.wait_for if wait_for is None else wait_for,
            "limit_ms": most_s * 1000,
            "quiet_ms": most_s * 1000,
            "most_chars": self._job.most_bytes if with_text else 0,
        }

    def _read(self, want: dict[str, Any]) -> dict[str, Any]:
        """Run `read.js`, again and again while the page goes on to other ones; return what it found."""
        documents = 0
        while True:
            try:
                found: dict[str, Any] = self._connection.run("read", want)
            except PageLeftError:
                documents += 1
                if documents > MOST_DOCUMENTS:
                    raise PageRefusedError(f"went on to another page {documents} times by itself") from None
                continue
            except ScriptFaultError as error:
                raise PageRefusedError(f"cannot be read in the browser: {error}") from None
            if found["state"] == "fault":
                raise PageRefusedError(f"cannot be read in the browser: {found['fault']}")
            if found["state"] != "early":
                return found
            # The new document is on its way; the limits of the driver bound this.
            if self._connection.killed:
                raise self._connection.killed
            time.sleep(EARLY_S)

    def _act(self) -> dict[str, Any]:
        """Carry out the actions, each after the page has come to rest, and read what came of them."""
        found = self._read(self._want("", with_text=False))
        for action in self._job.actions:
            self._check(found)
            asked = {**action.to_json(), "limit_ms": self._want()["limit_ms"], "rows": self._job.wait_for}
            fault = None
            try:
                ended = self._connection.run("act", asked)
                fault = ended.get("fault")
                self._doubts += [str(ended["doubt"])[:LONGEST_DOUBT]] if ended.get("doubt") else []
                self._steps += [Step(float(since), bool(grew)) for since, grew in ended.get("steps", ())]
            except PageLeftError:
                # A click is there to lead to another page; what unfolds a list is not.
                if isinstance(action, LoadMore | ScrollToEnd):
                    self._doubts.append(f"{action.do} led to another page")
            except ScriptFaultError as error:
                fault = str(error)
            if fault:
                raise PageRefusedError(f"action {action.do!r} failed: {fault}")
        return self._read(self._want())

    def _check(self, found: dict[str, Any]) -> None:
        """Refuse a page that ended up where it must not."""
        if found["state"] == "error":
            traffic = read_log(self._connection.log(), self._frame)
            raise self._failure(self._job.url, traffic.failure or "net::ERR_FAILED")
        if not self._server.allow_document(found["url"]):
            raise PageRefusedError(f"leads to {found['url'][:200]}, which is not on {self._server.host}")
        if found.get("chars", 0) > self._job.most_bytes:
            raise DownloadCancelledError(f"the rendered page has {found['chars']} characters")

    def _failure(self, url: str, error: str) -> Exception:
        """Return Scrapy's error for one of Chromium's; the gate knows more than the browser was told."""
        door = self._driver.door
        if door and (failed := door.proxy_fault(self._server.host, self._server.port)):
            return failed
        faults = door.faults if door else {}
        refused = next((server for server, fault in faults.items() if fault == "refused"), None)
        own = faults.get((self._server.host, self._server.port))
        if refused and own in (None, "refused"):
            return PageRefusedError(refusal(*refused))
        if own == "unknown" or "NAME_NOT_RESOLVED" in error:
            return CannotResolveHostError(f"{self._server.host} is not known")
        if own == "unreachable" or "CONNECTION_REFUSED" in error:
            return DownloadConnectionRefusedError(f"{self._server.host}:{self._server.port} does not answer")
        if "TIMED_OUT" in error:
            return DownloadTimeoutError(f"{url}: {error}")
        if "ERR_ABORTED" in error:
            return PageRefusedError("is a download or an empty answer, not a page")
        if "UNSAFE_REDIRECT" in error or "DISALLOWED_URL_SCHEME" in error:
            return PageRefusedError(f"leads to an address that is not http or https ({error})")
        return DownloadFailedError(f"the browser could not load it: {error}")

    def _body(self, found: dict[str, Any], kind: str, document: NetworkExchange | None) -> bytes:
        body = str(found["html"] or "").encode("utf-8", "replace")
        if kind not in HTML and document:
            # What is no HTML is shown in a viewer; wanted is what was sent.
            body = self._sent(document).encode("utf-8", "replace")
        if len(body) > self._job.most_bytes:
            raise DownloadCancelledError(f"the rendered page has {len(body)} bytes")
        return body

    def _text_of(self, request: ScriptRequest) -> str:
        """Return what was answered to a script; empty for what the browser has not, such as the end of a cut answer."""
        try:
            return self._sent(request)
        except ScriptFaultError:
            return ""

    def _sent(self, exchange: NetworkExchange | ScriptRequest) -> str:
        answer = self._connection.cdp("Network.getResponseBody", requestId=exchange.request_id)
        return "" if answer.get("base64Encoded") else str(answer.get("body", ""))

    def _answers(self, traffic: Traffic) -> list[Answer]:
        kept: list[Answer] = []
        for exchange in traffic.fetched:
            if "json" not in exchange.kind or len(kept) == MOST_ANSWERS:
                continue
            try:
                body = self._sent(exchange)
            except ScriptFaultError:
                continue  # the browser has let go of it
            if len(body) <= MOST_ANSWER_BYTES:
                kept.append(Answer(exchange.url, exchange.method, exchange.post_data, exchange.status, body))
        return kept
