"""`swathe doctor`: is everything here that Swathe needs, and what to do where it is not."""

from __future__ import annotations

import asyncio
import platform
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from scraper.cli.output import console, visible
from scraper.core.broken import broken_parts
from scraper.core.config import EVENTS, Config, load_config
from scraper.core.config.proxies import variable_of
from scraper.core.project import MARKER, project
from scraper.core.text import counted, local_time
from scraper.errors import SwatheError
from scraper.fetch.browser.installed import find_installed, split_account
from scraper.fetch.http.upstream import ProxyFailedError, Upstream
from scraper.storage.connection import connection_to
from scraper.storage.embedded.binary import find_mongod, mongod_version

if TYPE_CHECKING:
    from scraper.core.config.proxies import ProxyLine

EXAMPLE = "Example: swathe doctor"
OLDEST_PYTHON = (3, 11)
OLDEST_MONGODB = 5

CONTACT = re.compile(r"(?:https?://|(?:mailto:)?[^@\s/]+@)(?P<host>[\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:/\S*)?")
NOBODYS = (".example", ".example.com", ".example.net", ".example.org", ".invalid", ".test", ".localhost")
"""Names that nobody has. Source: RFC 2606."""


@dataclass(frozen=True)
class CheckResult:
    """The result of one check; `repair` is what to do when it is not well."""

    what: str
    found: str
    repair: str = ""
    needed: bool = True


def doctor() -> None:
    """Check Python, configuration, MongoDB, browser and driver; name a repair for each fault. Exit 1 on a fault."""
    findings = [_python(), check_project(), _configuration()]
    if not any(finding.repair for finding in findings[1:]):
        config = load_config()
        findings += [
            _mongod(config),
            _mongodb(config),
            _contact(config),
            _browser(config),
            *_events(config),
            *_proxies(config),
            *_webhooks(config),
            *_files(config),
        ]
        findings += [*_schedules(config), *_scheduler(config), *_targets(config)]
    for finding in findings:
        mark, style = (
            ("ok", "green") if not finding.repair else ("FAULT", "red") if finding.needed else ("note", "yellow")
        )
        line = Text.assemble((f"{mark:<6}", style), (f"{finding.what:<15}", "bold"), visible(finding.found))
        console.print(line, soft_wrap=True)
        if finding.repair:
            console.print(Text(f"{'':<6}{'':<15}{visible(finding.repair)}"), soft_wrap=True)
    raise typer.Exit(int(any(finding.repair and finding.needed for finding in findings)))


def _python() -> CheckResult:
    oldest = ".".join(map(str, OLDEST_PYTHON))
    repair = "" if sys.version_info >= OLDEST_PYTHON else f"install Python {oldest} or newer"
    return CheckResult("Python", f"{platform.python_version()} at {sys.executable}", repair)


def check_project() -> CheckResult:
    """Say which project this is, and which scrapy.cfg further up does not count."""
    try:
        here = project()
    except SwatheError as error:
        return CheckResult("project", str(error), "change into a project, or make one with `swathe init NAME`")
    above = next((folder for folder in here.folder.parents if (folder / MARKER).is_file()), None)
    hidden = f"; the {MARKER} in {above}, above it, does not count here" if above else ""
    return CheckResult("project", f"{here.package or 'the bundled spiders'} in {here.folder}{hidden}")


def _files(config: Config) -> list[CheckResult]:
    """Import all spiders and models, and try the saved queries."""
    try:
        broken = broken_parts(config, fresh=True)
    except SwatheError as error:
        return [CheckResult("files", str(error), "follow the advice above")]
    repair = "correct it; until then it alone is left out"
    found = [CheckResult("file", str(part), repair) for part in broken]
    return found or [CheckResult("files", "spiders, models and saved queries can all be loaded")]


def _configuration() -> CheckResult:
    try:
        load_config()
    except SwatheError as error:
        return CheckResult("configuration", str(error), "correct the line that is named")
    return CheckResult("configuration", "config.ini, config.local.ini and the environment are in order")


def _mongod(config: Config) -> CheckResult:
    if config.mongodb.uri.get_secret_value():
        return CheckResult("mongod", "not needed: [mongodb] uri names your own MongoDB")
    try:
        path = find_mongod(config.mongodb.mongod)
        return CheckResult("mongod", f"{mongod_version(path)} at {path}")
    except SwatheError as error:
        return CheckResult("mongod", str(error), "follow the advice above")


def _mongodb(config: Config) -> CheckResult:
    connection = connection_to(config.mongodb)
    try:
        with connection as database:
            version = str(database.client.server_info()["version"])
    except SwatheError as error:
        return CheckResult("MongoDB", str(error), "follow the advice above")
    old = int(version.split(".")[0]) < OLDEST_MONGODB
    return CheckResult(
        "MongoDB", f"{version} answers at {connection.address}", f"use {OLDEST_MONGODB}.0 or newer" if old else ""
    )


def _events(config: Config) -> list[CheckResult]:
    """Reach the broker that events go to, and count those that wait; nothing without one."""
    if EVENTS not in config.listeners:
        return []
    from scraper.events.brokers import broker_of, shown
    from scraper.events.outbox import Outbox

    try:
        with connection_to(config.mongodb) as database:
            waiting, _ = Outbox(database, EVENTS).waiting()
        with broker_of(config.events):
            return [
                CheckResult(
                    "events", f"{shown(config.events)} answers; {counted(waiting, 'event')} for the next crawl to tell"
                )
            ]
    except SwatheError as error:
        return [CheckResult("events", str(error), "until then events are kept in MongoDB")]


def _webhooks(config: Config) -> list[CheckResult]:
    """Say whether the webhooks can be used; nothing without one."""
    from scraper.schedule.alerts.webhooks import webhooks_of

    try:
        number = len(webhooks_of(config.alerts))
    except SwatheError as error:
        return [CheckResult("webhooks", str(error), "until then nobody is told of anything")]
    return [CheckResult("webhooks", f"{number}, signed")] if number else []


def _contact(config: Config) -> CheckResult:
    repair = "write `[crawl]` and `contact = https://…` or a mailbox of yours into config.local.ini"
    if not config.crawl.names_a_contact:
        return CheckResult("contact", "not set", repair, needed=False)
    if "{contact}" in config.crawl.user_agent and not is_contact(config.crawl.contact):
        return CheckResult("contact", f"'{config.crawl.contact}' is no web page and no mailbox", repair)
    return CheckResult("contact", config.crawl.agent)


def is_contact(text: str) -> bool:
    """Return whether a text is the address of a web page or a mailbox that somebody may have.

    >>> [is_contact(text) for text in ("mailto:bot@acme.org", "https://shop.example.net/bot", "me", "a@b")]
    [True, False, False, False]
    """
    found = CONTACT.fullmatch(text.strip())
    host = found["host"].lower() if found else ""
    return bool(found) and not f".{host}".endswith(NOBODYS)


def _schedules(config: Config) -> list[CheckResult]:
    """Name the schedules that cannot be carried out; those of a broken file are that file's fault."""
    from scraper.schedule.schedule import schedules_and_faults
    from scraper.spider.loader import all_spiders

    if not config.schedule or broken_parts(config):
        return []
    found, faults = schedules_and_faults(config, all_spiders())
    if not faults:
        return [CheckResult("schedules", f"{counted(len(found), 'schedule')} can be carried out")]
    return [CheckResult("schedule", fault, "correct the line, or remove it") for fault in faults]


def _scheduler(config: Config) -> list[CheckResult]:
    """Say whether a scheduler lives where there is something to schedule."""
    from datetime import UTC, datetime

    from models.schedules import SchedulerSeen
    from scraper.schedule.presence import lives

    if not any(line.enabled for line in config.schedule.values()):
        return []
    try:
        with connection_to(config.mongodb):
            seen = list(SchedulerSeen.objects.order_by("-looked_at").as_pymongo())
    except SwatheError:
        return []  # which is a fault by itself
    living = [row for row in seen if lives(row, datetime.now(UTC))]
    if living:
        return [CheckResult("scheduler", f"lives on {', '.join(sorted({row['host'] for row in living}))}")]
    last = f"; the last one looked at {local_time(seen[0]['looked_at'])}" if seen else ""
    return [CheckResult("scheduler", f"none lives{last}", "start `swathe schedule run`, as a service")]


def _targets(config: Config) -> list[CheckResult]:
    from scraper.schedule.alerts.targets import targets_of

    if not config.alerts.targets.get_secret_value().strip():
        return []
    try:
        names = ", ".join(target.name for target in targets_of(config.alerts.targets))
    except SwatheError as error:
        return [CheckResult("alerts", str(error), "correct the address; `swathe alerts test` tries them")]
    return [CheckResult("alerts", names)]


def _proxies(config: Config) -> list[CheckResult]:
    """Ask every proxy whether it is there, and takes its account."""
    return [_proxy(name, line) for name, line in config.proxies.items() if line.host]


def _proxy(name: str, line: ProxyLine) -> CheckResult:
    try:
        asyncio.run(Upstream.of_line(line).check())
    except ProxyFailedError as error:
        variable = variable_of(name)
        return CheckResult("proxy", f"'{name}': {error}", f"correct [proxies] {name} or {variable}, or start the proxy")
    return CheckResult("proxy", f"'{name}' answers at {line.address}, for {', '.join(line.hosts)}")


def _browser(config: Config) -> CheckResult:
    """Look for what pages that need JavaScript are rendered with; a crawl without such pages does not need it."""
    if grid := config.rendering.grid_url.get_secret_value():
        return CheckResult("browser", f"of the Selenium Grid at {split_account(grid)[0]}")
    try:
        found = find_installed(config.rendering)
    except SwatheError as error:
        return CheckResult("browser", str(error), "needed for pages that need JavaScript only", needed=False)
    kind = " without windows" if found.is_shell else ""
    return CheckResult("browser", f"Chromium {found.chromium_version}{kind}, chromedriver {found.chromedriver_version}")
