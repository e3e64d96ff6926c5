"""The sections of config.ini, each a frozen object: which options there are, and what values they take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from scraper.core.ip_address import Address, is_network, read_address
from scraper.core.project import swathe_version
from scraper.core.quiet_hours import QuietHours
from scraper.core.tiers import Tier as Tier  # scraper.paging.chain takes it from here

MOST_SECONDS = 366 * 86_400
Seconds = Annotated[float, Field(ge=0, le=MOST_SECONDS, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Days = Annotated[int, Field(ge=0, le=36_500)]

PositiveSeconds = Annotated[float, Field(gt=0, le=MOST_SECONDS, allow_inf_nan=False)]


def split_list(text: object) -> object:
    """Return the parts of a text with commas; leave anything else as it is."""
    return tuple(part.strip() for part in text.split(",")) if isinstance(text, str) else text


def _hosts(text: object) -> object:
    parts = split_list(text)
    return tuple(part for part in parts if part) if isinstance(parts, tuple) else parts


def _is_host(text: str) -> str:
    if not is_network(text) and not re.fullmatch(r"(?!\d)[\w-]+(\.[\w-]+)*", text):
        raise PydanticCustomError("host", "hosts and networks such as intranet.example, 10.0.0.0/8 (without a port)")
    return text


PrivateHosts = Annotated[tuple[Annotated[str, AfterValidator(_is_host)], ...], BeforeValidator(_hosts)]


def _read_quiet_hours(text: object) -> object:
    try:
        return QuietHours.read(text) if isinstance(text, str) and text.strip() else text or None
    except ValueError as error:
        raise PydanticCustomError("hours", "{what}", {"what": str(error).removeprefix("expected ")}) from None


def _read_zone(text: object) -> object:
    try:
        return ZoneInfo(text) if isinstance(text, str) else text
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError("zone", "a time zone such as Europe/Berlin") from None


class Section(BaseModel):
    """A section: an unknown option in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class MongoConfig(Section):
    """Where the records live; an empty `uri` is the embedded server."""

    uri: SecretStr
    database: Annotated[str, Field(pattern=r"^[^/\\. \"$*<>:|?\x00]{1,63}$")]
    data_dir: Path
    mongod: str
    cache_mb: Annotated[int, Field(ge=256)]
    idle_stop_s: Seconds
    connect_timeout_s: PositiveSeconds
    min_free_mb: Annotated[int, Field(ge=0)]


class CrawlConfig(Section):
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
    allow_private: PrivateHosts
    obey_robots: bool
    verify_certificates: bool
    revalidate: bool
    reread_days: Count
    follow: Literal["all", "changed"]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]

    @property
    def agent(self) -> str:
        """The User-Agent header, with the version and the contact filled in."""
        return self.user_agent.replace("{version}", swathe_version()).replace("{contact}", self.contact)

    @property
    def names_a_contact(self) -> bool:
        """Whether somebody has replaced the placeholder of config.ini."""
        return "set-crawl-contact" not in self.agent


class PolitenessConfig(Section):
    """How far Swathe goes to meet a site's wishes; `quiet_hours` is None when there are none."""

    max_delay_s: PositiveSeconds
    max_wait_s: PositiveSeconds
    backoff_s: PositiveSeconds
    daily_requests: Annotated[int, Field(ge=0)]
    quiet_hours: Annotated[QuietHours | None, BeforeValidator(_read_quiet_hours)]
    time_zone: Annotated[ZoneInfo, BeforeValidator(_read_zone)]


class StoreConfig(Section):
    """How records are grouped for a write."""

    batch_size: Annotated[int, Field(ge=1, le=10_000)]
    batch_wait_ms: Annotated[int, Field(ge=0, le=60_000)]


class FrontierConfig(Section):
    """Where the requests of a crawl wait."""

    backend: Literal["mongodb", "redis", "memory"]
    redis_url: SecretStr
    lease_s: Annotated[float, Field(ge=3, le=3600)]


class QualityConfig(Section):
    """How a run is held against the last complete ones."""

    enabled: bool
    hold_gone: bool


class RetentionConfig(Section):
    """How many days what Swathe keeps about its work stays; 0 is for ever."""

    runs_days: Days
    changes_days: Days
    rejected_days: Days
    evidence_days: Days
    logs_days: Days


class PagesConfig(Section):
    """Which pages are kept, and for how long."""

    keep: Literal["none", "rejected", "all"]
    max_mb: Count
    max_days: Count


class RenderingConfig(Section):
    """How pages that need JavaScript are read."""

    tiers: Annotated[tuple[Tier, ...], BeforeValidator(split_list), Field(min_length=1)]
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


class LoggingConfig(Section):
    """What log lines look like."""

    format: Literal["auto", "text", "json"]


class MetricsConfig(Section):
    """Where the numbers for Prometheus are served; `address` is None when they are not."""

    address: Annotated[Address | None, BeforeValidator(read_address)]
