"""The command line: `swathe`, or `python main.py` from a checkout.

Each command is a module of this package; this one gathers them and turns errors into one line and an exit code.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from errno import EIO, ENOSPC
from io import TextIOWrapper
from typing import TYPE_CHECKING

from scraper.core.project import enter_project
from scraper.errors import EXIT_FAILED, SwatheError

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line."""
    gc.set_threshold(20_000, 20, 20)  # hardly anything that is imported is garbage, and Python looks through it often
    signal.signal(signal.SIGTERM, _end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a text that the terminal's encoding lacks is no fault
    try:
        enter_project()
        # The commands import the packages that the check is about.
        from scraper.cli.app import app

        try:
            app(prog_name="swathe")
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where it can be told that nobody takes it
    except SwatheError as error:
        from scraper.core.broken import explained
        from scraper.core.text import printable

        sys.stderr.write(f"swathe: {printable(explained(error))}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _drop_output()  # the reader, such as `head`, has had enough
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)  # while the commands were imported; later they see to it themselves
    except OSError as error:
        if error.errno not in (ENOSPC, EIO) or error.filename is not None:
            raise
        _drop_output()
        sys.stderr.write(f"swathe: the output could not be written: {error.strerror}\n")
        sys.exit(EXIT_FAILED)


def _end(number: int, _frame: FrameType | None) -> None:
    """Let SIGTERM unwind a command as Ctrl-C does, so that it tidies up; a crawl has handlers of its own."""
    sys.exit(128 + number)


def _drop_output() -> None:
    """Let nothing more be written, so that Python does not complain again while it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
