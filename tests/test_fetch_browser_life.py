"""How browsers begin and end: replaced, killed, left behind and reaped, missing, of a Grid, and within a crawl."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from browser_site import BrowserSite
from scrapy.exceptions import DownloadFailedError
from support import ROOT, configured, until

from scraper.browser.actions import Script, WaitFor
from scraper.errors import BrowserUnavailableError
from scraper.fetch.browser.chromedriver import Chromedriver
from scraper.fetch.browser.errors import DriverLostError, PageRefusedError
from scraper.fetch.browser.installed import find_installed
from scraper.fetch.browser.job import PageJob
from scraper.fetch.browser.leftovers import BrowserFolder
from scraper.fetch.browser.pool import BrowserPool
from scraper.fetch.browser.processes import session_of
from scraper.fetch.browser.visit import BrowserVisit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CRAWL = ROOT / "tests" / "browser_crawl.py"


@pytest.fixture(scope="module")
def site() -> Iterator[BrowserSite]:
    with BrowserSite() as site:
        yield site


def pool_of(data_dir: Path, **options: str) -> BrowserPool:
    given = {"DRIVERS": "1", **options}
    return BrowserPool(
        configured(**{f"SWATHE_RENDERING_{key}": value for key, value in given.items()}).rendering, data_dir
    )


def recorded(data_dir: Path) -> list[dict[str, Any]]:
    """The records of running drivers, once they are complete."""
    found = [json.loads(path.read_text() or "{}") for path in (data_dir / "browsers").glob("*.json")]
    return [record for record in found if len(record.get("processes", [])) == 2]


def left_of(records: list[dict[str, Any]]) -> list[str]:
    """What still runs of recorded drivers."""
    return [member.command() for record in records for member in session_of(record["session"])]


def is_empty(data_dir: Path) -> bool:
    return not list((data_dir / "browsers").iterdir())


def test_a_driver_is_replaced_after_its_pages(site: BrowserSite, tmp_path: Path) -> None:
    with pool_of(tmp_path, PAGES_PER_DRIVER="2") as pool:
        for _ in range(5):
            pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60)
        assert pool.counts == {"pages": 5, "drivers_started": 3, "drivers_replaced": 2}
        assert len(recorded(tmp_path)) == 1


def test_a_driver_that_has_grown_is_replaced_and_a_bomb_is_stopped(site: BrowserSite, tmp_path: Path) -> None:
    with pool_of(tmp_path, DRIVER_MEMORY_MB="400") as pool:
        with pytest.raises(PageRefusedError, match="needs more than 800 MB in the browser"):
            pool.submit(PageJob(f"{site.url}/bomb")).result(60)
        assert len(pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60).body) > 0
        assert pool.counts["drivers_replaced"] == 1
        usual_mb = int(until(lambda: pool._idle, "the driver has left the page")[0].memory_mb())
    with pool_of(tmp_path, DRIVER_MEMORY_MB=str(usual_mb * 2 // 3)) as pool:
        futures = [pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")) for _ in range(6)]
        assert all(future.result(60).status == 200 for future in futures)
        assert pool.counts["drivers_replaced"] >= 1


def test_a_page_does_not_wait_for_its_driver_to_be_cleared_and_no_second_one_is_started_for_the_next(
    site: BrowserSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave, may_leave = BrowserVisit.leave, threading.Event()

    def leave_later(visit: BrowserVisit) -> None:
        may_leave.wait(30)
        leave(visit)

    monkeypatch.setattr(BrowserVisit, "leave", leave_later)
    with pool_of(tmp_path, DRIVERS="2") as pool:
        assert pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60).status == 200
        following = pool.submit(PageJob(f"{site.url}/inline", wait_for=".row"))
        with pytest.raises(TimeoutError):
            following.result(0.5)
        may_leave.set()
        assert following.result(60).status == 200
        assert pool.counts == {"pages": 2, "drivers_started": 1}


def test_a_picture_that_cannot_be_kept_costs_no_page(
    site: BrowserSite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with pool_of(tmp_path) as pool:
        job = PageJob(f"{site.url}/inline", wait_for=".nothing", screenshot=tmp_path / "file" / "page.png")
        assert "wait_for-missing" in pool.submit(job).result(60).flags
        until(lambda: pool._idle, "the driver is used again")
    assert [record.getMessage() for record in caplog.records] == [
        f"The picture {job.screenshot} could not be kept: File exists"
    ]


def test_a_driver_that_cannot_be_cleared_is_replaced_and_its_page_is_not_lost(
    site: BrowserSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: BrowserVisit) -> None:
        raise DriverLostError("gone")

    monkeypatch.setattr(BrowserVisit, "leave", fail)
    with pool_of(tmp_path) as pool:
        for _ in range(2):
            assert pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60).status == 200
        until(lambda: pool.counts["drivers_replaced"] == 2, "both drivers are replaced")
        assert pool.counts["failures"] == 0


@pytest.mark.parametrize("victim", ["tab", "browser", "chromedriver"])
def test_a_driver_that_dies_within_a_page_is_replaced(site: BrowserSite, tmp_path: Path, victim: str) -> None:
    with pool_of(tmp_path) as pool:
        pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60)
        (record,) = recorded(tmp_path)
        chromedriver, browser = (entry["pid"] for entry in record["processes"])
        future = pool.submit(PageJob(f"{site.url}/inline", actions=(Script("await fetch('/hang')"),)))
        until(lambda: site.hits["/hang"], "the page waits")
        site.hits.clear()
        renderers = [one.pid for one in session_of(chromedriver) if "--type=renderer" in one.command()]
        for pid in {"tab": renderers, "browser": [browser], "chromedriver": [chromedriver]}[victim]:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(DownloadFailedError, match="the browser was lost"):
            future.result(60)
        until(lambda: not left_of([record]), "the dead driver is cleared away")
        assert pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60).status == 200
        assert pool.counts["drivers_replaced"] == 1


def test_nothing_is_left_when_the_pool_closes_within_a_page(site: BrowserSite, tmp_path: Path) -> None:
    with pool_of(tmp_path) as pool:
        future = pool.submit(PageJob(f"{site.url}/hang-page"))
        until(lambda: site.hits["/hang-page"], "the page is on its way")
        records = recorded(tmp_path)
        folder = tmp_path / "browsers"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600, 0o700}
    with pytest.raises(DownloadFailedError, match="the crawl has ended"):
        future.result(0)
    assert not left_of(records)
    assert is_empty(tmp_path)


def crawl(data_dir: Path, options: Any, *urls: str, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(CRAWL), str(data_dir), json.dumps(options), *urls]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environ}, cwd=data_dir
    )


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_crawl_renders_what_asks_for_it_and_leaves_nothing(site: BrowserSite, tmp_path: Path) -> None:
    out, err = crawl(
        tmp_path, {"wait_for": ".row", "keep_json": True}, f"{site.url}/xhr", f"{site.url}/status?code=503"
    ).communicate(timeout=60)
    found, said, ended = sorted(lines(out), key=lambda line: (len(line.get("url", "z" * 99)), line.get("url", "z")))
    assert found["type"] == "HtmlPage"
    assert len(found["rows"]) == 5
    assert found["flags"] == ["browser"]
    assert 0 < found["latency"] < 30
    assert found["json"][0]["body"].startswith('[{"row": 0}')
    assert (said["error"], said["status"]) == ("HttpError", 503)
    assert ended["counts"] == {"pages": 3, "drivers_started": 2, "retries": 1}, (ended, err)
    assert is_empty(tmp_path)


def test_a_crawl_without_pages_to_render_starts_and_imports_nothing(site: BrowserSite, tmp_path: Path) -> None:
    out, _ = crawl(tmp_path, None, f"{site.url}/static").communicate(timeout=60)
    found, ended = lines(out)
    assert found["rows"] == ["0"]
    assert ended["selenium"] is False
    assert not (tmp_path / "browsers").exists()


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_leaves_nothing_running(site: BrowserSite, tmp_path: Path, times: int) -> None:
    # The second ends what would take a minute.
    options = {
        "wait_for": "#never" if times == 2 else ".row",
        "actions": [WaitFor("#never", 60).to_json()] * (times - 1),
    }
    running = crawl(tmp_path, options, *[f"{site.url}/delayed"] * 8)
    site.hits.clear()
    until(lambda: site.hits["/delayed"] and len(recorded(tmp_path)) == 2, "pages are being rendered")
    records = recorded(tmp_path)
    for _ in range(times):
        running.send_signal(signal.SIGINT)
        # Scrapy takes the second for another only once it has logged the first.
        assert running.stderr is not None
        assert any("Received SIGINT" in line for line in running.stderr)
    running.communicate(timeout=30)
    assert not left_of(records)
    assert is_empty(tmp_path)


def test_kill_9_of_a_crawl_leaves_nothing_running_and_the_next_one_clears_its_files(
    site: BrowserSite, tmp_path: Path
) -> None:
    running = crawl(tmp_path, {"wait_for": "#never"}, *[f"{site.url}/delayed"] * 4)
    records = until(lambda: len(found := recorded(tmp_path)) == 2 and found, "drivers run")
    running.kill()
    running.communicate()
    until(lambda: not left_of(records), "the browsers end with their crawl")
    assert not is_empty(tmp_path)
    assert BrowserFolder(tmp_path / "browsers").reap() == 0
    assert is_empty(tmp_path)


def test_what_a_killed_crawl_left_running_is_ended_and_what_another_crawl_uses_is_not(
    site: BrowserSite, tmp_path: Path
) -> None:
    folder = BrowserFolder(tmp_path / "browsers")
    folder.prepare()
    with pool_of(tmp_path) as pool:
        pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60)
        used = recorded(tmp_path)
        left = folder.new_record()
        driver = Chromedriver(find_installed(configured().rendering).chromedriver, left.folder)
        left.note(driver.pid, None)
        left._lock.close()  # as the kernel does when a process is killed
        assert folder.reap() == 1
        until(lambda: not session_of(driver.pid), "the leftover has ended")
        driver.kill()
        assert recorded(tmp_path) == used
        assert left_of(used)
        assert pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60).status == 200


def test_a_record_whose_numbers_belong_to_other_programs_ends_nothing(tmp_path: Path) -> None:
    folder = BrowserFolder(tmp_path / "browsers")
    folder.prepare()
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        record = folder.new_record()
        record.note(bystander.pid, None)
        record._lock.close()
        assert folder.reap() == 0
        assert bystander.poll() is None
        assert is_empty(tmp_path)
    finally:
        bystander.kill()
        bystander.wait()


def test_a_missing_program_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pool_of(tmp_path, CHROMIUM=str(tmp_path / "none")) as pool,
        pytest.raises(BrowserUnavailableError, match=r"Chromium is not at .*none \(\[rendering\] chromium\): correct"),
    ):
        pool.submit(PageJob("http://127.0.0.1/")).result(60)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pool_of(tmp_path, CHROMIUM=sys.executable, DRIVERS="2") as pool,
        pytest.raises(
            BrowserUnavailableError, match=r"chromedriver is not installed .*apt install chromium chromium-d"
        ),
    ):
        pool.submit(PageJob("http://127.0.0.1/")).result(60)


def test_programs_of_different_releases_are_one_clear_line(tmp_path: Path) -> None:
    driver = tmp_path / "chromedriver"
    driver.write_text("#!/bin/sh\necho ChromeDriver 99.0.1\n")
    driver.chmod(0o700)
    with pytest.raises(
        BrowserUnavailableError, match=r"and chromedriver is 99\.0\.1 .* expected the same major version"
    ):
        find_installed(configured(SWATHE_RENDERING_CHROMEDRIVER=str(driver)).rendering)
    driver.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(BrowserUnavailableError, match=r"chromedriver does not run"):
        find_installed(configured(SWATHE_RENDERING_CHROMEDRIVER=str(driver), SWATHE_RENDERING_DRIVERS="3").rendering)


def test_a_grid_that_is_down_is_one_clear_line_without_its_password(tmp_path: Path) -> None:
    with BrowserSite() as gone:
        address = f"127.0.0.1:{gone.port}"
    with pool_of(tmp_path, GRID_URL=f"http://me:secret@{address}") as pool:
        future = pool.submit(PageJob("http://127.0.0.1/"))
        with pytest.raises(
            BrowserUnavailableError, match=re.escape(f"Grid at http://{address} gives no browser")
        ) as error:
            future.result(60)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_grid_renders_pages_too(site: BrowserSite, tmp_path: Path) -> None:
    # A chromedriver speaks the protocol of a Grid.
    driver = Chromedriver(find_installed(configured().rendering).chromedriver, tmp_path)
    try:
        with pool_of(tmp_path, GRID_URL=driver.url) as pool:
            page = pool.submit(PageJob(f"{site.url}/xhr", wait_for=".row")).result(60)
            assert page.body.count(b'class="row"') == 5
        # Of a browser elsewhere a client knows only that it was told to end; its last process may take a moment.
        until(lambda: len(session_of(driver.pid)) == 1, "the browser of the Grid has ended")
    finally:
        driver.kill()


def test_a_sandbox_that_chromium_refuses_is_named_as_the_cause(site: BrowserSite, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("Chromium refuses its sandbox to root alone")
    with pool_of(tmp_path, SANDBOX="on") as pool, pytest.raises(BrowserUnavailableError) as fault:
        pool.submit(PageJob(f"{site.url}/inline", wait_for=".row")).result(60)
    assert "sandbox is on, which Chromium refuses to root: set it to auto, or crawl as another user" in str(fault.value)
    assert is_empty(tmp_path)


@pytest.mark.parametrize(("taken", "starts"), [(2, True), (3, False)])
def test_a_driver_whose_port_was_taken_is_started_again(tmp_path: Path, taken: int, *, starts: bool) -> None:
    """Chromedriver takes a port that is free for one kind of address, and may find it taken for the other."""
    program = tmp_path / "chromedriver"
    program.write_text(
        "#!/bin/sh\n"
        f'echo once >> {tmp_path}/starts; [ "$(wc -l < {tmp_path}/starts)" -gt {taken} ] || '
        '{ echo "IPv4 port not available. Exiting..."; exit 1; }\n'
        'echo "ChromeDriver was started successfully on port 4444."; exec sleep 60\n'
    )
    program.chmod(0o755)
    if starts:
        driver = Chromedriver(program, tmp_path)
        driver.kill()
        assert driver.url == "http://127.0.0.1:4444"
    else:
        with pytest.raises(BrowserUnavailableError, match="port not available"):
            Chromedriver(program, tmp_path)
    assert (tmp_path / "starts").read_text().count("once") == 3
