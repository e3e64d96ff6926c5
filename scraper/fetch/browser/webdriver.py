"""A WebDriver session, with few and short ways to use it, and every failure as one of ours."""

from __future__ import annotations

import base64
import contextlib
import logging
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import JavascriptException, TimeoutException, WebDriverException
from selenium.webdriver import Remote
from selenium.webdriver.chromium.remote_connection import ChromiumRemoteConnection
from selenium.webdriver.remote.client_config import ClientConfig
from urllib3.exceptions import HTTPError

from scraper.fetch.browser.blocklist import patterns
from scraper.fetch.browser.errors import DriverExpiredError, DriverLostError, PageLeftError, ScriptFaultError

if TYPE_CHECKING:
    from selenium.webdriver.chrome.options import Options

BLANK = "about:blank"
RUN = "w3cExecuteScriptAsync"
SPARE_S = 30
"""What the driver itself may take beyond a page's limit before its connection is given up."""

# At DEBUG these log every command, with whole pages, cookies and the Grid's address.
for _name in ("selenium", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class WebDriverSession:
    """A WebDriver session. Every failure comes out as one of scraper.fetch.browser.errors."""

    def __init__(self, url: str, options: Options, timeout_s: float, account: tuple[str, str] | None = None) -> None:
        """Open the session; raise what Selenium and urllib3 raise."""
        config = ClientConfig(url, timeout=int(timeout_s + SPARE_S), init_args_for_pool_manager={"retries": False})
        if account:
            config.username, config.password = account
        executor = ChromiumRemoteConnection(url, "goog", "chrome", ignore_proxy=True, client_config=config)
        executor._commands["getLog"] = ("POST", "/session/$sessionId/se/log")
        self._remote = Remote(command_executor=executor, options=options)
        self._remote.set_script_timeout(timeout_s + SPARE_S)
        self.killed: DriverLostError | None = None
        """Why this driver was ended from outside, once it was."""

    @property
    def browser_pid(self) -> int | None:
        """The number of the browser's process, when it is on this machine and the driver says so."""
        found = self._remote.capabilities.get("goog:processID")
        return int(found) if found else None

    def cdp(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Carry out a command of the Chrome DevTools Protocol and return its result."""
        return dict(self._do("executeCdpCommand", cmd=method, params=parameters) or {})

    def run(self, name: str, *arguments: Any) -> Any:
        """Run a script of this package in the page, and return what it resolves to.

        Raises ScriptFaultError for a fault in the page and PageLeftError when the page went away meanwhile.
        """
        return self._do(RUN, script=script(name), args=list(arguments))

    def log(self) -> list[dict[str, Any]]:
        """Return what the network did since the last call."""
        return list(self._do("getLog", type="performance") or [])

    def screenshot(self) -> bytes:
        """Return the page as a PNG picture."""
        return base64.b64decode(self.cdp("Page.captureScreenshot", format="png")["data"])

    def close_other_windows(self) -> None:
        """Close what a page has opened beside itself."""
        windows = self._do("w3cGetWindowHandles")
        if len(windows) > 1:
            own = self._do("w3cGetCurrentWindowHandle")
            for window in windows:
                if window != own:
                    self._do("switchToWindow", handle=window)
                    self._do("close")
            self._do("switchToWindow", handle=own)
            # In a window that it turns to, chromedriver lets a Chromium without windows save files where we work.
            self.deny_downloads()

    def deny_downloads(self) -> None:
        """Let no page save a file."""
        self.cdp("Browser.setDownloadBehavior", behavior="deny")

    def quit(self) -> None:
        """End the session; a driver that no longer answers is left to `kill`."""
        with contextlib.suppress(WebDriverException, HTTPError, OSError):
            self._remote.quit()

    def _do(self, command: str, **parameters: Any) -> Any:
        try:
            return self._remote.execute(command, parameters)["value"]
        except JavascriptException as error:
            raise _script_error(error) from None
        except TimeoutException as error:
            # The limit of scripts is beyond that of the page, so this is what chromedriver says of a document that
            # was left under a script.
            if self.killed is None and command == RUN:
                raise PageLeftError from None
            raise self.killed or DriverExpiredError(f"the driver did not answer in time: {first_line(error)}") from None
        except WebDriverException as error:
            if self.killed is None and _is_left(error):
                raise PageLeftError from None
            raise self.killed or DriverLostError(first_line(error)) from None
        except (HTTPError, OSError) as error:
            raise self.killed or DriverLostError(f"the driver no longer answers ({type(error).__name__})") from None


def first_line(error: WebDriverException) -> str:
    """Return what a driver said, without its stack of addresses."""
    return next((line.strip() for line in (error.msg or "").splitlines() if line.strip()), type(error).__name__)[:300]


def prepare(connection: WebDriverSession) -> None:
    """Set what holds for every page: what is not loaded, what is denied, and what runs before a page's own code."""
    connection.cdp("Network.enable")
    connection.cdp("Network.setBlockedURLs", urls=patterns())
    connection.cdp("Network.setBypassServiceWorker", bypass=True)
    connection.cdp("Page.enable")
    connection.deny_downloads()
    connection.cdp("Page.addScriptToEvaluateOnNewDocument", source=script("early"))


def _script_error(error: JavascriptException) -> Exception:
    line = first_line(error)
    return PageLeftError() if "unloaded" in line else ScriptFaultError(line.removeprefix("javascript error: "))


def _is_left(error: WebDriverException) -> bool:
    """Return whether the document went away, or a dialog came up that the driver has dismissed."""
    line = first_line(error).lower()
    signs = ("unloaded", "execution context", "cannot find context", "unexpected alert", "aborted by navigation")
    return any(sign in line for sign in signs)


@cache
def script(name: str) -> str:
    """Return the text of `NAME.js` of this package."""
    return (files("scraper.fetch.browser") / f"{name}.js").read_text(encoding="utf-8")
