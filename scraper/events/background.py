"""A thread that does one thing again and again beside a crawl or the scheduler, and once more at the end."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Self

from mongoengine.errors import MongoEngineException
from pymongo.errors import PyMongoError

from scraper.errors import SwatheError

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


class Background(ABC):
    """Use it in a `with`. What goes wrong is logged once and tried again: it must disturb nothing else."""

    def __init__(self, what: str, *, every_s: float, wait_s: float) -> None:
        """Name what is kept while it goes wrong; `wait_s` is how long the end waits for the last time."""
        self._what, self._every_s, self._wait_s = what, every_s, wait_s
        self._over = threading.Event()
        self._said = ""
        self._thread = threading.Thread(target=self._run, daemon=True, name=what)

    @abstractmethod
    def prepare(self) -> None:
        """Get ready, once, before anything else happens. Blocks."""

    @abstractmethod
    def act(self, *, is_last: bool) -> None:
        """Do it; raise SwatheError, PyMongoError or MongoEngineException. Blocks."""

    def start(self) -> None:
        """Get ready, and begin."""
        self._trying(self.prepare)
        self._thread.start()

    def stop(self) -> None:
        """Do it once more, and wait for that for `wait_s` at most."""
        self._over.set()
        if self._thread.ident is None:
            return
        self._thread.join(self._wait_s)
        if self._thread.is_alive():
            logger.warning("%s are kept: to tell them takes longer than %g s", self._what, self._wait_s)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._over.wait(self._every_s)
            self._trying(partial(self.act, is_last=is_last))

    def _trying(self, act: Callable[[], object]) -> None:
        why = ""
        try:
            act()
        except SwatheError as error:
            why = str(error)
        except (PyMongoError, MongoEngineException) as error:
            why = f"MongoDB: {type(error).__name__}"
        if why and why != self._said:
            logger.warning("%s are kept until they can be told: %s", self._what, why)
        elif self._said and not why:
            logger.info("%s are told again", self._what)
        self._said = why
