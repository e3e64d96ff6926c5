"""The command line: `swathe`, or `python main.py` from a checkout.

Each command is a module of this package; this one gathers them and turns errors into one line and an exit code.
"""

from __future__ import annotations

import os
import sys

from scraper.errors import SwatheError
from scraper.origin import check_origin


def main() -> None:
    """Run the command line."""
    try:
        check_origin()
        # The commands import the packages that the check is about.
        from scraper.cli.app import app

        app(prog_name="swathe")
    except SwatheError as error:
        sys.stderr.write(f"swathe: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader, such as `head`, has had enough; Python must not complain again while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
