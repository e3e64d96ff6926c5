"""`swathe heal`: new selectors for a spider whose site was redesigned, as a patch, and what speaks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scraper.cli.output import console, errors, print_table, visible
from scraper.cli.shell import spider_names
from scraper.core.config import load_config
from scraper.core.text import INVISIBLE
from scraper.errors import EXIT_FAILED, UsageError

if TYPE_CHECKING:
    from scraper.core.config import Config
    from scraper.heal.outcome import Healing

EXAMPLE = "Example: swathe heal books --write"


def heal(
    spider: Annotated[
        str, typer.Argument(metavar="[SPIDER]", autocompletion=spider_names, help="The spider to mend.")
    ] = "",
    write: Annotated[bool, typer.Option("--write", help="Apply the patch to the spider's file.")] = False,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="Keep the present selectors too, for pages in the old layout.")
    ] = False,
    ignore_robots: Annotated[
        bool, typer.Option("--ignore-robots", help="Fetch the pages although robots.txt forbids it.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Try every spider whose last run found too little, and send the patch.")
    ] = False,
    mark: Annotated[str, typer.Option("--firing", hidden=True, help="What the scheduler calls this.")] = "",
) -> None:
    """Mend a spider's selectors after a redesign: print a patch and what speaks for it. Exit 1: refused.

    With --watch the patch, or why there is none, is sent to all that [alerts] names, once for a run; a schedule named
    `heal` does it by itself. Nothing is written without --write.

    The values that are stored are looked for on today's pages: those that the last run kept, and a dozen more at most.
    """
    # Scrapy and what studies pages take a moment to import; the other commands should not wait for them.
    from scraper.heal.healed_runs import check_may_write
    from scraper.heal.healing import heal as healed
    from scraper.heal.spider_source import SpiderSource
    from scraper.spider.loader import spider_class
    from scraper.storage.connection import connection_to

    config = load_config()
    if watch:
        _watch(spider, config, write=write)
        return
    if not spider:
        raise UsageError("no spider is named, expected `swathe heal SPIDER`, or `swathe heal --watch` for all of them")
    kind = spider_class(spider)
    if write:
        check_may_write(SpiderSource(kind))
    with connection_to(config.mongodb) as database:
        healing = healed(spider, kind, database, config, ignore_robots=ignore_robots, keep_old=keep_old)
    _show(healing, write=write, keep_old=keep_old)
    if healing.refused:
        raise typer.Exit(1)


def _watch(spider: str, config: Config, *, write: bool) -> None:
    """Heal what runs ask for, or one spider's, and tell people."""
    from scraper.heal.healed_runs import heal_runs, tell
    from scraper.schedule.alerts.delivery import NOBODY, receivers_of
    from scraper.spider.loader import all_spiders, spider_class
    from scraper.storage.connection import connection_to

    receivers = receivers_of(config.alerts)
    if not receivers:
        raise UsageError(NOBODY)
    spiders = {spider: spider_class(spider)} if spider else all_spiders()
    looked_at, not_told = 0, set[str]()
    with connection_to(config.mongodb) as database:
        for healed in heal_runs(database, config, spiders, receivers, write=write):
            looked_at += 1
            console.print(visible(healed.message.title), markup=False, soft_wrap=True)
            not_told.update(tell(healed, receivers))
    if not looked_at:
        console.print("No run that has not been told of asks for other selectors.")
    if not_told:
        errors.print(f"{', '.join(sorted(not_told))}: did not take the message: try again later", markup=False)
        raise typer.Exit(EXIT_FAILED)


def _show(healing: Healing, *, write: bool, keep_old: bool) -> None:
    """Print what came of it; all that a site wrote goes through `visible`."""
    from scraper.heal.healed_runs import write_repair

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
    write_repair(healing)
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
