"""The sections of config.ini that let spiders run by themselves: the scheduler, the schedules, and who is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from scraper.core.alert_kinds import ALERT_KINDS
from scraper.core.config.sections import MOST_SECONDS, Count, PositiveSeconds, Seconds, Section, split_list
from scraper.core.cron import check_cron, check_zone

Policy = Literal["skip", "queue", "replace"]
CatchUp = Literal["none", "last", "all"]
Retries = Annotated[int, Field(ge=0, le=100)]
Zone = Annotated[str, AfterValidator(check_zone)]


class SchedulerConfig(Section):
    """How schedules are carried out; a schedule's own line goes before the options of the same name."""

    zone: Zone
    jitter_s: Seconds
    policy: Policy
    catch_up: CatchUp
    limit_s: Seconds
    retries: Retries
    catch_up_most: Annotated[int, Field(ge=1, le=1000)]
    grace_s: PositiveSeconds
    retry_wait_s: PositiveSeconds
    retry_wait_most_s: PositiveSeconds
    most_runs: Count
    lease_s: Annotated[float, Field(ge=3, le=MOST_SECONDS, allow_inf_nan=False)]
    poll_s: Annotated[float, Field(gt=0, le=60)]
    stop_grace_s: Seconds
    on_stop: Literal["stop", "wait", "leave"]


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


def _alert_kinds(text: object) -> object:
    """Return the kinds of alerts that a text names; `all` names every one."""
    kinds = tuple(ALERT_KINDS) if text == "all" else split_list(text)
    if not isinstance(kinds, tuple) or not set(kinds) <= set(ALERT_KINDS):
        raise PydanticCustomError("alert_kinds", f"all, or some of {', '.join(ALERT_KINDS)}")
    return kinds


class AlertsConfig(Section):
    """Who is told when a run went wrong, and of what; without `targets` nobody is."""

    targets: SecretStr
    on: Annotated[tuple[str, ...], BeforeValidator(_alert_kinds), Field(min_length=1)]
    refused_share: Annotated[float, Field(ge=0, le=1)]
    late_s: PositiveSeconds
    timeout_s: PositiveSeconds
    retry_wait_s: PositiveSeconds
    retry_wait_most_s: PositiveSeconds


def read_line(text: Any) -> Any:
    """Take `CRON | option=value …` apart; raise ValueError for what is no option.

    >>> read_line("0 6 * * * | retries=1")
    {'cron': '0 6 * * *', 'retries': '1'}
    """
    if not isinstance(text, str):
        return text
    cron, _, rest = text.partition("|")
    options = {"cron": cron.strip()}
    for word in rest.split():
        name, equals, value = word.partition("=")
        if not equals or not value or name == "cron":
            raise ValueError(f"has '{word}' after the |, expected option=value, such as zone=Europe/Berlin")
        if name in options:
            raise ValueError(f"has the option '{name}' twice: keep one")
        options[name] = value
    return options


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


Schedules = Annotated[
    dict[str, Annotated[ScheduleLine, BeforeValidator(read_line)]], AfterValidator(check_names), Field(default={})
]
