"""The data folder: where the embedded server's files, socket and locks are, and who uses it."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Self

from scraper.errors import ConfigError, DatabaseError

if TYPE_CHECKING:
    from pathlib import Path

SOCKET_PATH_BYTES = 103
"""Longest path of a Unix socket that works on Linux (107) and macOS (103); source: sun_path in <sys/un.h>."""


@dataclass(frozen=True)
class DataFolder:
    """The paths inside one `[mongodb] data_dir`."""

    path: Path

    @property
    def database(self) -> Path:
        """MongoDB's own files."""
        return self.path / "mongodb"

    @property
    def socket(self) -> Path:
        """The only address that the embedded server listens on."""
        return self.path / "mongod.sock"

    @property
    def server_log(self) -> Path:
        """What mongod logs."""
        return self.path / "mongod.log"

    @property
    def keeper_log(self) -> Path:
        """What the keeper process prints; empty while all is well."""
        return self.path / "keeper.log"

    @property
    def users_lock(self) -> Path:
        """Locked in shared mode by every process that uses the server."""
        return self.path / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        """Locked by the keeper while it lives; holds its process id."""
        return self.path / "keeper.lock"

    @property
    def start_lock(self) -> Path:
        """Locked while one process starts a keeper."""
        return self.path / "start.lock"

    @property
    def mongod_lock(self) -> Path:
        """Locked by mongod itself until its files are whole; holds its process id."""
        return self.database / "mongod.lock"

    @property
    def kept(self) -> Path:
        """Present while `swathe db start` wants the server to stay without users."""
        return self.path / "kept"

    def prepare(self, min_free_mb: int) -> None:
        """Create the folder, private to its owner, and refuse one that cannot serve."""
        if len(os.fsencode(self.socket)) > SOCKET_PATH_BYTES:
            raise ConfigError(
                f"[mongodb] data_dir is {self.path}: the path of a socket in it has {len(os.fsencode(self.socket))} "
                f"bytes, expected {SOCKET_PATH_BYTES} at most: choose a shorter path"
            )
        try:
            self.database.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            with TemporaryFile(dir=self.path):  # can be written
                pass
        except OSError as error:
            raise DatabaseError(
                f"the data folder {self.path} cannot be written ({error.strerror}): "
                f"make it writable or set [mongodb] data_dir to another folder"
            ) from None
        free_mb = shutil.disk_usage(self.path).free // 2**20
        if free_mb < min_free_mb:
            raise DatabaseError(
                f"the disk of {self.path} has {free_mb} MB free, expected {min_free_mb} MB or more: "
                f"free some space, set [mongodb] data_dir to another disk, or lower [mongodb] min_free_mb"
            )

    def answers(self) -> bool:
        """Return whether a server accepts connections on the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True

    def keeper_pid(self) -> int | None:
        """Return the process id of the living keeper, or None."""
        try:
            with FileLock(self.keeper_lock, shared=True) as lock:
                if lock.acquire(blocking=False):
                    return None
            return int(self.keeper_lock.read_text() or 0) or None
        except (OSError, ValueError):
            return None


class FileLock:
    """An advisory lock on a file (flock), which the kernel lets go when its process ends, however it ends."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self._mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        # O_CLOEXEC is Python's default: a child must not hold its parent's lock.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take the lock; return False when another process has it and `blocking` is False."""
        try:
            fcntl.flock(self._file, self._mode if blocking else self._mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let the lock go, keeping the file open for another try."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def write(self, text: str) -> None:
        """Replace the content of the locked file."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text.encode(), 0)

    def close(self) -> None:
        """Let the lock go for good; safe to call twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
