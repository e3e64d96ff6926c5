"""What the parts of a crawl may ask of the run that they belong to, without knowing who records it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from scrapy.settings import SETTINGS_PRIORITIES

if TYPE_CHECKING:
    from bson import ObjectId
    from scrapy.crawler import Crawler

    from scraper.errors import DatabaseError


class CrawlControl(Protocol):
    """The run of one crawl, as its parts see it. The run's recorder is the one that there is."""

    run_id: ObjectId
    worker: str
    """What tells this process from others that work on the run before, beside or after it."""

    @property
    def is_durable(self) -> bool:
        """Whether the run's requests are to outlast this process."""
        ...

    @property
    def is_joined(self) -> bool:
        """Whether another process has begun the run."""
        ...

    @property
    def database_is_lost(self) -> bool:
        """Whether the crawl is being ended for want of its database."""
        ...

    async def begin(self, spider: Any) -> bool:
        """Get ready to store, once; return False when there is no database."""
        ...

    def database_lost(self, error: DatabaseError) -> None:
        """End the crawl as failed: without the database there is nothing to crawl for."""
        ...

    def end_early(self, why: str) -> None:
        """End the crawl as interrupted, for a reason that is no failure of its own."""
        ...

    def note(self, text: str) -> None:
        """Add to the run what a person should know and what does not count against it."""
        ...


_controls: WeakKeyDictionary[Crawler, CrawlControl] = WeakKeyDictionary()


def take_control(crawler: Crawler, control: CrawlControl) -> None:
    """Let the parts of a crawl find its run."""
    _controls[crawler] = control


def control_of(crawler: Crawler) -> CrawlControl | None:
    """Return the run of a crawl; None for what is no run, such as `scrapy shell`."""
    return _controls.get(crawler)


def has_runs(crawler: Crawler) -> bool:
    """Return whether a crawl of this spider is a run; one of a spider that is none of ours is Scrapy's alone."""
    return getattr(crawler.spidercls, "has_runs", False)


def stores_records(crawler: Crawler) -> bool:
    """Return whether this is a crawl of one of our spiders; `scrapy shell`, `fetch` and `parse` open one, too."""
    by_command = crawler.settings.getpriority("DUPEFILTER_CLASS") == SETTINGS_PRIORITIES["command"]
    return has_runs(crawler) and not by_command
