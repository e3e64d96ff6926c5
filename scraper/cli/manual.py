"""Make the manual's page of commands from the commands themselves.

python -m scraper.cli.manual > docs/reference/cli.md
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from scraper.cli.app import COMMANDS, app, loaded

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """# Commands

`swathe …` when installed, `python main.py …` from a checkout. Exit codes: 0 done (for `crawl`: complete), 1 failed,
2 usage, 3 incomplete or unknown (`crawl`), or not all as it should be (`import`, `pages replay`, `rejected redrive`).
Each page below is what `--help` prints; a test fails when they disagree
(`python -m scraper.cli.manual > docs/reference/cli.md` writes them anew).
"""


def command_names() -> Iterator[tuple[str, ...]]:
    """Yield every command and sub-command as it is typed."""
    for name in COMMANDS:
        yield (name,)
        yield from ((name, inner) for inner in getattr(loaded(name), "commands", ()))


def manual() -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(f"\n## swathe {' '.join(name)}\n\n```\n{_help_of(name)}\n```\n" for name in command_names())


def _help_of(name: tuple[str, ...]) -> str:
    environ = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    shown = CliRunner().invoke(app, [*name, "--help"], prog_name="swathe", env=environ, terminal_width=100)
    return "\n".join(line.rstrip() for line in shown.output.strip().splitlines())


if __name__ == "__main__":
    sys.stdout.write(manual())
