"""The keeper: the process that starts the embedded mongod, restarts it after a crash, and stops it after its last user.

It runs as `python -m scraper.storage.embedded.keeper FOLDER MONGOD CACHE_MB IDLE_STOP_S READY_FD`, detached from
whoever started it. A user of the server holds a shared lock on `users.lock`; the kernel lets it go also after a
`kill -9`. So the keeper knows that nobody is left when it can lock that file for itself alone.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from scraper.core.processes import die_with_parent
from scraper.storage.embedded.binary import explain_loader
from scraper.storage.embedded.folder import DataFolder, FileLock

if TYPE_CHECKING:
    from types import FrameType

TICK_S = 0.1
CRASHES_ALLOWED, CRASH_WINDOW_S = 5, 60.0
ENDING_S = 60.0
"""How long a mongod may take to end: it writes what it has in memory first."""

LOG_KEPT_BYTES = 10 * 2**20
"""How large mongod's log may grow; the one before is kept beside it."""

LOG_LOOK_S = 5.0
FULL_DISK_BYTES = 2**20


class StartError(Exception):
    """Say why mongod did not start."""


class Keeper:
    """Own one mongod process for as long as somebody uses it."""

    def __init__(self, folder: DataFolder, mongod: Path, cache_mb: int, idle_stop_s: float) -> None:
        self._folder, self._mongod = folder, mongod
        self._cache_mb, self._idle_stop_s = cache_mb, idle_stop_s
        self._process: subprocess.Popen[bytes] | None = None
        self._told_to_stop = False
        signal.signal(signal.SIGTERM, self._on_signal)

    def start(self) -> None:
        """Start mongod and return when it accepts connections; raise StartError when it gives up."""
        self._wait_for_the_one_before()
        self._rotate_log()
        log_start = self._folder.server_log.stat().st_size if self._folder.server_log.exists() else 0
        self._process = subprocess.Popen(  # noqa: S603
            self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # it shuts down when its keeper is killed
        )  # fmt: skip
        while not self._folder.answers():
            if self._process.poll() is not None:
                assert self._process.stderr is not None
                raise StartError(self._reason(self._process.stderr.read().decode(errors="replace"), log_start))
            time.sleep(TICK_S / 5)

    def keep(self, users: FileLock) -> None:
        """Return when nobody has used the server for `idle_stop_s`, holding `users` for itself alone."""
        crashes: deque[float] = deque(maxlen=CRASHES_ALLOWED)
        idle_since: float | None = None
        log_seen_at = time.monotonic()
        while not self._told_to_stop:
            assert self._process is not None
            if time.monotonic() - log_seen_at >= LOG_LOOK_S:
                log_seen_at = time.monotonic()
                if self._rotate_log():
                    self._process.send_signal(signal.SIGUSR1)  # it opens its log anew, as --logRotate reopen says
            if self._process.poll() is not None:
                crashes.append(time.monotonic())
                if len(crashes) == CRASHES_ALLOWED and crashes[-1] - crashes[0] < CRASH_WINDOW_S:
                    raise StartError(f"mongod ended {CRASHES_ALLOWED} times within {CRASH_WINDOW_S:.0f} s")
                self.start()
            if not self._folder.kept.exists() and users.acquire(blocking=False):
                idle_since = idle_since if idle_since is not None else time.monotonic()
                if time.monotonic() - idle_since >= self._idle_stop_s:
                    return
                users.release()
            else:
                idle_since = None
            time.sleep(TICK_S)

    def stop(self) -> None:
        """Let mongod shut down cleanly and take its socket away."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._folder.socket.unlink(missing_ok=True)

    def _wait_for_the_one_before(self) -> None:
        """Wait for a mongod whose keeper was killed: it has its lock until its files are whole."""
        deadline = time.monotonic() + ENDING_S
        with FileLock(self._folder.mongod_lock) as lock:
            while not lock.acquire(blocking=False):
                if self._told_to_stop or time.monotonic() > deadline:
                    pid = self._folder.mongod_lock.read_text().strip()
                    raise StartError(f"another mongod, process {pid}, uses {self._folder.database}: end it")
                time.sleep(TICK_S / 5)

    def _command(self) -> list[str | Path]:
        return [
            self._mongod, "--dbpath", self._folder.database, "--logpath", self._folder.server_log, "--logappend",
            "--logRotate", "reopen",
            # The socket is the only listener: no TCP port, and no second socket in the shared temporary folder.
            "--bind_ip", self._folder.socket, "--nounixsocket", "--filePermissions", "0600",
            "--wiredTigerCacheSizeGB", f"{self._cache_mb / 1024:.3f}",
            "--setParameter", "diagnosticDataCollectionEnabled=false", "--quiet",
        ]  # fmt: skip

    def _reason(self, stderr: str, log_start: int) -> str:
        """Return the last fatal or error line that mongod logged in this start, else what it printed."""
        if shutil.disk_usage(self._folder.path).free < FULL_DISK_BYTES:
            return f"the disk of {self._folder.path} is full: free some space"
        if "error while loading shared libraries" in stderr:
            return explain_loader(stderr)
        found = ""
        if self._folder.server_log.exists():
            with self._folder.server_log.open(encoding="utf-8", errors="replace") as log:
                log.seek(log_start)
                for line in log:
                    found = _fault_in(line) or found
        return f"{found or explain_loader(stderr)} (log: {self._folder.server_log})"

    def _rotate_log(self) -> bool:
        """Put a log that has grown too large aside, in the place of the one before; return whether it was."""
        log = self._folder.server_log
        is_large = log.exists() and log.stat().st_size > LOG_KEPT_BYTES
        if is_large:
            log.replace(log.with_suffix(".log.old"))
        return is_large

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop = True


def _fault_in(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(entry, dict) or entry.get("s") not in ("E", "F"):
        return ""
    attributes = entry.get("attr", {})
    error = attributes.get("error", attributes.get("message", ""))
    text = error.get("errmsg", "") if isinstance(error, dict) else str(error)
    return " ".join(f"{entry.get('msg', '')}: {text}".split()).rstrip(": ")[:300]


def main(argv: list[str]) -> int:
    """Run a keeper; write one line to the file descriptor READY_FD: empty when mongod is up, else why not."""
    os.umask(0o077)  # logs say what was asked for
    folder = DataFolder(Path(argv[0]))
    keeper = Keeper(folder, Path(argv[1]), int(argv[2]), float(argv[3]))
    with FileLock(folder.keeper_lock) as alone, FileLock(folder.users_lock) as users:
        while not alone.acquire(blocking=False):  # there is one that is just stopping, or that was quicker
            if folder.answers():
                _tell(int(argv[4]), "\n")
                return 0
            time.sleep(TICK_S / 5)
        alone.write(str(os.getpid()))
        try:
            keeper.start()
        except (StartError, OSError) as error:
            _tell(int(argv[4]), f"{error}\n")
            return 1
        _tell(int(argv[4]), "\n")
        try:
            keeper.keep(users)
        finally:
            keeper.stop()
    return 0


def _tell(ready: int, line: str) -> None:
    """Tell whoever started the keeper; it may have been killed meanwhile, and others use the server by then."""
    with suppress(BrokenPipeError):
        os.write(ready, line.encode())
    os.close(ready)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
