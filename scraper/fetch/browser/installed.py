"""The Chromium and the chromedriver of this machine. Nothing is ever downloaded: Selenium Manager is not used."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from scraper.errors import BrowserUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scraper.core.config.sections import RenderingConfig

SHELL = "headless-shell"
"""What the name of a Chromium without windows has in it."""

# Of the first, Debian's command is a script that waits for it: killed would be the script.
SHELLS = ("/usr/lib/chromium/chromium-headless-shell", "chrome-headless-shell")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

DRIVERS = ("chromedriver",)
INSTALL = "install both with `apt install chromium chromium-driver`"
VERSION_TIMEOUT_S = 30


@dataclass(frozen=True)
class Installed:
    """Programs of one release that can be started."""

    chromium: Path
    chromedriver: Path
    chromium_version: str
    chromedriver_version: str

    @property
    def is_shell(self) -> bool:
        """Whether it is a Chromium without windows, which draws what there is of a page but keeps no preferences."""
        return SHELL in self.chromium.name


@cache
def find_installed(config: RenderingConfig) -> Installed:
    """Return the programs that the configuration names, else those on PATH; raise BrowserUnavailableError.

    Refuses programs that do not run, and a chromedriver of another major version than Chromium.
    """
    chromium = _find(config.chromium, "Chromium", "chromium", BROWSERS)
    driver = _find(config.chromedriver, "chromedriver", "chromedriver", DRIVERS)
    versions = _version(chromium, "chromium"), _version(driver, "chromedriver")
    if versions[0].split(".")[0] != versions[1].split(".")[0]:
        raise BrowserUnavailableError(
            f"Chromium is {versions[0]} ({chromium}) and chromedriver is {versions[1]} ({driver}), expected the same "
            f"major version: {INSTALL}, or set [rendering] chromium and chromedriver to a matching pair"
        )
    return Installed(chromium, driver, *versions)


def split_account(url: str) -> tuple[str, tuple[str, str] | None]:
    """Take user and password out of an address.

    >>> split_account("http://me:secret@grid:4444/wd/hub")
    ('http://grid:4444/wd/hub', ('me', 'secret'))
    """
    parts = urlsplit(url)
    account, sign, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (user, password) if sign else None


def first_of(names: Iterable[str]) -> str | None:
    """Return the path of the first of some programs that is installed."""
    return next(filter(None, map(shutil.which, names)), None)


def _find(given: str, what: str, option: str, names: tuple[str, ...]) -> Path:
    if given:
        path = Path(given).expanduser()
        if not path.is_file():
            raise BrowserUnavailableError(
                f"{what} is not at {path} ([rendering] {option}): correct the path, or leave it empty and {INSTALL}"
            )
        return path
    if not (found := first_of(names)):
        raise BrowserUnavailableError(
            f"{what} is not installed (looked for {', '.join(names)} on PATH): {INSTALL}, or set [rendering] {option}"
        )
    return Path(found)


def _version(program: Path, option: str) -> str:
    try:
        run = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=False
        )
        printed, said = run.stdout, run.stderr.strip().splitlines()
    except (OSError, subprocess.TimeoutExpired) as error:
        printed, said = "", [str(error)]
    found = re.search(r"\d{1,9}(?:\.\d{1,9})+", printed)
    if not found:
        raise BrowserUnavailableError(
            f"{program} does not run ({said[-1] if said else 'it names no version'}): {INSTALL}, "
            f"or set [rendering] {option}"
        )
    return found[0]
