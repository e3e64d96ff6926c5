"""What each request of a crawl came to: a run that goes on, or is shared by processes, adds up what all of them did.

A statistic of Scrapy's dies with its process. Here it is also kept with the request that it came from, and stored with
it when the request is done (see `scraper/frontier`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from weakref import WeakKeyDictionary

from scrapy.statscollectors import MemoryStatsCollector

from scraper.core import statistics
from scraper.core.failed_page import REASONS
from scraper.fetch.http.continued import first_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy import Request
    from scrapy.crawler import Crawler

    from scraper.core.failed_page import FailedPage
    from scraper.paging.facts import ListEvent

WITHOUT_RECORD, OFF_SITE, NOT_RENDERED = "without_record", "off_site", "not_rendered"
"""Notes: records' pages that gave no record, links that leave the site, pages that the browser failed on."""

DATA_PARTLY_READ, DATA_UNREAD = "data_partly_read", "data_unread"
"""Notes: pages whose data were not read whole, and gave the page's records, or did not."""
ONE_ADDRESS, ASTRAY = "one_address", "astray"
"""Notes: entries' links that differ from another's only behind the `#`; pages whose redirects got mixed up."""

DROPPED, IN_MEMORY = "dropped", "in_memory"
"""Notes: why pipelines that are not ours dropped items, and why requests wait in the process alone."""

CLOSED, UNCLOSED = "closed", "unclosed"
"""Notes: templates of which a record's page has its closing tag, each once a process; pages that lack theirs."""

HTML5_UNREAD = "html5_unread"
"""Notes: pages that were too costly to be read as browsers do."""

STAND_IN, SAME_RECORD = "stand_in", "same_record"
"""Notes: pages in the place of a record's, after what they show; pages that gave a record which another page had given,
after the record's hash."""

LISTED_TWICE = "listed_twice"
"""Notes: entries that lead to the page of another entry, and show other values of its record."""

ONE_KEY = "one_key"
"""Notes: pages that show different records under one key."""


class Statistics(MemoryStatsCollector):
    """Scrapy's statistics (`STATS_CLASS`), without what it does at each access to find a deprecated argument.

    That takes ten times as long as to count, and a page is the cause of some thirty counts.
    """

    __getattribute__ = object.__getattribute__


@dataclass(slots=True)
class Tally:
    """What one request came to."""

    counts: Counter[str] = field(default_factory=Counter)
    """By statistic."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    event: ListEvent | None = None
    """What came of it, when it was for a page of a list."""
    failed: FailedPage | None = None
    """Why it is to be a dead letter."""
    unfinished: bool = False
    """Whether the database was lost under it, so that it is to be done again."""


@dataclass
class Work:
    """What other processes have done for the run, before this one or beside it."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: dict[str, list[str]] = field(default_factory=dict)
    dead: list[FailedPage] = field(default_factory=list)
    """The first of the dead letters."""
    events: list[tuple[ListEvent, int]] = field(default_factory=list)
    """What came of pages of lists, with their depth, in the order in which they ended."""


class Tallies:
    """The tallies of one crawl in this process, and what others did for the same run."""

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._of: WeakKeyDictionary[Request, Tally] = WeakKeyDictionary()
        self._notes: dict[str, list[str]] = {}
        self._of_no_request: dict[str, list[str]] = {}
        self._elsewhere: Counter[str] = Counter()
        self.others = Work()

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """Return the crawl's own."""
        tallies = _tallies.get(crawler)
        if tallies is None:
            tallies = _tallies[crawler] = cls(crawler)
        assert isinstance(tallies, cls)
        return tallies

    def tally(self, request: Request | None) -> Tally:
        """Return a request's tally, which is that of the one it was redirected from.

        None, for what came of no request, has one that nobody reads.
        """
        if request is None:
            return Tally()
        request = first_of(request)
        tally = self._of.get(request)
        if tally is None:
            tally = self._of[request] = Tally()
        return tally

    def count(self, request: Request | None, statistic: str, by: int = 1) -> None:
        """Add to a statistic of the crawl that a request is the cause of."""
        self._stats.inc_value(statistic, by)
        self.tally(request).counts[statistic] += by

    def note(self, request: Request | None, what: str, text: str) -> None:
        """Keep something that speaks against the run."""
        self._notes.setdefault(what, []).append(text)
        if request is None:
            self._of_no_request.setdefault(what, []).append(text)
        self.tally(request).notes.setdefault(what, []).append(text)

    def fail(self, request: Request | None, failed: FailedPage) -> None:
        """Count a failed page by its reason, and make its request a dead letter; the first reason counts for that."""
        self.count(request, statistics.failed(failed.reason))
        tally = self.tally(request)
        tally.failed = tally.failed or failed

    def failed_by_reason(self) -> dict[str, int]:
        """Return how many pages and records of the whole run failed, by reason."""
        return {reason: count for reason in REASONS if (count := self.total(statistics.failed(reason)))}

    def close(self, request: Request) -> Tally:
        """Return the tally of a request that has ended, and forget it."""
        return self._of.pop(request, None) or Tally()

    def count_elsewhere(self, counts: Mapping[str, int]) -> None:
        """Take away what requests have added here that another process does, or has done: they count where they end."""
        for statistic, by in counts.items():
            self._elsewhere[statistic] += by

    def keep_notes(self, taken: Mapping[str, list[str]]) -> None:
        """Keep of this process's notes those of requests that count for it; of the others, others made them, too."""
        kinds = {*taken, *self._of_no_request}
        self._notes = {what: [*taken.get(what, []), *self._of_no_request.get(what, [])] for what in kinds}

    def here(self, statistic: str) -> int:
        """Return a statistic of this process alone."""
        return int(self._stats.get_value(statistic, 0))

    def total(self, statistic: str) -> int:
        """Return a statistic of the whole run, so far as it is known here."""
        return self.here(statistic) - self._elsewhere[statistic] + self.others.counts[statistic]

    def noted(self, what: str) -> list[str]:
        """Return the notes of one kind of the whole run, so far as they are known here."""
        return [*self.others.notes.get(what, []), *self._notes.get(what, [])]


_tallies: WeakKeyDictionary[Crawler, Tallies] = WeakKeyDictionary()
