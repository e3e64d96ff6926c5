"""What a scheduler that runs for weeks sees of the project's files: which are broken now, and which are mended."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from scraper.core.broken import LEFT_OUT, broken_parts
from scraper.errors import SwatheError

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.broken import Broken
    from scraper.core.config import Config

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0


class FileWatch:
    """Looks at the files every two seconds, in a thread: to import them anew takes seconds, and may take a minute."""

    def __init__(self, config: Config, tell: Callable[[list[Broken]], None]) -> None:
        """Take what is called, in the scheduler's own thread, with what is broken, first and when that has changed."""
        self._config, self._tell = config, tell
        self._thread: threading.Thread | None = None
        self._next_look_s = 0.0
        self._found: list[Broken] | None = None
        self._told: list[Broken] | None = None
        self._failure = ""

    def look(self) -> None:
        """Tell what was found since, and look again when it is time."""
        if self._found is not None and self._found != self._told:
            for part in self._found:
                logger.error("%s %s", LEFT_OUT, part)
            self._told = self._found
            self._tell(self._told)
        if time.monotonic() >= self._next_look_s and (self._thread is None or not self._thread.is_alive()):
            self._next_look_s = time.monotonic() + LOOK_EVERY_S
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()

    def _look(self) -> None:
        try:
            self._found, self._failure = broken_parts(self._config), ""
        except SwatheError as error:
            if str(error) != self._failure:
                logger.warning("%s", error)
            self._failure = str(error)
