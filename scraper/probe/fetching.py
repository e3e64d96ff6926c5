"""Fetch single pages politely with requests: the configured User-Agent, limits of time and size, redirects shown."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import requests
import urllib3
from w3lib.url import safe_url_string

from scraper.core.config.proxies import proxies_for
from scraper.errors import ProbeError
from scraper.fetch.http.addresses import Reach, Server
from scraper.fetch.http.credentials import without_account
from scraper.fetch.http.requests_adapter import CheckedAdapter, UnreachableAddressError
from scraper.fetch.http.upstream import WRONG_ACCOUNT, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests.structures import CaseInsensitiveDict

    from scraper.core.config.proxies import ProxyLine
    from scraper.core.config.sections import CrawlConfig

CHUNK_BYTES = 65_536
REDIRECTS = frozenset({301, 302, 303, 307, 308})
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,application/json;q=0.9,*/*;q=0.8"


@dataclass(frozen=True)
class Fetched:
    """An answer."""

    url: str
    status: int
    reason: str
    headers: CaseInsensitiveDict[str]
    body: bytes
    took_s: float
    redirects: tuple[str, ...] = ()
    """The addresses asked for before this one, each of which led to the next."""
    cut: bool = False
    """Whether the body goes on."""


@dataclass(frozen=True)
class Posted:
    """What a POST sends."""

    body: bytes
    headers: Mapping[str, str]


class Fetcher:
    """Ask for a few pages of the site that the user has named by one address."""

    def __init__(self, config: CrawlConfig, named: str, proxies: Mapping[str, ProxyLine] | None = None) -> None:
        self._config, self._proxies = config, proxies or {}
        self.reach = Reach([named], config.allow_private)
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, CheckedAdapter(self.reach))
        self._session.headers.update({"User-Agent": config.agent, "Accept": ACCEPT, "Accept-Language": "en"})
        # Accounts in ~/.netrc are nothing that a probed site should get.
        self._session.auth = lambda request: request
        self._session.verify = config.verify_certificates
        if not config.verify_certificates:
            urllib3.disable_warnings()

    def page(self, url: str, allowed: Callable[[str], None], posted: Posted | None = None) -> Fetched:
        """Fetch a page, following redirects; raise ProbeError. `allowed` is asked before each address.

        With `posted` it is a POST, whose redirect is not followed.
        """
        seen: list[str] = []
        while True:
            try:
                allowed(url)
                answer = self.one(url, posted=posted)
            except ProbeError as error:
                raise ProbeError(f"{seen[-1]} redirects: {error}") if seen else error from None
            target = answer.headers.get("Location", "")
            if answer.status not in REDIRECTS or not target:
                return Fetched(**{**vars(answer), "redirects": tuple(seen)})
            seen.append(url)
            following = _target(url, target)
            if posted is not None:
                raise ProbeError(f"{url} answers a POST with a redirect to {following[:200]}, expected a page")
            if len(seen) > self._config.max_redirects:
                raise ProbeError(
                    f"{seen[0]} redirects again and again ([crawl] max_redirects is {self._config.max_redirects}), "
                    f"the last time to {following[:200]}"
                )
            url = following

    def one(self, url: str, most_bytes: int | None = None, posted: Posted | None = None) -> Fetched:
        """Fetch one address without following it; beyond `most_bytes` the body is cut, without it the page refused."""
        timeout_s = self._config.timeout_s
        done: queue.SimpleQueue[Fetched | ProbeError] = queue.SimpleQueue()
        # A server that sends a byte now and then keeps every read short of its own timeout.
        threading.Thread(target=lambda: done.put(self._answer(url, most_bytes, posted)), daemon=True).start()
        try:
            answer = done.get(timeout=timeout_s)
        except queue.Empty:
            raise ProbeError(f"{url} did not answer within [crawl] timeout_s, {timeout_s:g} s") from None
        if isinstance(answer, ProbeError):
            raise answer
        return answer

    def _answer(self, url: str, most_bytes: int | None, posted: Posted | None) -> Fetched | ProbeError:
        try:
            return self._read(url, most_bytes, posted)
        except ProbeError as error:
            return error
        except UnreachableAddressError as error:
            return ProbeError(f"{url} {error}")
        except requests.Timeout:
            return ProbeError(f"{url} did not answer within [crawl] timeout_s, {self._config.timeout_s:g} s")
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError, ValueError) as error:
            return ProbeError(f"{url} cannot be fetched: {_cause(error)}")

    def _read(self, url: str, most_bytes: int | None, posted: Posted | None) -> Fetched:
        began = time.monotonic()
        limit = most_bytes or self._config.max_page_mb * 2**20
        with self._ask(url, posted) as response:
            body = bytearray()
            for chunk in response.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > limit:
                    break
            if len(body) > limit and most_bytes is None:
                raise ProbeError(f"{url} is larger than [crawl] max_page_mb, {self._config.max_page_mb} MB")
            return Fetched(
                url,
                response.status_code,
                response.reason or "",
                response.headers,
                bytes(body[:limit]),
                time.monotonic() - began,
                cut=len(body) > limit,
            )

    def _ask(self, url: str, posted: Posted | None) -> requests.Response:
        """Ask for an address, through the first of its proxies that passes it on; raise what `requests` does."""
        names = proxies_for(self._proxies, Server.of(url).host)
        method, body, headers = ("POST", posted.body, posted.headers) if posted else ("GET", None, None)
        ways = [Upstream.of_line(self._proxies[name]).url for name in names]
        for number, way in enumerate(ways or [None], 1):
            try:
                proxies = {"http": way, "https": way} if way else None
                response = self._session.request(
                    method,
                    url,
                    data=body,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=self._config.timeout_s,
                    proxies=proxies,
                )
            except requests.exceptions.ProxyError:
                if number >= len(ways):
                    raise
            else:
                if not way or response.status_code != WRONG_ACCOUNT or number == len(ways):
                    return response
        raise AssertionError("the last way returns or raises")


def _target(url: str, location: str) -> str:
    """Return where a redirect leads; its bytes are UTF-8 that HTTP handed over as Latin-1."""
    try:
        text = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = location
    try:
        target = without_account(safe_url_string(urljoin(url, text.strip())))
        Server.of(target)
        return target
    except ValueError:
        raise ProbeError(f"{url} redirects to '{text[:200]}', expected an http or https address") from None


def _cause(error: BaseException) -> str:
    """Return the innermost reason of an error of requests in a few words."""
    while (inner := error.__cause__ or error.__context__ or getattr(error, "reason", None)) is not None:
        if not isinstance(inner, BaseException) or inner is error:
            break
        error = inner
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:200]
