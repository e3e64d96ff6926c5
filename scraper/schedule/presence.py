"""How a scheduler shows that it lives: a row in MongoDB for `swathe status`, and a request to a service elsewhere."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from models.schedules import SchedulerSeen
from scraper.core.processes import is_gone, this_process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scraper.core.config.schedules import AlertsConfig

logger = logging.getLogger(__name__)

SHOW_EVERY = timedelta(seconds=5)
SILENT_AFTER = timedelta(seconds=60)
"""A scheduler that has not looked for this long is taken for dead."""

TIMER_SILENT_AFTER = timedelta(minutes=15)
"""The same for one that cron or a timer starts, as long as it is not known how often they do."""

FORGET_AFTER = timedelta(days=7)


class Presence:
    """Shows that one scheduler lives, after each turn that it could do."""

    def __init__(self, owner: str, config: AlertsConfig, *, once: bool) -> None:
        self._once, self._place = once, this_process()
        self._id = f"once:{self._place['host']}" if once else owner
        self._pulse = Pulse(config)
        self._shown_at: datetime | None = None

    def show(self, schedules: Sequence[str]) -> None:
        """Say that it has looked for what is due, unless it said so a moment ago. Raises PyMongoError."""
        now = datetime.now(UTC)
        if self._shown_at is not None and abs(now - self._shown_at) < SHOW_EVERY:
            return
        if self._shown_at is None:
            self._begin(now)
        self._shown_at = now
        row = SchedulerSeen.objects(id=self._id)
        row.update_one(upsert=True, looked_at=now, schedules=list(schedules), unset__stopped_at=1)
        self._pulse.beat(now)

    def leave(self) -> None:
        """Say that it stopped because it was told to. Raises PyMongoError."""
        SchedulerSeen.objects(id=self._id).update_one(stopped_at=datetime.now(UTC))
        self.finish()

    def finish(self) -> None:
        """Wait for the request under way."""
        self._pulse.finish()

    def _begin(self, now: datetime) -> None:
        before = SchedulerSeen.objects(id=self._id).first()
        every_s = (now - before.looked_at).total_seconds() if before is not None and self._once else None
        fields = {**self._place, "once": self._once, "started_at": now, "looked_at": now, "every_s": every_s}
        SchedulerSeen.objects(id=self._id).update_one(upsert=True, **fields)
        SchedulerSeen.objects(looked_at__lt=now - FORGET_AFTER, id__ne=self._id).delete()


def lives(row: Mapping[str, Any], now: datetime) -> bool:
    """Return whether the scheduler of a row of `schedulers` lives, or is started again and again."""
    silent = abs(now - row["looked_at"])  # a clock may have been set back
    if row.get("once"):
        return bool(
            silent
            < max(SILENT_AFTER, timedelta(seconds=3 * row["every_s"]) if row.get("every_s") else TIMER_SILENT_AFTER)
        )
    return row.get("stopped_at") is None and silent < SILENT_AFTER and not is_gone(row)


class Pulse:
    """Asks for [alerts] heartbeat_url, in a thread; it says once that nobody answers, and once that somebody does."""

    def __init__(self, config: AlertsConfig) -> None:
        self._config = config
        self._beaten_at: datetime | None = None
        self._asking: threading.Thread | None = None
        self._was_heard = True

    def beat(self, now: datetime) -> None:
        """Ask, when it is time to."""
        due = self._beaten_at is None or abs(now - self._beaten_at).total_seconds() >= self._config.heartbeat_s
        busy = self._asking is not None and self._asking.is_alive()
        if not self._config.heartbeat_url.get_secret_value() or not due or busy:
            return
        self._beaten_at = now
        self._asking = threading.Thread(target=self._ask, daemon=True)
        self._asking.start()

    def finish(self) -> None:
        """Wait for the request under way, for [alerts] timeout_s at most."""
        if self._asking is not None:
            self._asking.join(self._config.timeout_s)

    def _ask(self) -> None:
        import requests

        url, fault = self._config.heartbeat_url.get_secret_value(), ""
        try:
            # A service that leads elsewhere is not the one that was named.
            answer = requests.get(url, timeout=self._config.timeout_s, allow_redirects=False, stream=True)
            answer.close()
            fault = "" if answer.status_code < 300 else f"it answered {answer.status_code}"
        except (requests.RequestException, ValueError) as error:
            fault = type(error).__name__  # whose text has the address
        if bool(fault) == self._was_heard:
            self._was_heard = not fault
            logger.log(
                logging.WARNING if fault else logging.INFO,
                "[alerts] heartbeat_url %s", f"is not heard: {fault}" if fault else "is heard again",
            )  # fmt: skip
