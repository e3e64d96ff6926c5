"""`swathe query -i` at a real terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128
from support import ROOT, until

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

    def wait_for(self, text: str) -> None:
        """Wait until `text` is shown, and forget what was shown until then."""
        until(lambda: text in self.shown or not self._read(), f"{text!r} at the terminal", TIMEOUT_S)
        before, found, self.shown = self.shown.partition(text)
        assert found, f"{text!r} was not shown before the end:\n{before}"

    def ask(self, line: str, told: str) -> None:
        """Type a line, and wait for what it is answered with and for the next prompt."""
        self.type(f"{line}\r")
        self.wait_for(told)
        self.wait_for("swathe>")

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        until(lambda: not self._read(), "the end of the command", TIMEOUT_S)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        """Take what is shown now; return False at the end."""
        if not select.select([self.fd], [], [], 0.1)[0]:
            return True
        try:
            shown = os.read(self.fd, 65536).decode(errors="replace")
        except OSError:
            return False  # how Linux tells that the other side is closed
        self.shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
        return bool(shown)


@pytest.fixture
def prompt(swathe: Swathe, database: Database[dict[str, Any]]) -> Iterator[Terminal]:
    database.books.insert_many([{"upc": "a", "title": "A", "price": Decimal128("1")}, {"upc": "b", "title": "B"}])
    environ = {**swathe.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "100"}
    terminal = Terminal(environ, "query", "-i")
    terminal.wait_for("swathe>")
    yield terminal
    os.close(terminal.fd)  # hangs up: a command that is still there ends


def test_the_prompt_answers_completes_survives_mistakes_and_remembers(prompt: Terminal, data_dir: Path) -> None:
    prompt.type("boo\t")
    prompt.wait_for("books")
    prompt.type(" pri\t")
    prompt.wait_for("price")
    prompt.ask("<5 --count", "\n1\r\n")
    prompt.ask("books prize<1", "swathe: 'prize' is not a field of books: did you mean 'price'?")
    prompt.ask("bocks", "there are no records 'bocks'")
    prompt.ask("books --srot x", "No such option: --srot")
    prompt.ask("books 'price", "swathe: No closing quotation")
    prompt.ask("-i", "swathe: -i is what this is")
    prompt.type("half a line\x03")
    prompt.wait_for("swathe>")
    prompt.ask("help", "exit or Ctrl-D ends")
    prompt.ask("books --select upc --format csv", "upc\r\r\na\r\r\nb\r\r\n")
    prompt.type("\x04")
    assert prompt.end() == 0
    assert "+books price<5 --count\n" in (data_dir / "query_history").read_text()


def test_exit_ends_the_prompt(prompt: Terminal) -> None:
    prompt.type("exit\r")
    assert prompt.end() == 0
