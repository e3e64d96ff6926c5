"""The sections of config.ini that let spiders run by themselves: the scheduler, the schedules, and who is told."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from scraper.core.alert_kinds import ALERT_KINDS
from scraper.core.config.sections import MOST_SECONDS, Count, PositiveSeconds, Seconds, Section, option, split_list
from scraper.core.cron import check_cron, check_zone

Policy = Literal["skip", "queue", "replace"]
CatchUp = Literal["none", "last", "all"]


MOST_PROCESSES = 64
"""Processes of one crawl on one machine; more machines work on a run by `swathe worker`."""


def check_processes(text: str) -> str:
    """Return the text; raise ValueError unless it is a number of processes or `auto`."""
    if text != "auto" and not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_PROCESSES):
        raise ValueError(f"is '{text}', expected 1 to {MOST_PROCESSES}, or auto")
    return text


Retries = Annotated[int, Field(ge=0, le=100)]
Processes = Annotated[str, AfterValidator(check_processes)]
"""Of one crawl: a number, or `auto` for the cores of the machine."""
Zone = Annotated[str, AfterValidator(check_zone)]


class SchedulerConfig(Section):
    """How schedules are carried out; a schedule's own line goes before the options of the same name."""

    zone: Zone = option("UTC", "Time zone of the schedules that name none, e.g. Europe/Berlin.")
    jitter_s: Seconds = option(
        "0", "Seconds by which a firing may start later, drawn anew for each one, so that not all start at once."
    )
    policy: Policy = option(
        "skip",
        "What becomes of a firing while the same spider and arguments still run: skip, queue or replace (the run).",
    )
    catch_up: CatchUp = option(
        "last", "Which of the firings that were due while no scheduler ran are made up for: none, last or all."
    )
    limit_s: Seconds = option("86400", "Seconds after which a run is stopped, and goes on with its next try. 0: never.")
    retries: Retries = option(
        "2", "Further tries of a run that failed, was lost or stopped, or is incomplete for a cause that may pass."
    )
    catch_up_most: Annotated[int, Field(ge=1, le=1000)] = option(
        "24",
        "Firings of one schedule that are made up for with catch_up = all, and that wait with policy = queue, at most.",
    )
    grace_s: PositiveSeconds = option("60", "Seconds within which a firing is on time; later ones were missed.")
    retry_wait_s: PositiveSeconds = option(
        "300", "Seconds before the first further try; before each next one twice as long."
    )
    retry_wait_most_s: PositiveSeconds = option("7200", "Seconds before a further try, at most.")
    most_runs: Count = option("2", "Runs at once of one scheduler.")
    lease_s: Annotated[float, Field(ge=3, le=MOST_SECONDS, allow_inf_nan=False)] = option(
        "30", "Seconds after which another scheduler takes over the runs of one that has died (3 or more)."
    )
    poll_s: Annotated[float, Field(gt=0, le=60)] = option(
        "2", "Seconds between two looks at what runs and at what `swathe schedule trigger` asks for."
    )
    stop_grace_s: Seconds = option(
        "60", "Seconds that a run has to end cleanly when it is stopped, before it is killed."
    )
    on_stop: Literal["stop", "wait", "leave"] = option(
        "stop",
        "What becomes of the runs when the scheduler is stopped: stop (they go on later), wait (for their "
        "end) or leave.",
    )


class ScheduleLine(Section):
    """One line of [schedule]; None leaves an option to [scheduler]."""

    cron: Annotated[str, AfterValidator(check_cron)]
    spider: str = ""
    enabled: bool = True
    zone: Zone | None = None
    jitter_s: Seconds | None = None
    policy: Policy | None = None
    catch_up: CatchUp | None = None
    limit_s: Seconds | None = None
    retries: Retries | None = None
    start: str = ""
    max_pages: Count | None = None
    max_depth: Count | None = None
    processes: Processes = "1"
    own: dict[str, str] = Field(default_factory=dict)
    """Arguments of the spider's own, which the line has as `a.NAME=value`."""


def _alert_kinds(text: object) -> object:
    """Return the kinds of alerts that a text names; `all` names every one."""
    kinds = tuple(ALERT_KINDS) if text == "all" else split_list(text)
    if not isinstance(kinds, tuple) or not set(kinds) <= set(ALERT_KINDS):
        raise PydanticCustomError("alert_kinds", f"all, or some of {', '.join(ALERT_KINDS)}")
    return kinds


def _web_address(address: SecretStr) -> SecretStr:
    """Return an http(s) address, or an empty text; the text itself may hold a secret and is not shown."""
    text = address.get_secret_value()
    if text and not re.fullmatch(r"https?://[^/\s]+(/\S*)?", text):
        raise ValueError("is no web address, expected one such as https://hc-ping.com/… (it is not shown)")
    return address


class AlertsConfig(Section):
    """Who is told when a run went wrong, and of what; without `targets` and `webhooks` nobody is."""

    targets: SecretStr = option(
        "",
        "Who is told, as addresses of apprise, with commas between them; they hold secrets: set "
        "SWATHE_ALERTS_TARGETS instead.",
    )
    webhooks: SecretStr = option(
        "",
        "Addresses that are told, too, as JSON that is signed as Standard Webhooks are, with commas between them; set "
        "SWATHE_ALERTS_WEBHOOKS instead.",
    )
    webhook_secret: SecretStr = option(
        "", "What webhooks are signed with, e.g. whsec_ and 24 or more bytes in base64; SWATHE_ALERTS_WEBHOOK_SECRET."
    )
    on: Annotated[tuple[str, ...], BeforeValidator(_alert_kinds), Field(min_length=1)] = option(
        "all", "Of what: all, or some of failed, lost, incomplete, late, refused_share, broken."
    )
    by_hand: bool = option("false", "Tell of crawls by hand, too: true or false; `--alert` does for one crawl.")
    heartbeat_url: Annotated[SecretStr, AfterValidator(_web_address)] = option(
        "",
        "Address that a scheduler asks for while it works, so that a service elsewhere notices when none does, e.g. of "
        "healthchecks.io; it may hold a secret: set SWATHE_ALERTS_HEARTBEAT_URL instead.",
    )
    heartbeat_s: PositiveSeconds = option("60", "Seconds between two such requests.")
    refused_share: Annotated[float, Field(ge=0, le=1)] = option(
        "0.05", "Share of refused records above which a run is reported, 0 to 1."
    )
    late_s: PositiveSeconds = option(
        "3600", "Seconds after it was due that a firing which has not started is reported."
    )
    timeout_s: PositiveSeconds = option("20", "Seconds that one message may take; a crawl ends without waiting longer.")
    retry_wait_s: PositiveSeconds = option(
        "60",
        "Seconds before a message is tried again at a target that is down; before each next try twice as long.",
    )
    retry_wait_most_s: PositiveSeconds = option("3600", "Seconds before a message is tried again, at most.")


def read_line(text: Any) -> Any:
    """Take `CRON | option=value …` apart; raise ValueError for what is no option.

    >>> read_line("0 6 * * * | retries=1")
    {'cron': '0 6 * * *', 'retries': '1', 'own': {}}
    >>> read_line("0 6 * * * | a.category=travel")["own"]
    {'category': 'travel'}
    """
    if not isinstance(text, str):
        return text
    cron, _, rest = text.partition("|")
    options, own = {"cron": cron.strip()}, dict[str, str]()
    for word in rest.split():
        name, equals, value = word.partition("=")
        if not equals or not value or name in ("cron", "own", "a."):
            raise ValueError(f"has '{word}' after the |, expected option=value, such as zone=Europe/Berlin")
        kept, name = (own, name[2:]) if name.startswith("a.") else (options, name)
        if name in kept:
            raise ValueError(f"has the option '{name}' twice: keep one")
        kept[name] = value
    return {**options, "own": own}


def plain_name(name: str) -> str:
    """Return a schedule's or spider's name as it is compared: an environment variable has neither - nor small letters.

    >>> plain_name("Quotes-Table")
    'quotes_table'
    """
    return name.lower().replace("-", "_")


def check_names(schedules: dict[str, ScheduleLine]) -> dict[str, ScheduleLine]:
    """Raise ValueError when two schedules have one name."""
    seen: dict[str, str] = {}
    for name in schedules:
        if (other := seen.setdefault(plain_name(name), name)) != name:
            raise ValueError(f"has two schedules of one name, '{other}' and '{name}': rename or drop one")
    return schedules


Schedules = Annotated[dict[str, Annotated[ScheduleLine, BeforeValidator(read_line)]], AfterValidator(check_names)]
