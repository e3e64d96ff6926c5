"""What of a project is broken: looked for in a process of its own, which imports everything, and remembered.

The answer is kept in the data folder with a fingerprint of the files that it depends on. So a command that imports no
spiders can tell it at once, and a scheduler that has run for weeks sees what has changed since.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from models.broken import BROKEN, Broken
from scraper.core.atomic_file import PRIVATE_FILE, whole_file
from scraper.core.project import ROOT, VERSION, command, project
from scraper.errors import EXIT_USAGE, SwatheError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scraper.core.config import Config

FILE = "broken.json"
CHECK = "broken-parts"
"""The hidden command that looks, and prints what it found as JSON."""

LEFT_OUT = "left out:"
"""Stands before the files that a process had to do without."""

TIMEOUT_S = 60
"""How long all modules may take to be imported."""


def broken_parts(config: Config, *, fresh: bool = False) -> list[Broken]:
    """Return what is broken of the project's spiders, models and saved queries. Blocks for seconds after a change.

    `fresh` looks anew although no file has changed, since the cause may lie elsewhere. Raise SwatheError when it
    cannot be told.
    """
    kept, mark = config.mongodb.data_dir / FILE, fingerprint()
    known = _read(kept)
    if fresh or known.get("fingerprint") != mark:
        known = {"fingerprint": mark, "broken": [asdict(part) for part in _look()]}
        if kept.parent.is_dir():
            with whole_file(kept, PRIVATE_FILE) as out:
                out.write(json.dumps(known).encode())
    return [Broken(**part) for part in known["broken"]]


def explained(error: SwatheError) -> str:
    """Return what an error says, and which files this process had to leave out, for they may be why."""
    if not BROKEN or error.exit_code != EXIT_USAGE:
        return str(error)
    return f"{error} ({LEFT_OUT} {'; '.join(dict.fromkeys(map(str, BROKEN.values())))})"


def fingerprint() -> str:
    """Return what changes when any of the project's own files does."""
    said = blake2b(f"{VERSION} {sys.prefix}".encode(), digest_size=12)
    for name in sorted(name for name in os.environ if name.startswith(("SWATHE_QUERIES_", "SWATHE_WATCH_"))):
        said.update(f"\0{name}={os.environ[name]}".encode())
    for file in sorted(_files()):
        seen = file.stat()
        said.update(f"\0{file}\0{seen.st_mtime_ns}\0{seen.st_size}".encode())
    return said.hexdigest()


def _files() -> Iterator[Path]:
    here = project()
    folders = [here.path("")] if here.package else [ROOT / name for name in ("spiders", "models", "pipelines")]
    for folder in folders:
        yield from folder.rglob("*.py")
    yield from (file for name in ("config.ini", "config.local.ini") if (file := here.folder / name).is_file())


def _read(file: Path) -> dict[str, Any]:
    """Return what was kept; nothing when it is missing or damaged, which costs another look."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return known if isinstance(known["broken"], list) else {}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _look() -> list[Broken]:
    try:
        done = subprocess.run(  # noqa: S603
            command(CHECK), cwd=project().folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [Broken(project().module("spiders"), 0, f"spiders and models took longer than {TIMEOUT_S} s to import")]
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        said = " ".join(done.stderr.split())[-300:] or f"exit {done.returncode}"
        raise SwatheError(f"spiders and models could not be checked: {said.removeprefix('swathe: ')}")
    # A module may print while it is imported.
    return [Broken(**part) for part in json.loads(lines[-1])]
