"""A crawl's numbers for Prometheus: what the run counts, and what is queued, held back and under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured

from scraper.core import statistics
from scraper.core.crawl_control import stores_records
from scraper.crawl.request_stats import Tallies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric
    from scrapy.crawler import Crawler

    from scraper.fetch.politeness.downloader import PoliteDownloader

RECORDS = "items_"
"""Begins the names of those counts of a run that are about records."""


class CrawlMetrics:
    """Scrapy extension that serves the crawl's numbers where `[metrics] address` says; a collector of Prometheus's."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._spider = [crawler.spidercls.name]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension for a crawl; raise NotConfigured where no numbers are wanted."""
        if crawler.settings["SWATHE"].metrics.address is None or not stores_records(crawler):
            raise NotConfigured
        metrics = cls(crawler)
        crawler.signals.connect(metrics._serve, signal=signals.engine_started)
        return metrics

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers as they are now; called in the server's thread, which only reads."""
        from prometheus_client.core import CounterMetricFamily

        records = CounterMetricFamily("swathe_records", "Records by what became of them", labels=["spider", "outcome"])
        total = Tallies.of(self._crawler).total
        for name, statistic in statistics.COUNTS.items():
            count = total(statistic)
            if name.startswith(RECORDS):
                records.add_metric([*self._spider, name.removeprefix(RECORDS)], count)
            else:
                yield self._counter(name, f"The run's count {name}", count)
        yield records
        yield self.failed_pages()
        yield from self._requests()
        value = self._crawler.stats.get_value
        waits, waited_ms = value(statistics.POLITENESS_WAITS, 0), value(statistics.POLITENESS_WAITED_MS, 0)
        yield self._counter("politeness_waits", "Requests that waited for their host's turn", waits)
        yield self._counter("politeness_wait_seconds", "Seconds that requests waited for their turn", waited_ms / 1000)

    def failed_pages(self) -> Metric:
        """Return how many pages and records failed, by reason."""
        from prometheus_client.core import CounterMetricFamily

        failed = CounterMetricFamily("swathe_failed_pages", "What failed, by reason", labels=["spider", "reason"])
        for reason, count in Tallies.of(self._crawler).failed_by_reason().items():
            failed.add_metric([*self._spider, reason], count)
        return failed

    def _counter(self, name: str, what: str, value: float) -> Metric:
        from prometheus_client.core import CounterMetricFamily

        counter = CounterMetricFamily(f"swathe_{name}", what, labels=["spider"])
        counter.add_metric(self._spider, value)
        return counter

    def _requests(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        engine = self._crawler.engine
        downloader: PoliteDownloader = engine.downloader  # type: ignore[assignment]
        slot = engine._slot
        queued = len(slot.scheduler) if slot is not None else 0  # type: ignore[arg-type]
        numbers = {
            "queued_requests": ("Requests in the queue", queued),
            "waiting_requests": ("Requests that wait for their host's turn", downloader.held_back),
            "active_requests": ("Requests under way", downloader.under_way),
        }
        for name, (what, value) in numbers.items():
            gauge = GaugeMetricFamily(f"swathe_{name}", what, labels=["spider"])
            gauge.add_metric(self._spider, value)
            yield gauge

    def _serve(self) -> None:
        # It brings an HTTP server along, which a crawl without metrics does not need.
        from scraper.core.metrics import serve

        serve(self._crawler.settings["SWATHE"].metrics.address, self)
