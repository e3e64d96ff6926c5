"""The sections of config.ini, each a frozen object: which options there are, and what values they take."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]

PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tier = Literal["html", "data", "api", "browser"]


def _split(text: object) -> object:
    return tuple(part.strip() for part in text.split(",")) if isinstance(text, str) else text


class Section(BaseModel):
    """A section: an unknown option in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class StoreConfig(Section):
    """How records are grouped for a write."""

    batch_size: Annotated[int, Field(ge=1, le=10_000)]
    batch_wait_ms: Annotated[int, Field(ge=0, le=60_000)]


class FrontierConfig(Section):
    """Where the requests of a crawl wait."""

    backend: Literal["mongodb", "memory"]
    lease_s: Annotated[float, Field(ge=3, le=3600)]


class RenderingConfig(Section):
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


def swathe_version() -> str:
    """Return the installed version, or 0 when run from a checkout that was never installed."""
    try:
        return version("swathe")
    except PackageNotFoundError:
        return "0"
