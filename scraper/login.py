"""Log in before a crawl, keep the session, and notice when the site has ended it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from pymongo.errors import PyMongoError
from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import HtmlResponse
from scrapy.utils.asyncio import run_in_thread

from models.addresses import browser_url
from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.errors import DatabaseError
from scraper.fetch.http.cookies import BoundedCookies
from scraper.fetch.http.credentials import may_have_secret, origin_of
from scraper.fetch.http.redirects import original_of
from scraper.paging.forms import find_form, submitted
from scraper.paging.values import in_html
from scraper.select import compiled
from scraper.storage.connection import connection_to
from scraper.storage.sessions import Sessions

if TYPE_CHECKING:
    from http.cookiejar import Cookie

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.core.config import Config
    from scraper.core.failed_page import Reason

logger = logging.getLogger(__name__)

COMPLAINT = ".error, .errors, .alert, [role=alert], .message"
"""Where a site commonly says why it refuses a login."""

AGAIN = 2
"""How often a page is asked for again because it was shown logged out."""


@dataclass(frozen=True)
class Login:
    """How a site is logged in to: `Login("../login", logged_in="a[href$='/logout']")`.

    `page` is the address of the login form, relative to the start page; hidden fields such as a CSRF token are sent
    along. `logged_in` is a selector that matches on every page while the session lasts, and on none without it.
    `account` is `user:password` of a sandbox that takes anybody; a real one belongs into `[login]` of
    config.local.ini or into SWATHE_LOGIN_<SPIDER>. With `keep` the session lasts: the next crawls go on with its
    cookies, which are stored encrypted, and log in only once the site has ended it.
    """

    page: str
    logged_in: str
    form: str = "form[method=post]"
    username: str = "username"
    password: str = "password"  # noqa: S105 - the name of the field
    account: str = ""
    keep: bool = False


class LoginFailedError(IgnoreRequest):
    """Report that the site did not let the spider in; no page is then read."""

    reason: ClassVar[Reason] = "login"


class Session:
    """Downloader middleware that logs in before the first page, and again when a page is shown logged out."""

    def __init__(self, crawler: Crawler, login: Login) -> None:
        self._crawler, self._login = crawler, login
        self._lock = asyncio.Lock()
        self._number = 0
        """Sessions begun so far."""
        self._failure: LoginFailedError | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl; raise NotConfigured when its spider does not log in."""
        login = getattr(crawler.spidercls, "login", None)
        if not isinstance(login, Login):
            raise NotConfigured
        session = cls(crawler, login)
        if login.keep:
            crawler.signals.connect(session._closed, signal=signals.spider_closed)
        return session

    async def process_request(self, request: Request) -> Request | None:
        """Log in before the first page; raise LoginFailedError for every page when that fails.

        A page that was redirected to the login form is asked for again itself: whoever is logged in by then is led
        from the form to some other page.
        """
        if _is_own(request):
            return None
        if not self._number:
            await self._begin(after=0)
        if self._failure:
            raise self._failure
        if request.meta.get(meta_keys.REDIRECT_URLS) and self._is_form(request.url):
            return await self._anew(request)
        request.meta[meta_keys.SESSION] = self._number
        return None

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """Return the page, or a request for it in a new session; raise LoginFailedError when that does not help."""
        if _is_own(request) or response.status != 200 or not isinstance(response, HtmlResponse):
            return response
        if compiled(self._login.logged_in)(response.selector.root):
            return response
        return await self._anew(request)

    async def _anew(self, request: Request) -> Request:
        """Return the request for a page that was shown logged out, in a new session."""
        logins = request.meta.get(meta_keys.LOGINS, 0)
        if logins >= AGAIN:
            raise LoginFailedError(f"is shown logged out although the spider logged in {logins + 1} times")
        again = original_of(request)
        logger.info("Logged out on %s", again.url)
        await self._begin(after=request.meta.get(meta_keys.SESSION, 0))
        if self._failure:
            raise self._failure
        self._crawler.stats.inc_value(statistics.LOGINS_REPEATED)
        again.meta[meta_keys.LOGINS] = logins + 1
        return again

    def _is_form(self, url: str) -> bool:
        """Return whether an address is that of the login form, whatever its query."""
        return urlsplit(url)[:3] == urlsplit(self._address)[:3]

    @property
    def _address(self) -> str:
        spider: Any = self._crawler.spider
        return browser_url(self._login.page, spider.start_at)

    async def _begin(self, after: int) -> None:
        """Begin a session, unless another page's request has done so since session number `after`."""
        async with self._lock:
            if self._number > after or self._failure:
                return
            try:
                if not (self._login.keep and not self._number and await self._restored()):
                    await self._log_in()
                    await self._keep()
            except LoginFailedError as error:
                self._failure = error
            self._number += 1

    @property
    def _account(self) -> tuple[str, str]:
        """User and password."""
        config: Config = self._crawler.settings["SWATHE"]
        user, _, password = self._login.account.partition(":")
        return config.account(self._crawler.spidercls.name) or (user, password)

    async def _restored(self) -> bool:
        """Take up the session of the crawl before; return whether there was one."""
        cookies = await run_in_thread(self._kept_cookies)
        for cookie in cookies:
            self._jar.set_cookie(cookie)
        return bool(cookies)

    async def _keep(self) -> None:
        """Keep the session as it is now, for the next crawls."""
        if self._login.keep:
            await run_in_thread(self._write, list(self._jar.jar))

    async def _closed(self) -> None:
        """Keep what the site has set since, unless the session came to nothing or the database is away."""
        if self._number and not self._failure:
            try:
                await self._keep()
            except (PyMongoError, DatabaseError) as error:
                logger.warning("The session could not be kept: %s", type(error).__name__)

    @property
    def _jar(self) -> Any:
        cookies = self._crawler.get_downloader_middleware(BoundedCookies)
        if cookies is None:
            raise LoginFailedError("login failed: COOKIES_ENABLED is off, and a session needs cookies")
        return cookies.jars[None]

    @property
    def _sessions(self) -> Sessions:
        config: Config = self._crawler.settings["SWATHE"]
        connection_to(config.mongodb).open()
        return Sessions(config.mongodb.data_dir)

    @property
    def _site(self) -> str:
        spider: Any = self._crawler.spider
        return origin_of(spider.start_at)

    def _kept_cookies(self) -> list[Cookie]:
        return self._sessions.cookies(self._crawler.spidercls.name, self._site, self._account[0])

    def _write(self, cookies: list[Cookie]) -> None:
        self._sessions.keep(self._crawler.spidercls.name, self._site, self._account[0], cookies)

    async def _log_in(self) -> None:
        spider: Any = self._crawler.spider
        url = self._address
        user, password = self._account
        variable = f"SWATHE_LOGIN_{spider.name.upper().replace('-', '_')}"
        where = f"login at {urlsplit(url).path} failed"
        if not user:
            raise LoginFailedError(f"{where}: no account is set: give {variable} as user:password")
        page = await self._get(Request(url, meta={meta_keys.LOGIN: True}, dont_filter=True), where)
        if compiled(self._login.logged_in)(page.selector.root):
            return  # whoever is logged in is led elsewhere from the form
        form = find_form(page, self._login.form)
        missing = [
            name for name in (self._login.username, self._login.password) if form is None or name not in form.fields
        ]
        if missing:
            what = f"no form '{self._login.form}'" if form is None else f"no field '{missing[0]}' in its form"
            raise LoginFailedError(f"{where}: {what} is on the page")
        ask = submitted(page, form, {self._login.username: user, self._login.password: password}, 1, click=None)
        if not may_have_secret(page.url, ask.url):
            raise LoginFailedError(f"{where}: its form leads to {origin_of(ask.url)}, which must not get the password")
        answer = await self._get(
            Request(
                ask.url,
                method=ask.method,
                body=ask.body,
                headers=ask.headers,
                meta={meta_keys.LOGIN: True},
                dont_filter=True,
            ),
            where,
        )
        if not compiled(self._login.logged_in)(answer.selector.root):
            said = " ".join((in_html(answer, COMPLAINT) or "").split()).replace(password, "***")[:120]
            saying = f", which says '{said}'" if said else ""
            raise LoginFailedError(
                f"{where}: '{self._login.logged_in}' is not on the page that answers{saying}: check {variable}"
            )

    async def _get(self, request: Request, where: str) -> HtmlResponse:
        """Return the page; raise LoginFailedError when there is none."""
        spider: Any = self._crawler.spider
        if not spider.on_site(request.url):
            raise LoginFailedError(f"{where}: {urlsplit(request.url).hostname} is not on the spider's site")
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as error:
            raise LoginFailedError(f"{where}: {' '.join(str(error).split())[:200] or type(error).__name__}") from error
        if response.status != 200 or not isinstance(response, HtmlResponse):
            raise LoginFailedError(f"{where}: it answered {response.status}")
        return response


def _is_own(request: Request) -> bool:
    """Return whether a request is part of logging in, or for robots.txt."""
    return bool(request.meta.get(meta_keys.LOGIN) or request.meta.get(meta_keys.DONT_OBEY_ROBOTSTXT))
