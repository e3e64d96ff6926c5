"""A scheduler's numbers for Prometheus: what fires next, what ran, and how it went."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mongoengine.errors import MongoEngineException
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from pymongo.errors import PyMongoError

from models.schedules import Firing
from scraper.core.cron import next_due

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from scraper.schedule.scheduler import Scheduler

logger = logging.getLogger(__name__)


class ScheduleMetrics:
    """A collector of Prometheus's for one scheduler; called in the server's thread, which only reads."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers as they are now; those that MongoDB has are left out while it is away."""
        firings = CounterMetricFamily(
            "swathe_firings", "Tries of firings by result, and how many started", labels=["schedule", "result"]
        )
        for key, count in self._scheduler.tally.copy().items():
            firings.add_metric(key, count)
        yield firings
        due_in_s = GaugeMetricFamily("swathe_next_firing_seconds", "Seconds until it is due", labels=["schedule"])
        now = datetime.now(UTC)
        for schedule in self._scheduler.schedules:
            if schedule.enabled:
                due = next_due(schedule.cron, schedule.zone, now)
                due_in_s.add_metric([schedule.name], (due - now).total_seconds())
        yield due_in_s
        looked_s = (now - self._scheduler.last_look).total_seconds()
        yield GaugeMetricFamily("swathe_last_look_seconds", "Since it looked at its schedules", value=looked_s)
        try:
            stored = list(self._stored())
        except (PyMongoError, MongoEngineException) as error:
            logger.warning("MongoDB's part of the metrics is left out: %s", type(error).__name__)
            stored = []
        yield GaugeMetricFamily("swathe_mongodb_up", "Whether MongoDB answered", value=bool(stored))
        yield from stored

    def _stored(self) -> Iterator[Metric]:
        """Yield what this scheduler runs, and how each schedule went last, whichever scheduler ran it."""
        running = len(self._scheduler.running())
        yield GaugeMetricFamily("swathe_running_crawls", "Crawls that this scheduler runs", value=running)
        result = GaugeMetricFamily("swathe_last_result", "Always 1; the label says it", labels=["schedule", "result"])
        ended = GaugeMetricFamily("swathe_last_end_timestamp_seconds", "When it ended last", labels=["schedule"])
        for schedule in self._scheduler.schedules:
            last = Firing.objects(schedule=schedule.name, result__ne=None).order_by("-due").first()
            if last is not None:
                result.add_metric([schedule.name, last.result], 1)
                ended.add_metric([schedule.name], last.attempts[-1].ended_at.timestamp())
        yield result
        yield ended
