"""Write a file whole or not at all: under its name there is the old one or the new one, and never a part of it."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE
from typing import TYPE_CHECKING, BinaryIO

from scraper.errors import FileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUFFER_BYTES = 2**20
NEW_FILE = 0o666
"""The mode of a normal new file; the umask takes its part off."""

PRIVATE_FILE = 0o600
"""The mode of a file of what the database holds, which is private to its owner as well."""

_unremoved: set[Path] = set()
"""Temporary files and folders that are or may be there."""


def check_place(target: Path) -> None:
    """Raise UsageError when a file of this name cannot be: its folder is missing, or the name is taken by none."""
    folder = target.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"cannot write {target}: the folder {folder} does not exist; create it first")
    if target.is_dir():
        raise UsageError(f"cannot write {target}: it is a folder, expected the name of a file")
    if target.exists() and not target.is_file():
        raise UsageError(f"cannot write {target}: it is no ordinary file, which alone can be replaced as a whole")


@contextmanager
def whole_file(target: Path, mode: int = NEW_FILE) -> Iterator[BinaryIO]:
    """Yield a file to write; when the block ends well it is on the disk under the target's name, in one step.

    Until then it has a temporary name in the target's folder. A link is followed. Raise UsageError or FileError; an
    OSError in the block is taken for one of the file.
    """
    check_place(target)
    place = target.resolve()
    try:
        with temporary_name(place.parent) as part:
            number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(number, "wb", BUFFER_BYTES) as file:
                if place.exists():  # who may read the old file may read the new one, and nobody else
                    os.fchmod(number, S_IMODE(place.stat().st_mode) & mode)
                yield file
                file.flush()
                os.fsync(number)
            part.replace(place)
        _sync_folder(place.parent)
    except OSError as error:
        raise FileError(f"cannot write {target}: {_reason(place.parent, error)}") from error


def write_files(texts: Mapping[Path, str]) -> None:
    """Write several files, with the folders that they need, and remove what is new when one cannot be written.

    Raise UsageError or FileError. A file that was there and is written anew stays so.
    """
    created: list[Path] = []
    try:
        for file, text in texts.items():
            _make_folder(file.parent, file, created)
            created += [] if file.exists() else [file]
            with whole_file(file) as out:
                out.write(text.encode())
    except BaseException:
        for path in filter(Path.exists, reversed(created)):
            path.rmdir() if path.is_dir() else path.unlink()
        raise


def _make_folder(folder: Path, target: Path, created: list[Path]) -> None:
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        try:
            missing.mkdir()
        except OSError as error:
            raise FileError(f"cannot write {target}: {_reason(missing.parent, error)}") from error
        created.append(missing)


@contextmanager
def temporary_name(folder: Path) -> Iterator[Path]:
    """Yield a free name in a folder, `.swathe-….part`; the file or folder that bears it afterwards is removed.

    It is removed however the block ends, at the latest when the process does: a signal that is raised as an exception
    may fall between any two steps, also into the removing. Only what ends a process at once, `kill -9`, leaves it.
    """
    part = folder / f".swathe-{token_hex(8)}.part"
    _unremoved.add(part)
    try:
        yield part
    finally:
        _remove(part)
        _unremoved.discard(part)


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


@atexit.register
def _remove_at_exit() -> None:
    for number in (signal.SIGINT, signal.SIGTERM) if _unremoved else ():
        signal.signal(number, signal.SIG_IGN)  # the process ends already
    for part in _unremoved:
        _remove(part)


def _reason(folder: Path, error: OSError) -> str:
    if error.errno in (ENOSPC, EDQUOT):
        return f"the disk of {folder} is full: free some space, or choose another folder"
    if error.errno == EFBIG:
        return f"the file would be larger than {folder} or your limit allows (ulimit -f): choose another folder"
    return f"{error.strerror or error}: choose a folder that you may write to"


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk, too."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
