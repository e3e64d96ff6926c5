"""What a crawl and a scheduler let others see: log lines without secrets, and numbers for Prometheus."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import psutil
import pytest
from practice import Fault, PracticeServer
from prometheus_client.parser import text_string_to_metric_families
from support import ROOT, configured, until

from scraper.errors import ConfigError

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


@pytest.fixture
def slow() -> Iterator[PracticeServer]:
    """A site whose pages take their time, so that a crawl can be asked in the middle."""
    with PracticeServer(latency_ms=150) as site:
        yield site


def talk(swathe: Swathe, site: PracticeServer, style: str) -> Result:
    swathe.extra |= {"SWATHE_LOGGING_FORMAT": style, "SWATHE_LOGIN_QUOTES": "ann:planted-pass", "PYTHONPATH": str(ROOT)}
    return swathe.run([*TALKATIVE, f"{site.url}quotes/"])


def objects(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log of JSON; each must be an object."""
    return [json.loads(line) for line in text.splitlines() if not line.startswith("swathe: ")]


def numbers(url: str) -> dict[str, dict[str, float]]:
    """Return what Prometheus would read: of each metric the values, by those of the labels in the labels' order."""
    with urlopen(url, timeout=20) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        samples = [sample for family in families for sample in family.samples]
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for sample in samples:
        found[sample.name][" ".join(sample.labels[name] for name in sorted(sample.labels))] = sample.value
    return found


def manual(begin: str, end: str) -> set[str]:
    """Return the metrics that a part of the manual names."""
    page = (ROOT / "docs/reference/observing.md").read_text()
    return set(re.findall(r"`(swathe_\w+)`", page.partition(begin)[2].partition(end)[0]))


def of_swathe(found: dict[str, dict[str, float]]) -> set[str]:
    return {name for name in found if name.startswith("swathe_") and not name.endswith("_created")}


def listening(pid: int) -> set[str]:
    """Return the addresses on which a process or one it started listens for TCP, in the kernel's hexadecimal form."""
    pids = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    mine = {str(entry.readlink()) for one in pids for entry in Path(f"/proc/{one}/fd").iterdir() if entry.is_symlink()}
    tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine}


def metrics_url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"Metrics are at (http://127\.0\.0\.1:\d+/metrics)", line):
            return found[1]
    pytest.fail("no line said where the metrics are")


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


def test_a_running_crawl_serves_its_numbers_on_loopback_alone(swathe: Swathe, slow: PracticeServer) -> None:
    start = f"{slow.url}quotes/"
    crawl = swathe.start("crawl", "quotes", "--start", start, "--verbose", SWATHE_METRICS_ADDRESS="127.0.0.1:0")
    try:
        url = metrics_url(crawl)
        found = until(lambda: (now := numbers(url))["swathe_records_total"]["new quotes"] > 0 and now, "records")
        assert listening(crawl.pid) == {"0100007F"}
    finally:
        _, log = crawl.communicate(timeout=60)
    assert crawl.returncode in (0, 3), log
    assert "ResourceWarning" not in log
    assert 0 < found["swathe_pages_total"]["quotes"] <= found["swathe_requests_total"]["quotes"] <= len(slow.requests)
    assert set(found["swathe_records_total"]) == {
        f"{outcome} quotes" for outcome in ("new", "changed", "unchanged", "refused", "gone")
    }
    assert found["swathe_active_requests"]["quotes"] >= 0
    # Nothing has failed, so the one of the reasons has no sample.
    assert manual("Of a crawl", "Of a scheduler") - {"swathe_failed_pages_total"} == of_swathe(found)


def test_a_crawl_whose_port_is_taken_goes_on_with_a_warning(swathe: Swathe, site: PracticeServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        arguments = ["crawl", "quotes-table", "--start", f"{site.url}quotes/tableful/", "--verbose"]
        log = swathe(*arguments, SWATHE_METRICS_ADDRESS=address).err
    assert f"No metrics are served at [metrics] address = {address}: Address already in use" in log


def test_a_crawl_without_an_address_listens_nowhere(swathe: Swathe, slow: PracticeServer) -> None:
    crawl = swathe.start("crawl", "quotes-table", "--start", f"{slow.url}quotes/tableful/")
    try:
        until(lambda: len(slow.requests) > 2, "some pages")
        assert listening(crawl.pid) == set()
    finally:
        crawl.communicate(timeout=60)


@pytest.mark.parametrize("address", ["9100", ":9100", "127.0.0.1", "example.org:9100", "127.0.0.1:70000", "*:9100"])
def test_an_address_that_is_not_written_out_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"expected an address with a port, such as 127\.0\.0\.1:9100"):
        configured(SWATHE_METRICS_ADDRESS=address)


def test_an_address_beyond_this_host_must_be_meant_and_is_known() -> None:
    addresses = [configured(SWATHE_METRICS_ADDRESS=text).metrics.address for text in ("0.0.0.0:9100", "[::1]:0")]
    assert [(str(one), one.is_loopback) for one in addresses if one] == [("0.0.0.0:9100", False), ("[::1]:0", True)]


def test_a_scheduler_serves_how_its_schedules_go_and_says_on_each_line_which_one_it_is_about(
    swathe: Swathe, database: Database[dict[str, Any]], slow: PracticeServer
) -> None:
    past = datetime.now(UTC) - timedelta(minutes=90)
    database.schedules.insert_one({"_id": "table", "timing": "0 * * * * UTC", "since": past, "handled_until": past})
    service = swathe.start(
        "schedule", "run", SWATHE_METRICS_ADDRESS="127.0.0.1:0", SWATHE_SCHEDULER_POLL_S="0.1",
        SWATHE_SCHEDULE_TABLE=f"0 * * * * | spider=quotes-table start={slow.url}quotes/tableful/",
    )  # fmt: skip
    try:
        url = metrics_url(service)
        until(lambda: numbers(url)["swathe_running_crawls"][""] == 1, "a crawl that runs")
        # The scheduler counts a try once it is stored.
        found = until(
            lambda: (now := numbers(url))["swathe_firings_total"].get("complete table") and now, "its end", 60
        )
        assert found["swathe_last_result"] == {"complete table": 1}
        assert listening(service.pid) == {"0100007F"}
    finally:
        service.terminate()
        _, log = service.communicate(timeout=60)
    assert found["swathe_firings_total"]["started table"] == found["swathe_firings_total"]["complete table"] == 1
    assert 0 <= found["swathe_next_firing_seconds"]["table"] <= 3600
    assert found["swathe_last_end_timestamp_seconds"]["table"] > past.timestamp()
    firing = database.firings.find_one({"state": "done"})
    assert firing is not None
    lines = [line for line in objects(log) if line.get("firing")]
    assert {(line["schedule"], line["spider"], line["firing"]) for line in lines} == {
        ("table", "quotes-table", firing["_id"])
    }
    assert manual("Of a scheduler", "Of the page") == of_swathe(found)


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
