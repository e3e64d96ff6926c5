"""`swathe worker`: work on a crawl that another process has begun, here or on another machine."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scraper.cli.crawl_settings import apply_options, log_file_of, own_arguments, run_settings
from scraper.cli.output import errors, tell
from scraper.cli.shell import spider_names
from scraper.core.config import load_config
from scraper.core.project import command, project
from scraper.errors import EXIT_COMPLETE, UsageError
from scraper.runs.supervisor import supervise
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from models.system import Run

logger = logging.getLogger(__name__)

EXAMPLE = "Example: swathe worker books --wait"
REFUSED = 2


def worker(
    spider: Annotated[
        str,
        typer.Argument(
            autocompletion=spider_names, help="Name of the spider; without it any crawl, one after another."
        ),
    ] = "",
    start: Annotated[str, typer.Option(metavar="URL", help="The crawl that was begun with this --start.")] = "",
    max_pages: Annotated[int | None, typer.Option(min=1, help="The crawl that was begun with this limit.")] = None,
    max_depth: Annotated[int | None, typer.Option(min=1, help="The crawl that was begun with this limit.")] = None,
    argument: Annotated[
        list[str] | None, typer.Option("-a", metavar="NAME=VALUE", help="The crawl that was begun with this argument.")
    ] = None,
    run_id: Annotated[str, typer.Option("--run", metavar="ID", help="This run, whatever it was begun with.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a crawl to begin; without SPIDER: for ever, for the next one.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change an option, or a setting of Scrapy's."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log here instead of writing it to a file.")
    ] = False,
) -> None:
    """Work on a crawl that is under way, beside the process that began it, until the crawl is over.

    Exit 0: the crawl is complete, 3: incomplete or unknown, or left before its end, 1: failed, 2: usage.
    """
    assignments = set_ or []
    settings = apply_options(assignments)
    if load_config().frontier.backend == "memory":
        raise UsageError("[frontier] backend is memory, which nobody can share: set it to mongodb or redis")
    if not (spider or run_id):
        raise typer.Exit(_one_after_another(assignments, wait=wait, verbose=verbose))
    limits = {"max_pages": max_pages, "max_depth": max_depth}
    given = {**own_arguments(argument or []), "start": start, **{name: at for name, at in limits.items() if at}}
    raise typer.Exit(work(spider, given, run_id, settings, wait=wait, verbose=verbose))


def work(
    spider: str,
    given: dict[str, Any],
    run_id: str,
    settings: dict[str, str],
    *,
    wait: bool = False,
    verbose: bool = False,
    quiet: bool = False,
) -> int:
    """Work on one run; return the exit code. A `quiet` one leaves it to others to tell of the run."""
    config = load_config()
    supervise(config.crawl.page_limit_s, quiet=quiet)
    from scrapy.crawler import AsyncCrawlerProcess

    from scraper.core.log import log_crawl, on_every_line
    from scraper.runs.crawl import work_on
    from scraper.runs.join import has_ended, run_of, run_to_join, run_with
    from scraper.runs.start import taken_over
    from scraper.spider.loader import project_settings, spider_class

    spider_type = spider_class(spider) if spider else None
    with connection_to(config.mongodb):
        if (begun := taken_over()) is not None:
            run = run_of(begun)
        elif quiet and has_ended(run_id):
            return EXIT_COMPLETE  # before this one had started
        elif run_id or spider_type is None:
            run = run_with(run_id)
        else:
            run = run_to_join(spider_type, given, wait=wait)
        spider_type = spider_type or spider_class(run.spider)
        log_file = None if verbose else log_file_of(config, run.spider)
        project = project_settings()
        project.setdict({**run_settings(project, log_file, line=not quiet), **settings}, priority="cmdline")
        log_crawl(project, run.spider)
        on_every_line(run=str(run.id))
        code, line = work_on(spider_type, run, AsyncCrawlerProcess(project), logger.info if quiet else tell)
    if quiet:
        return code
    tell(line)
    if log_file and code:
        errors.print(f"log: {log_file}", markup=False, soft_wrap=True, style="dim")
    return code


def _one_after_another(assignments: list[str], *, wait: bool, verbose: bool) -> int:
    """Work on whatever run is under way, each in a process of its own, as Scrapy's reactor starts only once."""
    from scraper.runs.join import LOOK_S

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = [part for assignment in assignments for part in ("--set", assignment)] + ["--verbose"] * verbose
    refused: set[str] = set()
    code, child = EXIT_COMPLETE, None
    try:
        while (run := _next_run(refused)) or wait:
            if run is None:
                time.sleep(LOOK_S)
                continue
            line = command("worker", "--run", str(run.id), *options)
            # In a session of its own: Ctrl-C reaches it once, from here, and twice would end it at once.
            child = subprocess.Popen(line, cwd=project().folder, start_new_session=True)  # noqa: S603
            code = child.wait()
            if code == REFUSED:
                refused.add(str(run.id))
            elif code:
                time.sleep(LOOK_S)
    except KeyboardInterrupt:
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGTERM)
            child.wait()
        return EXIT_COMPLETE
    return code


def _next_run(refused: set[str]) -> Run | None:
    """Return a run under way that was not refused; the database is let go of, so that it may stop meanwhile."""
    from scraper.runs.join import runs_under_way

    with connection_to(load_config().mongodb):
        return next((run for run in runs_under_way() if str(run.id) not in refused), None)
