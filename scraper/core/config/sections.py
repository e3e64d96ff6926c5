"""The sections of config.ini, each a frozen object: which options there are, their defaults and what they take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from scraper.core.ip_address import Address, is_network, read_address
from scraper.core.project import VERSION
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


def _is_no_database_of_mongodb(name: str) -> str:
    if name.lower() in ("admin", "config", "local"):
        raise PydanticCustomError("database", "another name: MongoDB keeps its own data in admin, config and local")
    return name


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


def option(default: str | dict[str, str], about: str) -> Any:
    """Return an option of a section, with its default as config.ini has it and what its comment there says."""
    return Field(default, description=about)


class Section(BaseModel):
    """A section: an unknown option in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True)


class MongoConfig(Section):
    """Where the records live; an empty `uri` is the embedded server."""

    uri: SecretStr = option(
        "",
        "Address of your own MongoDB, e.g. mongodb+srv://user@host. Empty: Swathe runs its own on a Unix "
        "socket, no TCP port.",
    )
    database: Annotated[
        str, Field(pattern=r"^[^/\\. \"$*<>:|?\x00]{1,63}$"), AfterValidator(_is_no_database_of_mongodb)
    ] = option("swathe", "Database that holds the records and the system collections.")
    data_dir: Path = option(
        ".swathe",
        "Folder of the embedded MongoDB and the logs, mode 0700; a relative path starts at the project's folder.",
    )
    mongod: str = option("", "Path of the mongod to embed. Empty: the one on PATH, else the one from PyPI.")
    cache_mb: Annotated[int, Field(ge=256)] = option(
        "256", "Memory for the embedded MongoDB's cache, in megabytes (256 or more)."
    )
    idle_stop_s: Seconds = option(
        "3",
        "Seconds that the embedded MongoDB stays up after its last user left, so that two queries in a row "
        "start it once.",
    )
    connect_timeout_s: PositiveSeconds = option("5", "Seconds to wait for an answer of MongoDB before giving up.")
    min_free_mb: Annotated[int, Field(ge=0)] = option(
        "500", "Free disk space that must be left in data_dir for a start, in megabytes."
    )


class CrawlConfig(Section):
    """How spiders behave towards a site."""

    contact: Annotated[str, Field(min_length=1)] = option(
        "https://example.org/set-crawl-contact-in-config.local.ini",
        "Who a site's owner can reach about your crawls: an address of a web page or a mailbox. Set it before"
        " you crawl.",
    )
    user_agent: Annotated[str, Field(min_length=1)] = option(
        "Swathe/{version} (+{contact})", "What the spiders call themselves; {version} and {contact} are filled in."
    )
    delay_s: Seconds = option(
        "1.0", "Seconds between two requests to one site, give or take half. Loopback addresses are not delayed."
    )
    concurrency_per_site: Count = option("1", "Requests under way at once to one site.")
    concurrency: Count = option("16", "Requests under way at once to a loopback address, and in all.")
    timeout_s: PositiveSeconds = option("60", "Seconds that a page may take to arrive, each try.")
    page_limit_s: Seconds = option(
        "30",
        "Seconds that a page may take to be read, without a break, before it is given up and the crawl goes on in a"
        " new process. 0: nothing is given up, and a debugger may pause a page.",
    )
    retries: Annotated[int, Field(ge=0)] = option(
        "2",
        "Further tries of a page that failed with a network error or a status of 408, 500, 502, 504, 522 or 524.",
    )
    max_redirects: Annotated[int, Field(ge=0)] = option("10", "Redirects followed for one page.")
    max_page_mb: Count = option(
        "32", "Size above which a page is given up, as sent and once decompressed, in megabytes."
    )
    memory_limit_mb: Count = option("1024", "Memory above which a crawl is stopped, in megabytes.")
    allow_private: PrivateHosts = option(
        "",
        "Hosts and networks with private addresses that pages may lead to, e.g. intranet.example, 10.0.0.0/8."
        " Empty: only the start may have a private address.",
    )
    obey_robots: bool = option("true", "Obey robots.txt: true or false.")
    verify_certificates: bool = option("true", "Refuse sites whose TLS certificate does not verify: true or false.")
    revalidate: bool = option(
        "true",
        "Ask sites whether a page has changed (ETag, Last-Modified), and do not store again what reads the "
        "same: true or false.",
    )
    reread_days: Count = option("30", "Days after which a page is read in full again, whatever the site says.")
    follow: Literal["all", "changed"] = option(
        "all",
        "Which links of a list to follow: all, or changed, those whose entry in the list is not what it was "
        "the last time.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = option(
        "INFO", "Least important log lines to keep: DEBUG, INFO, WARNING or ERROR."
    )

    @property
    def agent(self) -> str:
        """The User-Agent header, with the version and the contact filled in."""
        return self.user_agent.replace("{version}", VERSION).replace("{contact}", self.contact)

    @property
    def names_a_contact(self) -> bool:
        """Whether somebody has replaced the placeholder of config.ini."""
        return "set-crawl-contact" not in self.agent


class PolitenessConfig(Section):
    """How far Swathe goes to meet a site's wishes; `quiet_hours` is None when there are none."""

    max_delay_s: PositiveSeconds = option(
        "60",
        "Longest delay between two requests that a site's robots.txt (Crawl-delay, Request-rate) or its "
        "answers may lead to, in seconds; what robots.txt asks for beyond it is cut to it, with a warning.",
    )
    max_wait_s: PositiveSeconds = option(
        "300",
        "Seconds to wait at most when a site asks for a pause (Retry-After) or fails; beyond that its pages "
        "are given up.",
    )
    backoff_s: PositiveSeconds = option(
        "1",
        "Seconds of the first wait after an answer of 429 or 503, or a failed robots.txt; each further one is"
        " twice as long.",
    )
    daily_requests: Annotated[int, Field(ge=0)] = option(
        "0", "Requests to one site a day (UTC), of all crawls together; 0 for any number."
    )
    quiet_hours: Annotated[QuietHours | None, BeforeValidator(_read_quiet_hours)] = option(
        "", "Hours in which nothing is asked for, such as 22:00-06:00. Empty: none."
    )
    time_zone: Annotated[ZoneInfo, BeforeValidator(_read_zone)] = option(
        "UTC", "Time zone of quiet_hours, such as Europe/Berlin."
    )


class StoreConfig(Section):
    """How records are grouped for a write."""

    batch_size: Annotated[int, Field(ge=1, le=10_000)] = option("500", "Records written to MongoDB in one go, at most.")
    batch_wait_ms: Annotated[int, Field(ge=0, le=60_000)] = option(
        "100", "Milliseconds that a record waits for others before its batch is written."
    )


class FrontierConfig(Section):
    """Where the requests of a crawl wait."""

    backend: Literal["mongodb", "redis", "memory"] = option(
        "mongodb",
        "Where requests wait: mongodb or redis (a crawl goes on after a crash, and many workers share it), or"
        " memory (Scrapy's own queue, which ends with the crawl).",
    )
    redis_url: SecretStr = option(
        "",
        "Redis for the backend redis, such as redis://:password@host:6379/0, unix:///path, redis+sentinel://host/NAME "
        "or redis+cluster://host; put it into "
        "SWATHE_FRONTIER_REDIS_URL, since it may hold a password.",
    )
    redis_replicas: Annotated[int, Field(ge=0, le=10)] = option(
        "0",
        "Replicas of Redis that must have each write before it counts. 0: none, for one Redis; 1 where a replica may"
        " take over (Sentinel, a cluster).",
    )
    lease_s: Annotated[float, Field(ge=3, le=3600)] = option(
        "30", "Seconds without a sign of life after which the requests that a process had go to others (3 or more)."
    )


class QualityConfig(Section):
    """How a run is held against the last complete ones."""

    enabled: bool = option(
        "true", "Hold each run against the last complete ones of the same spider and arguments: true or false."
    )
    hold_gone: bool = option("true", "Mark no record as gone after a run that is unlike them: true or false.")


class RetentionConfig(Section):
    """How many days what Swathe keeps about its work stays; 0 is for ever."""

    runs_days: Days = option(
        "365",
        "Days that runs are kept, 0 for ever; those that later runs are held against, and that records name, "
        "stay longer.",
    )
    changes_days: Days = option(
        "0",
        "Days that changes of records are kept, 0 for ever: `--as-of` and `swathe history` see no further back.",
    )
    rejected_days: Days = option("90", "Days that refused items are kept after they were last seen, 0 for ever.")
    evidence_days: Days = option("30", "Days that the pages which yielded nothing are kept as files, 0 for ever.")
    logs_days: Days = option("30", "Days that the logs of crawls are kept, 0 for ever.")


class PagesConfig(Section):
    """Which pages are kept, and for how long."""

    keep: Literal["none", "rejected", "all"] = option(
        "rejected",
        "Pages to keep, to be read again: none, rejected (a record of it was refused, or it gave nothing), all.",
    )
    max_mb: Count = option(
        "500", "What the kept pages may take, compressed, in megabytes; the oldest go first, at the end of a crawl."
    )
    max_days: Count = option("30", "Days after which a kept page is removed.")


class RenderingConfig(Section):
    """How pages that need JavaScript are read."""

    tiers: Annotated[tuple[Tier, ...], BeforeValidator(split_list), Field(min_length=1)] = option(
        "html, data, api, html5, browser",
        "Ways to get at records that may be used: html, data (inside the page), api, html5 (broken markup read as "
        "browsers do), browser; they are tried in this order.",
    )
    chromium: str = option(
        "", "Path of Chromium, also of a chromium-headless-shell, which is faster. Empty: the one on PATH."
    )
    chromedriver: str = option("", "Path of chromedriver. Empty: the one on PATH.")
    grid_url: SecretStr = option(
        "", "Address of a Selenium Grid to use instead of a local Chromium, e.g. http://127.0.0.1:4444."
    )
    drivers: Annotated[int, Field(ge=1, le=32)] = option("2", "Browsers at once.")
    page_timeout_s: PositiveSeconds = option("30", "Seconds that a page may take to load in the browser.")
    script_timeout_s: PositiveSeconds = option(
        "15",
        "Seconds that one script or action may take in the browser, and that a page is waited for to show its records.",
    )
    total_timeout_s: PositiveSeconds = option(
        "60", "Seconds that a page may take in the browser in all, with waiting and actions."
    )
    pages_per_driver: Count = option("200", "Pages after which a browser is replaced by a new one.")
    driver_memory_mb: Count = option("1000", "Memory above which a browser is replaced by a new one, in megabytes.")
    sandbox: Literal["on", "off", "auto"] = option(
        "auto", "Chromium's sandbox: on, off, or auto (off for root, whom Chromium refuses otherwise)."
    )
    recheck_share: Annotated[float, Field(ge=0, le=1)] = option(
        "0.02", "Share of pages on which a cheaper way is tried again, 0 to 1."
    )
    learn_api: bool = option(
        "false", "Use an API that the browser was seen to use, once it has proved equal: true or false."
    )


class LoggingConfig(Section):
    """What log lines look like."""

    format: Literal["auto", "text", "json"] = option(
        "auto",
        "What log lines look like: text, json, or auto, which is JSON into a pipe or the journal and text elsewhere.",
    )


class MetricsConfig(Section):
    """Where the numbers for Prometheus are served; `address` is None when they are not."""

    address: Annotated[Address | None, BeforeValidator(read_address)] = option(
        "",
        "Where numbers for Prometheus are served, e.g. 127.0.0.1:9100; port 0 takes any free one. Empty: nowhere.",
    )
