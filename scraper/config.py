"""The configuration: config.ini, config.local.ini, the environment and the command line, read once into one object."""

from __future__ import annotations

import configparser
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from scraper.errors import ConfigError, expected_one_of
from scraper.origin import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]

LOGIN = "SWATHE_LOGIN_"
"""Begins the environment variables of [login], whose options are the names of spiders."""


PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tier = Literal["html", "data", "api", "browser"]


def _split(text: object) -> object:
    return tuple(part.strip() for part in text.split(",")) if isinstance(text, str) else text


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MongoConfig(_Section):
    """Where the records live; an empty `uri` is the embedded server."""

    uri: SecretStr
    database: Annotated[str, Field(pattern=r"^[^/\\. \"$*<>:|?\x00]{1,63}$")]
    data_dir: Path
    mongod: str
    cache_mb: Annotated[int, Field(ge=256)]
    idle_stop_s: Seconds
    connect_timeout_s: PositiveSeconds
    min_free_mb: Annotated[int, Field(ge=0)]


class CrawlConfig(_Section):
    """How spiders behave towards a site."""

    contact: Annotated[str, Field(min_length=1)]
    user_agent: Annotated[str, Field(min_length=1)]
    delay_s: Seconds
    concurrency_per_site: Count
    concurrency: Count
    timeout_s: PositiveSeconds
    retries: Annotated[int, Field(ge=0)]
    max_redirects: Annotated[int, Field(ge=0)]
    max_page_mb: Count
    memory_limit_mb: Count
    obey_robots: bool
    verify_certificates: bool
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]

    @property
    def agent(self) -> str:
        """The User-Agent header, with the version and the contact filled in."""
        return self.user_agent.replace("{version}", swathe_version()).replace("{contact}", self.contact)

    @property
    def names_a_contact(self) -> bool:
        """Whether somebody has replaced the placeholder of config.ini."""
        return "set-crawl-contact" not in self.agent


class StoreConfig(_Section):
    """How records are grouped for a write."""

    batch_size: Annotated[int, Field(ge=1, le=10_000)]
    batch_wait_ms: Annotated[int, Field(ge=0, le=60_000)]


class RenderingConfig(_Section):
    """How pages that need JavaScript are read."""

    tiers: Annotated[tuple[Tier, ...], BeforeValidator(_split), Field(min_length=1)]
    chromium: str
    chromedriver: str
    grid_url: SecretStr
    drivers: Annotated[int, Field(ge=1, le=32)]
    page_timeout_s: PositiveSeconds
    script_timeout_s: PositiveSeconds
    total_timeout_s: PositiveSeconds
    pages_per_driver: Count
    driver_memory_mb: Count
    sandbox: Literal["on", "off", "auto"]
    recheck_share: Annotated[float, Field(ge=0, le=1)]
    learn_api: bool


class Config(_Section):
    """All of the configuration, frozen. `login` has an account, `user:password`, by the name of a spider."""

    mongodb: MongoConfig
    crawl: CrawlConfig
    store: StoreConfig
    rendering: RenderingConfig
    login: dict[str, SecretStr] = Field(default_factory=dict)

    def account(self, spider: str) -> tuple[str, str] | None:
        """Return the user and password that a spider logs in with, or None."""
        wanted = spider.lower().replace("-", "_")
        for name, account in self.login.items():
            if name.lower().replace("-", "_") == wanted:
                user, _, password = account.get_secret_value().partition(":")
                return user, password
        return None


def swathe_version() -> str:
    """Return the installed version, or 0 when run from a checkout that was never installed."""
    try:
        return version("swathe")
    except PackageNotFoundError:
        return "0"


def load_config(root: Path = ROOT, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration of the project in `root`; raise ConfigError for the first fault, saying where."""
    values: dict[str, dict[str, str]] = {}
    origin: dict[tuple[str, str], str] = {}
    for name in ("config.ini", "config.local.ini"):
        for (section, key), text in _read_ini(root / name).items():
            values.setdefault(section, {})[key] = text
            origin[section, key] = f"{name} [{section}] {key}"
    for variable, (section, key) in _environment_names(environ).items():
        values.setdefault(section, {})[key] = environ[variable]
        origin[section, key] = f"environment variable {variable}"
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_first_fault(error, origin)) from None
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


def _options() -> list[str]:
    sections = {name: field.annotation for name, field in Config.model_fields.items()}
    return [
        f"{name}.{key}"
        for name, section in sections.items()
        if isinstance(section, type) and issubclass(section, BaseModel)
        for key in section.model_fields
    ]


def _read_ini(path: Path) -> dict[tuple[str, str], str]:
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=path.name)
    except FileNotFoundError:
        if path.name == "config.ini":
            raise ConfigError(f"{path} is missing: restore it, it holds every option's default") from None
        return {}
    except configparser.Error as error:
        raise ConfigError(f"{path.name}{_line_of(error)} is not a '[section]' or 'key = value' line") from None
    except (UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): expected a UTF-8 text file") from None
    return {(section, key): text for section in parser.sections() for key, text in parser.items(section)}


def _line_of(error: configparser.Error) -> str:
    """Return where the fault is. The line itself may hold a secret and is not shown."""
    number = getattr(error, "lineno", None) or next((number for number, _ in getattr(error, "errors", [])), None)
    reason = (
        " (given twice)"
        if isinstance(error, configparser.DuplicateOptionError | configparser.DuplicateSectionError)
        else ""
    )
    return f" line {number}{reason}" if number else ""


def _environment_names(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    known = {environment_name(option): option for option in _options()}
    found = {}
    for variable in sorted(environ):
        if not variable.startswith("SWATHE_"):
            continue
        if variable.startswith(LOGIN) and len(variable) > len(LOGIN):
            found[variable] = ("login", variable.removeprefix(LOGIN).lower())
            continue
        if variable not in known:
            raise ConfigError(f"environment variable {variable} is not an option: {expected_one_of(variable, known)}")
        section, key = known[variable].split(".", 1)
        found[variable] = (section, key)
    return found


def _first_fault(error: ValidationError, origin: Mapping[tuple[str, str], str]) -> str:
    """Turn pydantic's first error into one line: where, the value found, what was expected."""
    fault = error.errors(include_url=False)[0]
    section, key = str(fault["loc"][0]), str(fault["loc"][1]) if len(fault["loc"]) > 1 else ""
    where = origin.get((section, key), f"[{section}] {key}".strip())
    if fault["type"] == "extra_forbidden":
        sections = {option.split(".")[0] for option in _options()}
        if not key:
            return f"[{section}] is not a section: {expected_one_of(section, sections)}"
        keys = [option.split(".")[1] for option in _options() if option.startswith(f"{section}.")]
        return f"{where} is not an option: {expected_one_of(key, keys)}"
    if fault["type"] == "missing":
        return f"config.ini [{section}] {key} is missing: restore the line, config.ini holds every option's default"
    expected = fault["msg"].removeprefix("Input should be ").split(", unable")[0]
    return f"{where} is {fault['input']!r}, expected {expected}"
