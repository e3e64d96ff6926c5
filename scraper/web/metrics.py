"""The page's numbers for Prometheus: how it answered, how long that took, and how many pages are live."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from pymongo.errors import PyMongoError

from scraper.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from scraper.storage.connection import Connection
    from scraper.web.live import Live


class WebMetrics:
    """A collector of Prometheus's for one server; `collect` is called in another thread, which only reads."""

    def __init__(self, connection: Connection, live: Live) -> None:
        self._connection, self._live = connection, live
        self._answers = Counter[str]()
        self._took_s = 0.0

    def answered(self, status: int, took_s: float) -> None:
        """Take in an answer that began `took_s` seconds after it was asked for."""
        self._answers[f"{status // 100}xx"] += 1
        self._took_s += took_s

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers as they are now."""
        answers = CounterMetricFamily("swathe_web_answers", "Answers by status", labels=["status"])
        for status, count in self._answers.copy().items():
            answers.add_metric([status], count)
        yield answers
        took = "Seconds from questions to the begin of answers"
        yield CounterMetricFamily("swathe_web_answer_seconds", took, value=self._took_s)
        yield GaugeMetricFamily("swathe_web_live_pages", "Streams of events that are open", value=self._live.open)
        try:
            self._connection.open().command("ping")
            up = True
        except (PyMongoError, DatabaseError):
            up = False
        yield GaugeMetricFamily("swathe_mongodb_up", "Whether MongoDB answered", value=up)
