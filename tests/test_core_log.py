"""What a crawl lets others see in its log: no secret, and nothing that steers a terminal or forges a line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from practice import Fault, PracticeServer
from support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database
    from support import Result, Swathe

SCRAPY = [sys.executable, "-m", "scrapy", "crawl"]
TALKATIVE = [sys.executable, str(ROOT / "tests" / "observed_crawl.py")]
FORGED = "2026-01-01 00:00:00 INFO [books] forged"
TITLE = f"\x1b[31mred\x9b2J\u202e\r\n{FORGED}\u2028{FORGED}"
SECRETS = ("planted-pass", "queue-pass", "c2VjcmV0", "cookie-value")


@pytest.fixture
def hostile() -> Iterator[PracticeServer]:
    """A site whose title attacks the terminal."""
    page = f"<meta charset=utf-8><title>{TITLE}</title>"
    with PracticeServer(faults={"/quotes/": Fault(body=page)}) as site:
        yield site


def talk(swathe: Swathe, site: PracticeServer, style: str) -> Result:
    swathe.extra |= {"SWATHE_LOGGING_FORMAT": style, "SWATHE_LOGIN_QUOTES": "ann:planted-pass", "PYTHONPATH": str(ROOT)}
    return swathe.run([*TALKATIVE, f"{site.url}quotes/"])


def objects(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log of JSON; each must be an object."""
    return [json.loads(line) for line in text.splitlines() if not line.startswith("swathe: ")]


def test_a_log_of_text_holds_no_secret_and_no_page_can_steer_the_terminal_or_forge_a_line(
    swathe: Swathe, hostile: PracticeServer
) -> None:
    log = talk(swathe, hostile, "text").err
    assert not [secret for secret in SECRETS if secret in log]
    assert "as a message: *** and redis://:***@127.0.0.1/0" in log
    assert "as arguments: *** {b'Authorization': ***, 'n': 1}" in log
    assert "ValueError: the error has *** in it" in log
    assert r"title \x1b[31mred" in log
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", log)
    assert "forged" in log
    lines = [line for line in log.split("\n") if line]
    begun = re.compile(r"\d{4}-\d\d-\d\d [\d:]{8} [A-Z]+ \[talkative [0-9a-f]{24}\] [\w.]+: |    \| ")
    assert [line for line in lines if not begun.match(line)] == []


def test_a_log_of_json_has_a_run_and_a_spider_on_each_line_and_no_secret(
    swathe: Swathe, database: Database[dict[str, Any]], hostile: PracticeServer
) -> None:
    lines = objects(talk(swathe, hostile, "json").err)
    run = database.runs.find_one()
    assert run is not None
    assert {(line["spider"], line["run"]) for line in lines} == {("talkative", str(run["_id"]))}
    assert {"talkative", "scrapy.core.engine", "scrapy.utils.log"} <= {line["logger"] for line in lines}
    assert not [secret for secret in SECRETS if secret in json.dumps(lines)]
    (failed,) = [line for line in lines if "exc_info" in line]
    assert "ValueError: the error has *** in it" in failed["exc_info"]
    assert [line["note"] for line in lines if "note" in line] == ["***"]
    assert all(datetime.fromisoformat(line["time"]).tzinfo for line in lines)


def test_a_failing_crawl_logs_no_password_of_its_login_or_its_alerts(swathe: Swathe, tmp_path: Path) -> None:
    swathe.extra |= {
        "SWATHE_LOGIN_QUOTES_LOGIN": "ann:login-pass",
        "SWATHE_ALERTS_TARGETS": "json://bob:alert-pass@127.0.0.1:1/hookkey12345",
        "SWATHE_CRAWL_LOG_LEVEL": "DEBUG",
    }
    with PracticeServer(faults={"/quotes/members/": Fault(status=404)}) as site:
        start = f"{site.url}quotes/members/"
        log = tmp_path / "log"
        options = ["-a", f"start={start}", "-s", "COOKIES_DEBUG=True", "--logfile", str(log)]
        result = swathe.run([*SCRAPY, "quotes-login", *options], code=1)
    written = log.read_text()
    assert "DEBUG" in written
    assert not [one for one in ("login-pass", "alert-pass", "hookkey12345") if one in written + result.out + result.err]
    assert not re.search(r"[Cc]ookie: (?!\*\*\*)\S", written)


def test_a_crawl_without_its_mongodb_shows_no_password_of_it(swathe: Swathe, site: PracticeServer) -> None:
    swathe.extra |= {
        "SWATHE_MONGODB_URI": "mongodb://ann:mongo%2Dpass@127.0.0.1:1/",
        "SWATHE_MONGODB_CONNECT_TIMEOUT_S": "0.3",
        "SWATHE_CRAWL_LOG_LEVEL": "DEBUG",
    }
    result = swathe("crawl", "quotes", "--start", f"{site.url}quotes/", "--verbose", code=1)
    assert "mongo-pass" not in result.err + result.out
    assert "mongo%2Dpass" not in result.err + result.out
    assert '"logger": "pymongo' in result.err


def test_lines_are_json_into_a_pipe_and_text_in_a_file(swathe: Swathe, site: PracticeServer, tmp_path: Path) -> None:
    arguments = [*SCRAPY, "quotes-table", "-a", f"start={site.url}quotes/tableful/"]
    assert objects(swathe.run(arguments).err)
    log = tmp_path / "log"
    swathe.run([*arguments, "--logfile", str(log)])
    assert log.stat().st_mode & 0o777 == 0o600
    assert re.match(r"\d{4}-\d\d-\d\d [\d:]{8} INFO \[quotes-table [0-9a-f]{24}\] scrapy", log.read_text())


def test_lines_that_nobody_keeps_are_not_made_also_not_by_scrapy() -> None:
    script = """
import logging
from scrapy.crawler import AsyncCrawlerProcess
from scraper.core.log import set_level
AsyncCrawlerProcess({"LOG_INSTALL_ROOT_HANDLER": False})
set_level("INFO")
names = ("scrapy.core.engine", "pymongo.command", "scraper.runs")
print([logging.getLogger(name).isEnabledFor(level) for name in names for level in (logging.DEBUG, logging.INFO)])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == f"{[False, True] * 3}\n"


def test_a_log_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    script = """
import logging, resource, sys
from scraper.core.config import load_config
from scraper.core import log

log._install(logging.FileHandler(sys.argv[1]), load_config(), set())
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
for _ in range(3):
    logging.getLogger("scraper").warning("is lost")
logging.getLogger("scraper").warning("%d", "no number")
"""
    # The kernel says EFBIG for a limit where it says ENOSPC for a disk; SIGXFSZ is ignored by Python.
    log_file = tmp_path / "crawl.log"
    done = subprocess.run([sys.executable, "-c", script, str(log_file)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    said, _, bug = done.stderr.partition("--- Logging error ---")
    assert said == f"swathe: the log {log_file} cannot be written (File too large), and lacks lines from here on\n"
    assert "TypeError" in bug
