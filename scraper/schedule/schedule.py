"""A schedule as it is carried out: its line of config.ini, with what [scheduler] says where the line is silent."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scraper.core.config.schedules import ScheduleLine, plain_name
from scraper.errors import ConfigError, UsageError, expected_one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.core.config import Config
    from scraper.core.config.schedules import CatchUp, Policy
    from scraper.spider import SiteSpider

logger = logging.getLogger(__name__)

COMMANDS = {"digest": "(digest)", "heal": "(heal)"}
"""What stands for the spider of a schedule that is a command: `swathe digest`, or `swathe heal --watch`."""

FROM_SCHEDULER = ("zone", "jitter_s", "policy", "catch_up", "limit_s", "retries")


@dataclass(frozen=True)
class Schedule:
    """Which spider runs when, with what arguments, and what happens when it cannot."""

    name: str
    spider: str
    cron: str
    arguments: dict[str, Any]
    """As a run's document has them, so that both can be compared."""
    zone: str = "UTC"
    enabled: bool = True
    jitter_s: float = 0
    policy: Policy = "skip"
    catch_up: CatchUp = "last"
    limit_s: float = 0
    retries: int = 0
    processes: str = "1"

    @property
    def key(self) -> str:
        """What runs once at a time."""
        return run_key(self.spider, self.arguments)

    @property
    def timing(self) -> str:
        """The words that say when it is due."""
        return f"{self.cron} {self.zone}"


def run_key(spider: str, arguments: Mapping[str, Any]) -> str:
    """Return a text that tells a spider with its arguments from others.

    >>> run_key("books", {"start": "http://127.0.0.1/"})
    'books {"start": "http://127.0.0.1/"}'
    """
    return f"{spider} {json.dumps(dict(arguments), sort_keys=True)}"


def schedules_of(
    config: Config, spiders: Mapping[str, type[SiteSpider]], *, some_are_broken: bool = False
) -> list[Schedule]:
    """Return the schedules of the configuration; raise ConfigError for one whose spider or arguments are wrong.

    When a file with spiders is broken, a schedule whose spider is not there is left out, with a warning.
    """
    found = []
    for name, line in config.schedule.items():
        wanted = line.spider or name
        if some_are_broken and plain_name(wanted) not in {*map(plain_name, spiders), *COMMANDS}:
            logger.warning("[schedule] %s is left out: its spider '%s' could not be loaded", name, wanted)
        else:
            found.append(_schedule(name, line, config, spiders))
    return found


def schedules_and_faults(config: Config, spiders: Mapping[str, type[SiteSpider]]) -> tuple[list[Schedule], list[str]]:
    """Return the schedules that can be carried out, and for each of the others why it cannot."""
    found, faults = [], []
    for name, line in config.schedule.items():
        try:
            found.append(_schedule(name, line, config, spiders))
        except ConfigError as error:
            faults.append(str(error))
    return found, faults


def schedule_named(name: str, schedules: list[Schedule]) -> Schedule:
    """Return the schedule of that name; raise UsageError, naming the ones there are."""
    for schedule in schedules:
        if plain_name(schedule.name) == plain_name(name):
            return schedule
    if not schedules:
        raise UsageError(f"there is no schedule '{name}': write a line such as {name} = 0 6 * * * under [schedule]")
    raise UsageError(f"there is no schedule '{name}': {expected_one_of(name, [one.name for one in schedules])}")


def _schedule(name: str, line: ScheduleLine, config: Config, spiders: Mapping[str, type[SiteSpider]]) -> Schedule:
    wanted = line.spider or name
    found = next((spider for spider in spiders if plain_name(spider) == plain_name(wanted)), None)
    options = {
        option: getattr(line, option) if getattr(line, option) is not None else getattr(config.scheduler, option)
        for option in FROM_SCHEDULER
    }
    if found is None and (standing := COMMANDS.get(plain_name(wanted))):
        return Schedule(name=name, spider=standing, cron=line.cron, arguments={}, enabled=line.enabled, **options)
    if found is None:
        raise ConfigError(f"[schedule] {name}: there is no spider '{wanted}': {expected_one_of(wanted, spiders)}")
    given = {**line.own, "start": line.start, "max_pages": line.max_pages, "max_depth": line.max_depth}
    try:
        spiders[found].check_arguments(given)
    except UsageError as error:
        raise ConfigError(f"[schedule] {name}: {error}") from None
    arguments = {name: value for name, value in given.items() if value} | {
        "start": line.start or spiders[found].start_url
    }
    return Schedule(
        name=name,
        spider=found,
        cron=line.cron,
        arguments=arguments,
        enabled=line.enabled,
        processes=line.processes,
        **options,
    )
