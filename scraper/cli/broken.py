"""What of a project is broken: how commands name it, and the hidden command that looks for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from models.broken import BROKEN, Broken
from models.registry import record_documents
from scraper.cli.output import errors, visible
from scraper.core.broken import LEFT_OUT, broken_parts
from scraper.core.config import Config, load_config, place_of
from scraper.errors import SwatheError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = "Example: swathe doctor"


def print_broken(config: Config) -> None:
    """Print a line for each file that is left out, after what a command shows."""
    for part in broken_parts(config):
        errors.print(visible(f"{LEFT_OUT} {part}"), markup=False, soft_wrap=True, style="yellow")


def check() -> None:
    """Print what is broken as one line of JSON."""
    from scraper.spider.loader import all_spiders

    config = load_config()
    record_documents()
    all_spiders()
    parts = [*dict.fromkeys(BROKEN.values()), *_broken_queries(config), *_broken_watches(config)]
    typer.echo(json.dumps([asdict(part) for part in parts]))


def _broken_watches(config: Config) -> Iterator[Broken]:
    if not config.watch:
        return
    from scraper.watch.condition import read_watch

    for name, text in config.watch.items():
        try:
            read_watch(name, text)
        except SwatheError as error:
            file, line = place_of("watch", name)
            yield Broken(f"{file} [watch] {name}" if line else file, line, str(error))


def _broken_queries(config: Config) -> Iterator[Broken]:
    from scraper.cli.app import loaded
    from scraper.cli.saved import check_saved

    query = loaded("query")
    for name in config.queries:
        try:
            check_saved(query, name)
        except SwatheError as error:
            file, line = place_of("queries", name)
            yield Broken(f"{file} [queries] {name}" if line else file, line, str(error))
