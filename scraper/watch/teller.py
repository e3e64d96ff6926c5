"""Gather what watches have to tell, and tell it: after a crawl, and from time to time beside the scheduler."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scraper.core.config import WATCH
from scraper.errors import ConfigError
from scraper.events.background import Background
from scraper.schedule.alerts.delivery import receivers_of, send_due
from scraper.storage.connection import connection_to
from scraper.watch.condition import read_watches
from scraper.watch.notices import NOTICES, gather, message_of, prepare

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bson import ObjectId
    from pymongo.database import Database

    from scraper.core.config import Config

logger = logging.getLogger(__name__)

EVERY_S = 10.0


class Telling(Background):
    """Tells while something else goes on."""

    def __init__(self, config: Config) -> None:
        """Take the targets; raise ConfigError for one that cannot be used."""
        super().__init__("Notices", every_s=EVERY_S, wait_s=config.alerts.timeout_s)
        self._config = config
        self._receivers = receivers_of(config.alerts)
        self._database: Database[dict[str, Any]] | None = None

    def prepare(self) -> None:
        """Create the indexes."""
        if self._database is None:
            database = connection_to(self._config.mongodb).open()
            prepare(database)
            self._database = database

    def act(self, *, is_last: bool) -> None:
        """Tell what there is to tell. A watch is read anew each time: its times may be relative."""
        self.prepare()
        assert self._database is not None, "it has been prepared"
        watches, faults = read_watches(self._config.watch)
        now = datetime.now(UTC)
        gather(self._database, watches, [one.digest for one in self._receivers], now)
        send_due(self._database[NOTICES], message_of, self._config.alerts, self._receivers, datetime.now(UTC))
        for fault in faults:
            raise fault


def telling(config: Config) -> AbstractContextManager[object]:
    """Return what tells while something else goes on; nothing where nothing is watched."""
    return Telling(config) if WATCH in config.listeners else nullcontext()


def after_crawl(config: Config, _run_id: ObjectId) -> None:
    """Tell what a crawl has found, waiting for [alerts] timeout_s at most.

    Whatever goes wrong here is logged: the crawl has ended as it has.
    """
    try:
        with telling(config):
            pass
    except ConfigError as error:
        logger.warning("Notices are kept: %s", error)
