"""What is read from inside Scrapy's engine. There is no signal that a request has ended; here is all that stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scrapy

from scraper.errors import ProjectError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


class EngineSlot:
    """The engine's requests under way. Raises ProjectError for a Scrapy that has them somewhere else.

    A request is in `inprogress` until its callback, its items, and the handing over of its children have ended.
    """

    def __init__(self, crawler: Crawler) -> None:
        slot: Any = getattr(crawler.engine, "_slot", None)
        if not isinstance(getattr(slot, "inprogress", None), set) or not hasattr(slot, "nextcall"):
            raise ProjectError(
                f"Scrapy {scrapy.__version__} keeps its requests under way elsewhere than in engine._slot.inprogress: "
                f"install scrapy>=2.19,<2.20, or set [frontier] backend = memory"
            )
        self._slot = slot

    @property
    def under_way(self) -> set[Request]:
        """The requests that the engine has begun and not ended."""
        requests: set[Request] = self._slot.inprogress
        return requests

    @property
    def is_closing(self) -> bool:
        """Whether the crawl is being ended."""
        return self._slot.closing is not None

    def wake(self) -> None:
        """Let the engine ask for requests."""
        if self._slot.closing is None:
            self._slot.nextcall.schedule()
