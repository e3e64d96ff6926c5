"""Where log lines go and what they look like: text for people, JSON for a service; no secret, nothing a terminal obeys.

There is one handler a process, so all of this holds for the lines of Scrapy, Twisted and pymongo as well.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pythonjsonlogger.json import JsonFormatter

from scraper.core.masking import Masking, secret_settings, secrets_of
from scraper.core.text import INVISIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapy.settings import Settings

    from scraper.core.config import Config

_everywhere: dict[str, str] = {}
_here: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 - nobody writes into it


def on_every_line(**fields: str | None) -> None:
    """Have all lines of this process, of whatever library and thread, bear these fields; None takes one off."""
    for name, value in fields.items():
        _everywhere.pop(name, None)
        if value is not None:
            _everywhere[name] = value


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Have the lines that are logged inside bear these fields, too."""
    token = _here.set({**_here.get(), **fields})
    try:
        yield
    finally:
        _here.reset(token)


def fields() -> dict[str, str]:
    """Return the fields of a line that is logged here and now."""
    return {**_everywhere, **_here.get()}


CONTINUED = "\n    | "
"""Begins the further lines of a message, so that no text of a page can look like a line of its own."""

_handler: logging.Handler | None = None


class Lines(logging.Formatter):
    """A record as a line of text, with what follows it (a traceback, the statistics) below it."""

    def __init__(self, mask: Masking) -> None:
        super().__init__("%(asctime)s %(levelname)s %(about)s%(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text that no terminal obeys."""
        known = fields()
        record.about = f"[{' '.join(known.values())}] " if known else ""
        return CONTINUED.join(map(_escaped, self._mask(super().format(record)).rstrip().split("\n")))


class JsonLines(JsonFormatter):
    """A record as one JSON object in one line."""

    def __init__(self, mask: Masking) -> None:
        names = {"levelname": "level", "name": "logger"}
        super().__init__(["time", *names, "message"], rename_fields=names, timestamp="time")
        self._mask = mask

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that are plain values; Scrapy and Twisted hang objects on their records as well."""
        plain = {name: value for name, value in log_data.items() if isinstance(value, str | int | bool | datetime)}
        return {name: self._mask(value) if isinstance(value, str) else value for name, value in plain.items()}


def log_crawl(settings: Settings, spider: str) -> None:
    """Log a crawl as its settings say, from its first line on, and settle the id of its run, should that be new."""
    # It imports Twisted, which other commands do without.
    from scrapy.utils.log import _get_handler

    run = ObjectId()
    settings.set("SWATHE_RUN_ID", run, priority="cmdline")
    # Scrapy would replace its own handler at every step of the start.
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    firing, _, _ = (settings.get("SWATHE_FIRING") or "").rpartition("#")  # of the mark, without the number of the try
    on_every_line(spider=spider, run=str(run), firing=firing or None)
    _install(_get_handler(settings), settings["SWATHE"], secret_settings(settings))
    set_level(settings["LOG_LEVEL"])


def log_service(config: Config) -> None:
    """Log what a service does, to standard error."""
    _install(logging.StreamHandler(), config, set())
    set_level("INFO")


def set_level(level: str) -> None:
    """Drop the lines below a level. Scrapy has every DEBUG line made, also pymongo's, unless these loggers drop it.

    Its own it has made whatever the root drops, as soon as a process is there that crawls.
    """
    for logger in (logging.root, logging.getLogger("scrapy")):
        logger.setLevel(level)
    if _handler is not None:
        _handler.setLevel(level)


def _install(handler: logging.Handler, config: Config, secrets: set[str]) -> None:
    global _handler
    if _handler is not None:
        logging.root.removeHandler(_handler)
        _handler.close()
    mask = Masking(secrets_of(config) | secrets)
    handler.setFormatter(JsonLines(mask) if _wants_json(handler, config) else Lines(mask))
    handler.addFilter(_with_fields)
    if isinstance(handler, logging.FileHandler) and Path(handler.baseFilename).is_file():
        Path(handler.baseFilename).chmod(0o600)
    _tell_once_when_unwritable(handler)
    logging.root.addHandler(handler)
    _handler = handler


def _tell_once_when_unwritable(handler: logging.Handler) -> None:
    """Say in one line that a log cannot be written; Python shows a traceback for every line that is lost."""
    report, told = handler.handleError, False

    def tell(record: logging.LogRecord) -> None:
        nonlocal told
        error = sys.exception()
        if not isinstance(error, OSError):
            report(record)
        elif not told:
            told = True
            with contextlib.suppress(OSError):  # it is standard error itself that cannot be written
                name = getattr(handler, "baseFilename", "standard error")
                sys.stderr.write(
                    f"swathe: the log {name} cannot be written ({error.strerror}), and lacks lines from here on\n"
                )

    handler.handleError = tell  # type: ignore[method-assign]


def _wants_json(handler: logging.Handler, config: Config) -> bool:
    """Return whether lines are to be JSON: where they go into a pipe or the journal, unless the configuration says."""
    if config.logging.format != "auto" or not isinstance(handler, logging.StreamHandler):
        return config.logging.format == "json"
    try:
        mode = os.fstat(handler.stream.fileno()).st_mode
    except (OSError, ValueError):  # no real file, as in a test
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _with_fields(record: logging.LogRecord) -> bool:
    vars(record).update(fields())
    return True


def _escaped(line: str) -> str:
    return INVISIBLE.sub(lambda sign: sign[0].encode("unicode_escape").decode(), line)
