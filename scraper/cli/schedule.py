"""`swathe schedule`: runs that begin by themselves."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from scraper.cli.output import MOST_ROWS, errors, print_table, say
from scraper.core.config import load_config
from scraper.core.text import local_time
from scraper.errors import EXIT_COMPLETE, EXIT_FAILED, EXIT_INCOMPLETE
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from models.broken import Broken
    from scraper.core.config import Config
    from scraper.schedule.alerts.watcher import Alerts
    from scraper.schedule.crawl_process import CrawlProcesses
    from scraper.schedule.schedule import Schedule
    from scraper.schedule.scheduler import Scheduler

logger = logging.getLogger(__name__)

EXAMPLE = "Example: swathe schedule list"

app = typer.Typer(
    help="Run spiders by themselves, as [schedule] in config.ini says.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("run", epilog="Example: swathe schedule run")
def run(
    once: Annotated[
        bool, typer.Option("--once", help="Fire what is due now, wait for it, and end: for cron or a systemd timer.")
    ] = False,
) -> None:
    """Fire the schedules until Ctrl-C or SIGTERM. Any number of these may run, on one host or several."""
    from scraper.core.log import log_service
    from scraper.core.metrics import serve
    from scraper.events.publisher import publishing
    from scraper.schedule.metrics import ScheduleMetrics
    from scraper.schedule.overview import overview
    from scraper.schedule.presence import Presence
    from scraper.schedule.schedule import schedules_and_faults
    from scraper.schedule.service import FileWatch, Service
    from scraper.spider.loader import all_spiders
    from scraper.watch.teller import telling

    config = load_config()
    log_service(config)
    schedules = _schedules(config)
    connection = connection_to(config.mongodb)
    with connection:
        scheduler, crawls, watcher = _scheduler(config, schedules)
        if config.metrics.address is not None:
            serve(config.metrics.address, ScheduleMetrics(scheduler))
        watcher.forget_removed()
        for row in overview(schedules, datetime.now(UTC)):
            due = local_time(row["next"]) if row["next"] else "never: it is off"
            logger.info("%s: next at %s", row["schedule"], due)

        def renew(broken: list[Broken]) -> None:
            watcher.broken(broken)
            # One whose spider was removed ends neither the others nor their scheduler.
            renewed, faults = schedules_and_faults(config, all_spiders())
            for fault in faults:
                logger.warning("left out: %s", fault)
            watcher.scheduled([schedule.name for schedule in renewed])
            scheduler.renew(renewed)

        presence = Presence(scheduler.owner, config.alerts, once=once)
        files = FileWatch(config, renew)
        with publishing(config), telling(config):
            Service(scheduler, crawls, connection, config.scheduler, files, presence).run(once=once)


@app.command("list", epilog=EXAMPLE)
def list_schedules() -> None:
    """List the schedules: when each fires next, and how it went last."""
    from scraper.schedule.overview import overview

    config = load_config()
    schedules = _schedules(config)
    columns = ["schedule", "next", "last", "result", "cron", "zone", "spider", "why"]
    with connection_to(config.mongodb):
        print_table(overview(schedules, datetime.now(UTC)), columns)
    if not schedules:
        errors.print("no schedule yet: write a line such as books = 0 6 * * * under [schedule]", markup=False)


@app.command("history", epilog="Example: swathe schedule history books --limit 5")
def history(
    name: Annotated[str, typer.Argument(help="Of this schedule alone.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Firings to show, the latest first.")] = 20,
) -> None:
    """Show the firings: what ran, what was skipped, and why."""
    from models.schedules import Firing
    from scraper.schedule.overview import firing_row
    from scraper.schedule.schedule import schedule_named

    config = load_config()
    wanted = {"schedule": schedule_named(name, _schedules(config)).name} if name else {}
    with connection_to(config.mongodb):
        rows = [firing_row(firing) for firing in Firing.objects(**wanted).order_by("-due").limit(limit)]
    print_table(rows, ["due", "schedule", "state", "result", "tries", "run", "why"])


@app.command("trigger", epilog="Example: swathe schedule trigger books --detach")
def trigger(
    name: Annotated[str, typer.Argument(help="The schedule; `swathe schedule list` shows them.")],
    detach: Annotated[bool, typer.Option("--detach", help="Return once it runs.")] = False,
    alert: Annotated[
        bool, typer.Option("--alert", help="Tell the targets of alerts when it goes wrong, as of one that was due.")
    ] = False,
) -> None:
    """Fire a schedule now and say how it ended. Exit 0: complete (or started), 1: failed, 3: anything else."""
    from scraper.schedule.schedule import schedule_named
    from scraper.schedule.trigger import trigger as fire

    config = load_config()
    schedule = schedule_named(name, _schedules(config))
    with connection_to(config.mongodb):
        scheduler, crawls, _ = _scheduler(config, [])
        quiet = not (alert or config.alerts.by_hand)
        firing = fire(schedule, scheduler, crawls, config.scheduler, detach=detach, quiet=quiet)
    how = firing.result if firing.state == "done" else firing.state
    why = f": {firing.why}" if firing.why and firing.state in ("done", "skipped") else ""
    ran = f" (run {firing.run})" if firing.run else ""
    say(f"{schedule.name}: {how}{why}{ran}")
    codes = {"complete": EXIT_COMPLETE, "running": EXIT_COMPLETE, "failed": EXIT_FAILED, "lost": EXIT_FAILED}
    raise typer.Exit(codes.get(how, EXIT_INCOMPLETE))


def _schedules(config: Config) -> list[Schedule]:
    # Scrapy takes half a second to import; the commands that do without it should not wait for it.
    from models.broken import BROKEN
    from scraper.schedule.schedule import schedules_of
    from scraper.spider.loader import all_spiders

    return schedules_of(config, all_spiders(), some_are_broken=bool(BROKEN)) if config.schedule else []


def _scheduler(config: Config, schedules: list[Schedule]) -> tuple[Scheduler, CrawlProcesses, Alerts]:
    from scraper.schedule import firings
    from scraper.schedule.alerts.watcher import watcher_of
    from scraper.schedule.crawl_process import CrawlProcesses
    from scraper.schedule.scheduler import Scheduler

    firings.prepare(connection_to(config.mongodb).open())
    crawls, watcher = CrawlProcesses(config.mongodb.data_dir / "logs"), watcher_of(config)
    return Scheduler(schedules, config.scheduler, crawls, watcher), crawls, watcher
