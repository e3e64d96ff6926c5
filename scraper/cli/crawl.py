"""`swathe crawl`: one crawl, with a live line on a terminal and an exit code that tells the truth."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from scraper.cli.crawl_settings import apply_options, log_file_of, own_arguments, run_settings
from scraper.cli.output import errors, tell, toned, visible
from scraper.cli.shell import spider_names
from scraper.core.config import load_config
from scraper.errors import UsageError
from scraper.runs.supervisor import supervise
from scraper.runs.team import lead, process_count, verdict_of
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from scraper.core.config import Config
    from scraper.runs.crawl import CrawlResult
    from scraper.runs.start import How

EXAMPLE = "Example: swathe crawl books --start http://127.0.0.1:8100/books/ --max-pages 20 --output books.jsonl"


def crawl(
    spider: Annotated[
        str, typer.Argument(autocompletion=spider_names, help="Name of the spider; `swathe spiders` lists them.")
    ],
    start: Annotated[str, typer.Option(metavar="URL", help="Start here instead, e.g. at a mirror of the site.")] = "",
    max_pages: Annotated[int | None, typer.Option(min=1, help="Read at most this many pages.")] = None,
    max_depth: Annotated[int | None, typer.Option(min=1, help="Follow links at most this far from the start.")] = None,
    since_known: Annotated[
        int | None,
        typer.Option(min=1, help="Leave a list, newest first, after this many known records in a row."),
    ] = None,
    argument: Annotated[
        list[str] | None, typer.Option("-a", metavar="NAME=VALUE", help="An argument of the spider's own.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change crawl.delay_s or another option, or a setting of Scrapy's."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write all records of the run to a .json, .jsonl, .csv or .xml file."),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Start anew even if the last crawl was interrupted, and forget what it left."),
    ] = False,
    retry_dead: Annotated[
        bool, typer.Option("--retry-dead", help="Try the dead letters of the last crawl again, and judge it anew.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log here instead of writing it to a file.")
    ] = False,
    alert: Annotated[
        bool, typer.Option("--alert", help="Tell the targets of alerts when it goes wrong, as of a scheduled crawl.")
    ] = False,
    processes: Annotated[
        str,
        typer.Option(metavar="N", help="Share the crawl among so many processes; auto: one for each core."),
    ] = "1",
    firing: Annotated[str, typer.Option(hidden=True, help="What the scheduler calls this crawl.")] = "",
) -> None:
    """Crawl a site and store its records; go on with a crawl that was interrupted.

    Exit 0: complete, 3: incomplete or unknown, 1: failed, 2: usage.
    """
    if fresh and retry_dead:
        raise UsageError("--fresh forgets the dead letters that --retry-dead tries again: give one of them")
    overrides = apply_options([*(set_ or []), *(["alerts.by_hand=true"] if alert else [])])
    config = load_config()
    log_file = None if verbose else log_file_of(config, spider)
    if (number := process_count(processes)) > 1:
        _share(number, overrides, config, output, verbose=verbose)
    supervise(config.crawl.page_limit_s)
    # Scrapy takes half a second to import; neither other commands nor the supervisor should wait for it.
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.spiderloader import get_spider_loader

    from scraper.core.log import log_crawl
    from scraper.runs.crawl import crawl as run_crawl
    from scraper.runs.output import check_output
    from scraper.spider.loader import project_settings, spider_class

    settings = project_settings()
    spider_type = spider_class(spider, get_spider_loader(settings))
    numbers = {"max_pages": max_pages, "max_depth": max_depth, "since_known": since_known}
    arguments = {
        **own_arguments(argument or []),
        "start": start,
        **{name: str(number or "") for name, number in numbers.items()},
    }
    spider_type.check_arguments(arguments)
    if since_known and not config.crawl.revalidate:
        raise UsageError("--since-known needs what is known of pages: set [crawl] revalidate to true")
    if output:
        check_output(output)
    settings.setdict({**run_settings(settings, log_file), **overrides}, priority="cmdline")
    settings.set("SWATHE_FIRING", firing or None, priority="cmdline")
    log_crawl(settings, spider)
    if start or not spider_type.saved_pages:
        _warn_about_contact(config, start or spider_type.start_url)
    how: How = "fresh" if fresh else "retry-dead" if retry_dead else "resume"
    result = run_crawl(spider_type, arguments, AsyncCrawlerProcess(settings), how, tell=tell)
    _tell_result(result)
    if output and result.run_id:
        _write(output, result.run_id, config)
    for note in result.notes:
        tell(f"note: {note}")
    if log_file and result.exit_code:
        errors.print(f"log: {visible(log_file)}", markup=False, soft_wrap=True, style="dim")
    raise typer.Exit(result.exit_code)


def _share(processes: int, settings: dict[str, str], config: Config, output: Path | None, *, verbose: bool) -> None:
    """Go on in a child process, beside workers on the same run; raise Exit in this one when all have ended."""
    if config.frontier.backend == "memory":
        raise UsageError("[frontier] backend is memory, which processes cannot share: set it to mongodb or redis")
    from scraper.cli.worker import work

    _import_for_all()
    end = lead(processes, lambda run: work("", {}, run, settings, verbose=verbose, quiet=True))
    if end is None:
        return
    code = end.code
    if end.run:
        with connection_to(config.mongodb):
            code, line = verdict_of(end.run)
        tell(line)
        if output:
            _write(output, end.run, config)
    raise typer.Exit(code)


def _import_for_all() -> None:
    """Import what every process of a crawl needs, to be forked.

    All of it is Swathe's or Scrapy's: what a project's own modules start when they are imported may not be forked.
    """
    from scrapy.crawler import AsyncCrawlerProcess  # noqa: F401
    from scrapy.utils.misc import load_object

    from scraper import settings
    from scraper.runs import crawl, output  # noqa: F401

    parts = (settings.EXTENSIONS_BASE, settings.SPIDER_MIDDLEWARES_BASE, settings.DOWNLOADER_MIDDLEWARES_BASE)
    for path in (path for part in parts for path in part):
        load_object(path)
    gc.freeze()  # the memory stays shared where nothing is looked through


def _write(output: Path, run_id: str, config: Config) -> None:
    """Write all records of the run, whichever of its processes has stored them."""
    from scraper.core.text import counted
    from scraper.runs.output import write_output

    with connection_to(config.mongodb) as database:
        count = write_output(database, run_id, output)
    tell(f"{output}: {counted(count, 'record')} of the run")


def _tell_result(result: CrawlResult) -> None:
    """Print how a crawl ended, with its verdict in colour."""
    line = Text(visible(result.line))
    if result.verdict:
        line.highlight_words([f": {result.verdict.word}:"], toned(result.verdict.word).style)
    errors.print(line, soft_wrap=True)


def _warn_about_contact(config: Config, start: str) -> None:
    loopback = any(f"//{host}" in start for host in ("127.", "localhost", "[::1]"))
    if not loopback and not config.crawl.names_a_contact:
        errors.print(
            "warning: [crawl] contact is not set: put an address that site owners can reach into config.local.ini",
            markup=False,
            soft_wrap=True,
            style="yellow",
        )
