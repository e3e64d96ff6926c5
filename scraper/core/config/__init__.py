"""The configuration: config.ini, config.local.ini, the environment and the command line, read once into one object.

What they leave out has its default, which stands with the option in `sections.py` and `schedules.py`.
"""

from __future__ import annotations

import configparser
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, SecretStr, ValidationError

from scraper.core.config.listening import EventsConfig, Watches
from scraper.core.config.proxies import Proxies, refuse_accounts, with_hosts
from scraper.core.config.schedules import AlertsConfig, ScheduleLine, SchedulerConfig, Schedules, plain_name
from scraper.core.config.sections import (
    CrawlConfig,
    FrontierConfig,
    LoggingConfig,
    MetricsConfig,
    MongoConfig,
    PagesConfig,
    PolitenessConfig,
    QualityConfig,
    RenderingConfig,
    RetentionConfig,
    Section,
    StoreConfig,
    option,
)
from scraper.core.config.web import WebConfig
from scraper.core.project import project
from scraper.errors import ConfigError, expected_one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS, WATCH = "events", "watch"
"""Who may be told of records, by the section that says so."""


class Config(Section):
    """All of the configuration, frozen.

    `login` has an account, `user:password`, by the name of a spider; `queries` the saved queries, `schedule` the
    schedules and `proxies` the proxies by their names.
    """

    mongodb: MongoConfig
    crawl: CrawlConfig
    politeness: PolitenessConfig
    store: StoreConfig
    frontier: FrontierConfig
    pages: PagesConfig
    quality: QualityConfig
    retention: RetentionConfig
    rendering: RenderingConfig
    logging: LoggingConfig
    metrics: MetricsConfig
    scheduler: SchedulerConfig
    alerts: AlertsConfig
    events: EventsConfig
    web: WebConfig
    watch: Watches = option(
        {},
        "What people are told of when records change, as name = RECORDS CONDITION, e.g. cheap = books price<10, "
        "drop = books price drop 5%, gone = books gone, any = quotes changed tags.",
    )
    schedule: Schedules = option(
        {},
        "When a spider runs, as spider = minute hour day month weekday | option=value …, "
        "e.g. books = 0 6 * * * | retries=1.",
    )
    login: dict[str, SecretStr] = option(
        {},
        "Account of a spider that logs in, as spider = user:password; in config.local.ini, or as "
        "SWATHE_LOGIN_<SPIDER>.",
    )
    proxies: Proxies = option(
        {},
        "Proxies, as name = http://HOST:PORT | hosts=PATTERN,…, e.g. eu = http://proxy.example:3128 | "
        "hosts=*.shop.example; without hosts for every host, and direct for none. With an account only as "
        "SWATHE_PROXIES_<NAME>=http://USER:PASSWORD@HOST:PORT.",
    )
    queries: dict[str, str] = option(
        {},
        "A query for `swathe query --saved NAME`, as name = RECORDS FILTER… OPTION…, "
        "e.g. cheap = books price<20 --sort price",
    )

    @property
    def listeners(self) -> tuple[str, ...]:
        """Who is to be told of each record that is new or changes, as [events] and [watch] say."""
        wanted = {EVENTS: self.events.amqp_url.get_secret_value(), WATCH: self.watch}
        return tuple(name for name, given in wanted.items() if given)

    def account(self, spider: str) -> tuple[str, str] | None:
        """Return the user and password that a spider logs in with, or None."""
        for name, account in self.login.items():
            if plain_name(name) == plain_name(spider):
                user, _, password = account.get_secret_value().partition(":")
                return user, password
        return None


def load_config(root: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration of the project in `root` (default: this one).

    Raise ConfigError for the first fault, saying where, and ProjectError when there is no project.
    """
    root = root or project().folder
    values: dict[str, dict[str, str]] = {name: {} for name in Config.model_fields}
    origin: dict[tuple[str, str], str] = {}
    for name in ("config.ini", "config.local.ini"):
        for (section, key), text in read_ini(root / name).items():
            values.setdefault(section, {})[key] = text
            origin[section, key] = f"{name} [{section}] {key}"
    for variable, (section, key) in _environment_names(environ).items():
        given = values.setdefault(section, {})
        # In a variable's name, - is _: it means the name that a file gives.
        key = next((name for name in given if plain_name(name) == plain_name(key)), key)
        given[key] = with_hosts(environ[variable], given.get(key, "")) if section == "proxies" else environ[variable]
        origin[section, key] = f"environment variable {variable}"
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_first_fault(error, origin)) from None
    refuse_accounts(config.proxies, origin)
    data_dir = root / config.mongodb.data_dir.expanduser()
    return config.model_copy(update={"mongodb": config.mongodb.model_copy(update={"data_dir": data_dir})})


def environment_name(option: str) -> str:
    """Return the environment variable of an option written `section.key`; raise ConfigError for an unknown one.

    >>> environment_name("crawl.delay_s")
    'SWATHE_CRAWL_DELAY_S'
    """
    if option not in _options():
        raise ConfigError(f"'{option}' is not an option: {expected_one_of(option, _options())}")
    return "SWATHE_" + option.replace(".", "_", 1).upper()


def place_of(section: str, key: str) -> tuple[str, int]:
    """Return the file and line that set an option, or the variable and 0."""
    variable = f"SWATHE_{section}_{key}".upper().replace("-", "_")
    if variable in os.environ:
        return f"environment variable {variable}", 0
    for name in ("config.local.ini", "config.ini"):
        file, inside = project().folder / name, ""
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines() if file.is_file() else (), 1):
            inside = line.strip() if line.startswith("[") else inside
            if inside == f"[{section}]" and re.match(rf"{re.escape(key)}\s*[=:]", line, re.IGNORECASE):
                return name, number
    return f"[{section}] {key}", 0


@cache
def _options() -> tuple[str, ...]:
    sections = {name: field.annotation for name, field in Config.model_fields.items()}
    return tuple(
        f"{name}.{key}"
        for name, section in sections.items()
        if isinstance(section, type) and issubclass(section, BaseModel)
        for key in section.model_fields
    )


def read_ini(path: Path) -> dict[tuple[str, str], str]:
    """Return what a file sets, by section and key; nothing when it is missing. Raise ConfigError for a fault in it."""
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=path.name)
    except FileNotFoundError:
        return {}
    except configparser.DuplicateOptionError as error:
        raise ConfigError(
            f"{path.name} line {error.lineno} (given twice): [{error.section}] has '{error.option}' already: keep one"
        ) from None
    except configparser.DuplicateSectionError as error:
        raise ConfigError(
            f"{path.name} line {error.lineno} (given twice): [{error.section}] is there already: join the two"
        ) from None
    except configparser.Error as error:
        raise ConfigError(f"{path.name}{_line_of(error)} is not a '[section]' or 'key = value' line") from None
    except (UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): expected a UTF-8 text file") from None
    return {(section, key): text for section in parser.sections() for key, text in parser.items(section)}


def _line_of(error: configparser.Error) -> str:
    """Return where the fault is. The line itself may hold a secret and is not shown."""
    number = getattr(error, "lineno", None) or next((number for number, _ in getattr(error, "errors", [])), None)
    return f" line {number}" if number else ""


def _environment_names(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    known = {environment_name(option): option for option in _options()}
    found = {}
    for variable in sorted(environ):
        if not variable.startswith("SWATHE_"):
            continue
        if (free := _free_option(variable)) is not None:
            found[variable] = free
            continue
        if variable not in known:
            raise ConfigError(f"environment variable {variable} is not an option: {expected_one_of(variable, known)}")
        section, key = known[variable].split(".", 1)
        found[variable] = (section, key)
    return found


def _free_option(variable: str) -> tuple[str, str] | None:
    """Return section and key of a variable for a section whose keys are names that the user chose."""
    for section in _free_sections():
        prefix = f"SWATHE_{section.upper()}_"
        if variable.startswith(prefix) and variable != prefix:
            return section, variable.removeprefix(prefix).lower()
    return None


def _free_sections() -> list[str]:
    return [name for name, field in Config.model_fields.items() if not isinstance(field.annotation, type)]


def _first_fault(error: ValidationError, origin: Mapping[tuple[str, str], str]) -> str:
    """Turn pydantic's first error into one line: where, the value found, what was expected."""
    fault = error.errors(include_url=False)[0]
    section, key, *deeper = (str(part) for part in (*fault["loc"], "")[: max(2, len(fault["loc"]))])
    where = origin.get((section, key), f"[{section}] {key}".strip())
    if fault["type"] == "extra_forbidden":
        if deeper:
            return f"{where}: '{deeper[0]}' is not an option: {expected_one_of(deeper[0], ScheduleLine.model_fields)}"
        sections = {*(option.split(".")[0] for option in _options()), *_free_sections()}
        if not key:
            return f"[{section}] is not a section: {expected_one_of(section, sections)}"
        keys = [option.split(".")[1] for option in _options() if option.startswith(f"{section}.")]
        return f"{where} is not an option: {expected_one_of(key, keys)}"
    if section == "schedule" and deeper:
        where = f"{where}: {deeper[0]}"
    if fault["type"] == "value_error":  # one of our own checks, which say all of it
        return f"{where} {fault['ctx']['error']}"
    expected = fault["msg"].removeprefix("Input should be ").split(", unable")[0]
    return f"{where} is {fault['input']!r}, expected {expected}"
