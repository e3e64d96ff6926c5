"""What tests use: the command line as a user runs it, waiting for a condition, a configuration."""

from __future__ import annotations

import ast
import atexit
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forkserver import ForkServer

from scraper.core.config import Config, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pymongo.database import Database

ROOT = Path(__file__).resolve().parent.parent
COMMAND_TIMEOUT_S = 300
"""A command that takes longer hangs, also on a busy machine."""


@cache
def fork_server() -> ForkServer:
    """Return the process that this one has its commands forked from."""
    server = ForkServer.start({**os.environ, "PYTHONWARNINGS": "error"})
    atexit.register(server.close)
    return server


@dataclass
class Swathe:
    """The command line with a data folder and a database of the test's own."""

    environ: dict[str, str]
    database: str
    extra: dict[str, str] = field(default_factory=dict)
    longest_s: float = COMMAND_TIMEOUT_S
    forks: bool = True
    """Whether what is started may be forked from a process that has everything imported, and shows its command line."""

    def __call__(self, *arguments: str, code: int | None = 0, cwd: Path = ROOT, **environ: str) -> Result:
        """Run `python main.py ARGUMENTS` and hold its exit code against `code`; None takes any."""
        return self.run([sys.executable, str(ROOT / "main.py"), *arguments], code=code, cwd=cwd, **environ)

    def run(self, command: list[str], code: int | None = 0, cwd: Path = ROOT, **environ: str) -> Result:
        """Run any command with the test's environment."""
        result = self._done(command, cwd, self.all_environ(**environ))
        assert code is None or result.code == code, f"exit {result.code}, expected {code}\n{result}"
        return result

    def _done(self, command: list[str], cwd: Path, environ: dict[str, str]) -> Result:
        if fork_server().serves(command, environ):
            return Result(*fork_server().run(command, cwd, environ, self.longest_s))
        done = subprocess.run(
            command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=self.longest_s,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    def all_environ(self, **environ: str) -> dict[str, str]:
        """Return the environment of a command; where these tests find modules is known to it, besides what it gives."""
        found = {**self.environ, **self.extra, **environ}
        if (ours := os.environ.get("PYTHONPATH")) and found.get("PYTHONPATH", ours) != ours:
            found["PYTHONPATH"] += os.pathsep + ours
        return found

    def start(self, *arguments: str, cwd: Path = ROOT, **environ: str) -> subprocess.Popen[str]:
        """Start a command and return at once."""
        command = [sys.executable, str(ROOT / "main.py"), *arguments]
        all_of_it = self.all_environ(**environ)
        if self.forks and fork_server().serves(command, all_of_it):
            return fork_server().fork(command, cwd, all_of_it)
        return subprocess.Popen(
            command, cwd=cwd, env=all_of_it, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip


@dataclass
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def error_line(self) -> str:
        """The only line on standard error; fails when there are more."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, f"expected one line of error, found:\n{self.err}"
        return lines[0]


def until(condition: Callable[[], Any], what: str, timeout_s: float = 30) -> Any:
    """Wait for a condition and return its value; fail when it does not come true."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)
    return value


def head_of(request: Iterable[bytes]) -> str:
    """Return the head of a request from its lines: to the empty one, or to the end, as of somebody who was killed."""
    return b"".join(takewhile(lambda line: line != b"\r\n", request)).decode("latin-1")


def last_run(database: Database[dict[str, Any]]) -> dict[str, Any]:
    """Return the run that began last."""
    run = database.runs.find_one(sort=[("started_at", -1)])
    assert run is not None
    return run


def configured(**environ: str) -> Config:
    """Return the configuration with options from the environment's form."""
    return load_config(ROOT, environ)


def code_lines(text: str) -> int:
    """Count a module's lines without imports, docstrings and blank ones."""
    lines = text.splitlines()
    left_out = {number for number, line in enumerate(lines, 1) if not line.strip()}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            left_out.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines) - len(left_out)
