"""`swathe heal`: new selectors for a spider whose site was redesigned, as a patch, and what speaks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scraper.cli.output import console, print_table, visible
from scraper.cli.shell import spider_names
from scraper.core.atomic_file import whole_file
from scraper.core.config import load_config
from scraper.core.text import INVISIBLE
from scraper.errors import UsageError

if TYPE_CHECKING:
    from scraper.heal.repair import Healing
    from scraper.heal.spider_source import SpiderSource

WRITABLE = 0o222
EXAMPLE = "Example: swathe heal books --write"


def heal(
    spider: Annotated[str, typer.Argument(metavar="SPIDER", autocompletion=spider_names, help="The spider to mend.")],
    write: Annotated[bool, typer.Option("--write", help="Apply the patch to the spider's file.")] = False,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="Keep the present selectors too, for pages in the old layout.")
    ] = False,
    ignore_robots: Annotated[
        bool, typer.Option("--ignore-robots", help="Fetch the pages although robots.txt forbids it.")
    ] = False,
) -> None:
    """Mend a spider's selectors after a redesign: print a patch and what speaks for it. Exit 1: refused.

    The values that are stored are looked for on today's pages: those that the last run kept, and a dozen more at most.
    """
    # Scrapy and what studies pages take a moment to import; the other commands should not wait for them.
    from scraper.heal.healing import heal as healed
    from scraper.heal.spider_source import SpiderSource
    from scraper.spider.loader import spider_class
    from scraper.storage.connection import connection_to

    config = load_config()
    kind = spider_class(spider)
    if write:
        _check_may_write(SpiderSource(kind))
    with connection_to(config.mongodb) as database:
        healing = healed(spider, kind, database, config, ignore_robots=ignore_robots, keep_old=keep_old)
    _show(healing, write=write, keep_old=keep_old)
    if healing.refused:
        raise typer.Exit(1)


def _check_may_write(source: SpiderSource) -> None:
    """Raise UsageError for a file of somebody else's, or that is not to be changed."""
    if not source.is_own:
        raise UsageError(
            f"spider '{source.kind.name}' is in {source.file}, expected a file of this project: "
            f"write the patch there by hand"
        )
    if not source.file.stat().st_mode & WRITABLE:
        raise UsageError(f"{source.shown_file} is read-only, expected one that may be changed: chmod u+w")


def _show(healing: Healing, *, write: bool, keep_old: bool) -> None:
    """Print what came of it; all that a site wrote goes through `visible`."""
    source = healing.source
    console.print(f"looked at {visible(healing.looked_at)}", markup=False, soft_wrap=True)
    if healing.mended:
        rows = [{"selector of": one.what, "was": one.before, "is found at": one.now} for one in healing.mended]
        print_table(rows, ["selector of", "was", "is found at"])
    if healing.refused:
        _lines("Refused, nothing is changed", healing.refused)
        _lines("Next", [f"change {source.shown_file} by hand", f"swathe probe {healing.start}"])
        return
    if not healing.text:
        console.print("Nothing to mend: the spider reads the known records on today's pages as they are stored.")
        return
    _lines("Evidence", healing.evidence)
    console.print()
    _print_patch(healing.patch)
    if not write:
        _lines("Then", [f"swathe heal {source.kind.name}{' --keep-old' if keep_old else ''} --write"])
        return
    with whole_file(source.file) as file:
        file.write(healing.text.encode())
    _lines(f"Wrote {source.shown_file}", [f"swathe crawl {source.kind.name}"])


def _print_patch(patch: str) -> None:
    """Print a patch as `git apply` takes it: without the console, which would turn tabs into blanks."""
    for line in patch.removesuffix("\n").split("\n"):
        end = "\r" if line.endswith("\r") else ""
        shown = (sign if sign in "\t\f" else INVISIBLE.sub("\ufffd", sign) for sign in line.removesuffix(end))
        typer.echo("".join(shown) + end)


def _lines(title: str, lines: list[str]) -> None:
    console.print(f"\n{title}", style="bold", markup=False)
    for line in lines:
        console.print(f"  {visible(line)}", markup=False, soft_wrap=True)
