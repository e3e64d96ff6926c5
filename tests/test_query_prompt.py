"""`swathe query -i` at a real terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128
from support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

TIMEOUT_S = 60


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, environ: dict[str, str], *arguments: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, "main.py", *arguments], environ)
        self.shown = ""

    def type(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def wait_for(self, text: str) -> str:
        """Return what was shown until `text` came, and forget it."""
        deadline = time.monotonic() + TIMEOUT_S
        while text not in self.shown:
            assert time.monotonic() < deadline, f"{text!r} was not shown:\n{self.shown}"
            if select.select([self.fd], [], [], 0.5)[0]:
                self.shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(self.fd, 65536).decode(errors="replace"))
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass  # how Linux tells that the other side is closed
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def prompt(swathe: Swathe, database: Database[dict[str, Any]]) -> Iterator[Terminal]:
    database.books.insert_many([{"upc": "a", "title": "A", "price": Decimal128("1")}, {"upc": "b", "title": "B"}])
    environ = {**swathe.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "100"}
    terminal = Terminal(environ, "query", "-i")
    terminal.wait_for("swathe>")
    yield terminal
    os.close(terminal.fd)


def test_the_prompt_answers_completes_survives_mistakes_and_remembers(prompt: Terminal, data_dir: Path) -> None:
    prompt.type("boo\t")
    prompt.wait_for("books")
    prompt.type(" pri\t")
    prompt.wait_for("price")
    prompt.type("<5 --count\r")
    prompt.wait_for("\n1\r\n")
    for mistake, told in [
        ("books prize<1", "swathe: 'prize' is not a field of books: did you mean 'price'?"),
        ("bocks", "there are no records 'bocks'"),
        ("books --srot x", "No such option: --srot"),
        ("books 'price", "swathe: No closing quotation"),
    ]:
        prompt.type(f"{mistake}\r")
        prompt.wait_for(told)
        prompt.wait_for("swathe>")
    prompt.type("half a line\x03")
    prompt.wait_for("swathe>")
    prompt.type("help\r")
    prompt.wait_for("exit or Ctrl-D ends")
    prompt.type("books --select upc --format csv\r")
    prompt.wait_for("upc\r\na\r\nb\r\n")
    prompt.type("\x04")
    assert prompt.end() == 0
    assert "+books price<5 --count\n" in (data_dir / "query_history").read_text()


def test_exit_ends_the_prompt(prompt: Terminal) -> None:
    prompt.type("exit\r")
    assert prompt.end() == 0
