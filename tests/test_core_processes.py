"""Which processes run, told from later ones with the same number."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from support import ROOT, until

from scraper.core import processes
from scraper.core.processes import birth, environment_for_others, is_gone, started, this_process
from scraper.fetch.browser.processes import Process, all_processes, end_session, memory_mb, process, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SPAWNS = "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('up', flush=True); sys.stdin.read()"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as found:
        yield found
        found.kill()


@pytest.fixture(params=["this system", "a system without a name for its boots"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Linux as it is, and as it is where psutil alone says what is known, such as on macOS."""
    if request.param != "this system":
        monkeypatch.setattr(processes, "BOOT_ID", tmp_path / "none")
        monkeypatch.setattr(psutil, "LINUX", False)
    processes._boot_id.cache_clear()
    yield request.param
    processes._boot_id.cache_clear()


def place_of(pid: int) -> dict[str, Any]:
    return {"host": socket.gethostname(), "pid": pid, "process": birth(pid)}


def test_a_process_that_was_killed_is_gone_at_once(system: str, child: subprocess.Popen[bytes]) -> None:
    place = place_of(child.pid)
    assert not is_gone(place)
    child.kill()
    until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE, "it waits for its parent")
    assert is_gone(place)
    child.wait()
    assert is_gone(place)
    assert birth(child.pid) == ""
    assert started(child.pid) is process(child.pid) is None


def test_a_later_process_with_the_same_number_is_another_one(system: str) -> None:
    mine = this_process()
    assert not is_gone(mine)
    boot, _, start = mine["process"].partition(":")
    assert is_gone({**mine, "process": f"{boot}:{int(start) - 1}"})
    assert not Process(os.getpid(), int(start) - 1).is_alive()
    assert Process(os.getpid(), int(start)).is_alive()


def test_another_boot_is_certain_only_where_it_has_a_name(system: str) -> None:
    mine = this_process()
    start = mine["process"].partition(":")[2]
    # Where a boot is known by its time alone, a clock that was set looks the same.
    assert is_gone({**mine, "process": f"1:{start}"}) == (system == "this system")
    assert is_gone({**mine, "pid": 2**22 + 1, "process": "1:1"})


def test_of_another_host_and_of_one_that_wrote_nothing_down_nothing_is_certain() -> None:
    assert not is_gone({**this_process(), "host": "elsewhere", "pid": 2**22 + 1})
    assert not is_gone({"host": socket.gethostname(), "pid": 2**22 + 1})
    assert not is_gone({})


@pytest.mark.skipif(not psutil.LINUX, reason="others keep the time of day")
def test_a_clock_that_is_set_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = 1_700_000_000.0, 1_700_003_600.0
    boots = iter([before, after, *[after] * 4])
    monkeypatch.setattr(psutil, "boot_time", lambda: next(boots))
    monkeypatch.setattr(psutil.Process, "create_time", lambda _self: next(boots) + 12.34)
    assert started(os.getpid()) == 1234
    assert not list(boots)


def test_the_start_is_the_one_that_linux_counts() -> None:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert started(os.getpid()) == int(fields[19]) * 100 // os.sysconf("SC_CLK_TCK")


def test_a_session_is_ended_with_all_that_it_started() -> None:
    leader = subprocess.Popen(
        [sys.executable, "-c", SPAWNS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert leader.stdout
        assert leader.stdout.readline() == b"up\n"
        commands = [f"{sys.executable} -c {SPAWNS}", "sleep 60"]
        until(lambda: sorted(one.command() for one in session_of(leader.pid)) == commands, "both run")
        members = session_of(leader.pid)
        assert memory_mb(leader.pid) > 1
        assert {one.pid for one in members} < {one.pid for one in all_processes()}
        end_session(leader.pid)
        assert not session_of(leader.pid)
        assert [one.command() for one in members] == ["", ""]
        assert memory_mb(leader.pid) == 0
        assert leader.wait() == -signal.SIGKILL
    finally:
        leader.kill()
        leader.communicate()


def test_who_only_may_have_to_look_at_a_process_does_not_load_psutil() -> None:
    code = "import sys, scraper.storage.run_heartbeat, scraper.runs.owner; sys.exit('psutil' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True, cwd=ROOT)


def test_a_program_of_others_gets_neither_options_nor_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {"SWATHE_MONGODB_URI": "x", "AWS_SECRET_ACCESS_KEY": "x", "GH_TOKEN": "x", "HTTPS_PROXY": "http://a:b@p:1"}
    for name, value in {**secret, "HTTP_PROXY": "http://p:1", "XAUTHORITY": "x"}.items():
        monkeypatch.setenv(name, value)
    given = environment_for_others()
    assert not secret.keys() & given.keys()
    assert {"PATH", "HTTP_PROXY", "XAUTHORITY"} <= given.keys()


@pytest.mark.parametrize(("soft", "hard", "fault"), [(40, 40, "open 40 files"), (40, 2000, ""), (500, 500, "")])
def test_a_limit_of_open_files_is_raised_or_told(soft: int, hard: int, fault: str) -> None:
    code = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
    code += "from scraper.core.processes import check_open_files; check_open_files()\n"
    code += "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert fault in done.stderr
    assert done.stdout.strip() == ("" if fault else str(min(hard, 1024)))
