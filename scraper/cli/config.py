"""`swathe config`: the options there are."""

from __future__ import annotations

from typing import Annotated

import typer

from scraper.cli.output import console
from scraper.core.atomic_file import whole_file
from scraper.core.config import load_config, read_ini
from scraper.core.config.template import config_ini
from scraper.core.project import project
from scraper.errors import UsageError

EXAMPLE = "Example: swathe config init --force"

app = typer.Typer(
    help="Write config.ini anew, with every option there is.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def config() -> None:
    """Write config.ini anew, with every option there is."""


@app.command("init", epilog=EXAMPLE)
def init(
    force: Annotated[
        bool, typer.Option("--force", help="Write it anew when it is there: its values stay, its comments do not.")
    ] = False,
) -> None:
    """Write config.ini with every option, its default, its unit and what it is for."""
    file = project().folder / "config.ini"
    if file.exists() and not force:
        raise UsageError(f"{file} exists already: `swathe config init --force` writes it anew and keeps its values")
    load_config()  # names what this version no longer knows
    with whole_file(file) as out:
        out.write(config_ini(read_ini(file)).encode())
    console.print(f"wrote {file}", markup=False, soft_wrap=True)
