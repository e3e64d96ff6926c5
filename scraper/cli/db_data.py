"""`swathe db backup`, `restore` and `prune`: the database as a whole."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pymongo.errors import PyMongoError
from rich.filesize import decimal
from rich.status import Status

from scraper.cli.output import console, errors, visible
from scraper.core.config import load_config
from scraper.errors import DatabaseLostError, UsageError
from scraper.storage.backup.backup import back_up, check_archive, check_database
from scraper.storage.backup.backup import restore as load_archive
from scraper.storage.connection import connection_to, explain
from scraper.storage.embedded.folder import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scraper.core.config.sections import MongoConfig
    from scraper.storage.backup.backup import Mongo

BACKUP_EXAMPLE = "Example: swathe db backup swathe-2026-11-21.backup"
RESTORE_EXAMPLE = "Example: swathe db restore swathe-2026-11-21.backup --yes"
PRUNE_EXAMPLE = "Example: swathe db prune --dry-run"


def backup(
    file: Annotated[
        Path, typer.Argument(help="Where to; an older file of this name is replaced once the new one is whole.")
    ],
) -> None:
    """Write the whole database, with its indexes, into one file. Crawls may go on meanwhile."""
    started = time.monotonic()
    with _database(load_config().mongodb) as database, _progress("backup") as advance:
        counts = back_up(database, file, advance)
    size, seconds = file.stat().st_size, time.monotonic() - started
    console.print(
        f"{_documents(counts)} in {visible(file)}: {decimal(size)} in {seconds:.1f} s", markup=False, soft_wrap=True
    )


def restore(
    file: Annotated[Path, typer.Argument(help="A file of `swathe db backup`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace all that the database holds.")] = False,
) -> None:
    """Put a backup in place of the database, whole or not at all. The present data stay until the new are complete."""
    config = load_config().mongodb
    with _database(config) as database:
        if not file.is_file():
            check_archive(file)  # says why, rather than ask for --yes first
        check_database(database, replace=yes)
        check_archive(file, None if config.uri.get_secret_value() else shutil.disk_usage(config.data_dir).free)
        config.data_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(config.data_dir / "restore.lock") as alone, _progress("restore") as advance:
            if not alone.acquire(blocking=False):
                raise UsageError("another restore is under way: wait for its end")
            counts = load_archive(database, file, advance)
    console.print(f"{_documents(counts)} restored from {visible(file)}", markup=False, soft_wrap=True)


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove what is older than [retention] in config.ini says. Every crawl does so at its end, a part at a time."""
    # Brings Scrapy, which takes half a second to import; the other commands should not wait for it.
    from scraper.runs.retention import prune as remove_old

    config = load_config()
    with _database(config.mongodb) as database, _progress("prune") as advance:
        removed = remove_old(database, config, dry_run=dry_run, advance=advance)
    what = ", ".join(f"{count} {name}" for name, count in removed.items() if count)
    console.print(f"{'would remove' if dry_run else 'removed'}: {what or 'nothing is old enough'}", markup=False)


def _documents(counts: dict[str, int]) -> str:
    each = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"{sum(counts.values())} documents ({each})" if counts else "no documents"


@contextmanager
def _database(config: MongoConfig) -> Iterator[Mongo]:
    """Yield the database; a fault of MongoDB's is one line."""
    connection = connection_to(config)
    with connection as database:
        try:
            yield database
        except PyMongoError as error:
            raise DatabaseLostError(explain(error, connection.address)) from error


@contextmanager
def _progress(what: str) -> Iterator[Callable[[str, int], object]]:
    """Yield a function that shows a collection and its documents so far, on a terminal."""
    with Status(what, console=errors) as status:
        yield lambda name, count: status.update(f"{what}: {name} {count}")
