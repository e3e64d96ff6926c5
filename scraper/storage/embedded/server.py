"""The embedded server as its users see it: join it, leave it, ask how it is."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from scraper.core.processes import environment_for_others
from scraper.core.project import ROOT
from scraper.errors import DatabaseError
from scraper.storage.embedded.binary import find_mongod
from scraper.storage.embedded.folder import DataFolder, FileLock

if TYPE_CHECKING:
    from scraper.core.config.sections import MongoConfig

START_TIMEOUT_S = 300
"""A start replays the journal first, which takes minutes after a crash in a large database."""

STOP_TIMEOUT_S = 60


class EmbeddedServer:
    """One process's share in the mongod of a data folder.

    The share is a lock that ends with the process, so the server always knows whether somebody is left.
    """

    def __init__(self, config: MongoConfig) -> None:
        self._config = config
        self.folder = DataFolder(config.data_dir)
        self._share: FileLock | None = None

    @property
    def uri(self) -> str:
        """The MongoDB URI of the socket."""
        return f"mongodb://{quote(str(self.folder.socket), safe='')}"

    def join(self) -> None:
        """Become a user of the server and start it when it is not up; raise DatabaseError when it cannot be."""
        mongod = find_mongod(self._config.mongod)
        if self._share is None:
            self.folder.prepare(self._config.min_free_mb)
            self._share = FileLock(self.folder.users_lock, shared=True)
            self._share.acquire()  # waits while a keeper is just stopping the server
        try:
            with FileLock(self.folder.start_lock) as starting:
                starting.acquire()
                if not self._answers_soon():
                    self._start_keeper(str(mongod))
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Stop being a user; the keeper stops the server when this was the last."""
        if self._share is not None:
            self._share.close()
            self._share = None

    def in_use(self) -> bool:
        """Return whether any process uses the server now."""
        if not self.folder.users_lock.exists():
            return False
        with FileLock(self.folder.users_lock) as alone:
            return not alone.acquire(blocking=False)

    def stop(self) -> bool:
        """Stop the server whoever uses it; return False when it was not up; raise DatabaseError when it stays."""
        self.folder.kept.unlink(missing_ok=True)
        pid = self.folder.keeper_pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.folder.keeper_pid() == pid:
            if time.monotonic() > deadline:
                raise DatabaseError(f"mongod did not stop within {STOP_TIMEOUT_S} s: see {self.folder.server_log}")
            time.sleep(0.05)
        return True

    def _answers_soon(self) -> bool:
        """Return whether the server is up, waiting while a living keeper restarts or stops it."""
        deadline = time.monotonic() + START_TIMEOUT_S
        # A server whose keeper was killed answers for a moment, and ends.
        while self.folder.keeper_pid() is not None:
            if self.folder.answers():
                return True
            if time.monotonic() > deadline:
                raise DatabaseError(f"mongod did not answer within {START_TIMEOUT_S} s: see {self.folder.server_log}")
            time.sleep(0.05)
        return False

    def _start_keeper(self, mongod: str) -> None:
        reads, writes = os.pipe()
        command = [
            sys.executable, "-m", "scraper.storage.embedded.keeper", str(self.folder.path), mongod,
            str(self._config.cache_mb), str(self._config.idle_stop_s), str(writes),
        ]  # fmt: skip
        with self.folder.keeper_log.open("w") as log, os.fdopen(reads) as ready:
            keeper = subprocess.Popen(  # noqa: S603
                command, cwd=ROOT, pass_fds=[writes], start_new_session=True, env=environment_for_others(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            os.close(writes)
            # The pipe ends when the keeper has written its line or has died.
            answered, _, _ = select.select([ready], [], [], START_TIMEOUT_S)
            line = ready.readline() if answered else f"no answer within {START_TIMEOUT_S} s"
        if line == "\n":
            # The keeper outlives this process; Python must not warn about a child it never waited for.
            keeper.returncode = 0
            return
        keeper.wait(timeout=STOP_TIMEOUT_S)
        reason = line.strip() or self.folder.keeper_log.read_text(errors="replace").strip()[-300:]
        raise DatabaseError(f"the embedded MongoDB did not start: {reason or 'no reason given'}")
