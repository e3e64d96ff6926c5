"""The folder of the browsers: a record and a profile for each driver that runs, and the end of those left behind."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scraper.errors import BrowserUnavailableError
from scraper.fetch.browser.processes import Process, end_session, process
from scraper.storage.embedded.folder import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS = ("chromedriver", "chrom")
"""What the command line of a recorded process has in it, else its number has been given to another program."""

PROFILE = "profile"


class DriverRecord:
    """One driver's entry: a locked file that names its processes, and its profile's folder.

    The lock is this process's; the kernel lets it go when that ends, however it ends, and then the entry is a leftover.
    """

    def __init__(self, folder: Path) -> None:
        name = uuid.uuid4().hex[:12]
        self.folder = folder / name
        self._path = folder / f"{name}.json"
        with _alone(folder):
            self._lock = FileLock(self._path)
            self._lock.acquire()
        self._lock.write("{}")
        self.folder.mkdir(mode=0o700)

    def note(self, leader: int, browser: int | None) -> None:
        """Write down chromedriver, which leads the session of all the driver's processes, and the browser."""
        found = [process(pid) for pid in (leader, browser) if pid]
        known = [{"pid": entry.pid, "started": entry.started} for entry in found if entry]
        self._lock.write(json.dumps({"session": leader, "processes": known}))

    def remove(self) -> None:
        """Take the entry and the profile away; safe to call twice."""
        _remove(self.folder)
        self._path.unlink(missing_ok=True)
        self._lock.close()


class BrowserFolder:
    """The folder `browsers` of the data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Create the folder, private to its owner; raise BrowserUnavailableError when it cannot be."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise BrowserUnavailableError(
                f"the folder {self.path} of the browsers cannot be written ({error.strerror}): "
                f"make it writable or set [mongodb] data_dir to another folder"
            ) from None

    def new_record(self) -> DriverRecord:
        """Add an entry for a driver about to start."""
        return DriverRecord(self.path)

    def reap(self) -> int:
        """End what crawls left behind that were killed; return how many drivers were."""
        ended = 0
        for path in self.path.glob("*.json"):
            with _alone(self.path):
                lock = FileLock(path)
                is_left = lock.acquire(blocking=False)
            with lock:
                if is_left:
                    ended += _end(path)
                    _remove(path.with_suffix(""))
                    path.unlink(missing_ok=True)
        return ended


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no entry be between its making and its locking while somebody looks for entries without a lock."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _remove(folder: Path) -> None:
    """Remove a driver's folder, and the one for temporary files that Chromium's lock in the profile points to."""
    socket = folder / PROFILE / "SingletonSocket"
    if socket.is_symlink():
        shutil.rmtree(socket.readlink().parent, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _end(path: Path) -> int:
    """Kill the processes that a record names, after making sure that it is they; return 1 when one was running."""
    try:
        record = json.loads(path.read_text() or "{}")
        recorded = [Process(int(entry["pid"]), int(entry["started"])) for entry in record.get("processes", [])]
        leader = int(record.get("session", 0))
    except (OSError, ValueError, KeyError, TypeError):
        return 0  # cut off while it was written: its driver ends by itself, when its pipe does
    running = [entry for entry in recorded if entry.is_alive() and any(word in entry.command() for word in OURS)]
    if running and leader > 1:
        end_session(leader)
    return int(bool(running))
