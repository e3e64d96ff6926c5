"""What the commands that crawl make of their options: Scrapy's settings, the log file, the output."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from scraper.cli.output import errors
from scraper.core.config import environment_name
from scraper.core.text import file_part
from scraper.errors import DatabaseError, UsageError, expected_one_of

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy.settings import Settings

    from scraper.core.config import Config


def apply_options(assignments: list[str]) -> dict[str, str]:
    """Put options of config.ini into the environment, where sub-processes see them too; return settings of Scrapy's."""
    settings = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {assignment}: expected KEY=VALUE, such as --set crawl.delay_s=2")
        if key.isupper():
            from scrapy.settings import default_settings  # half a second, which most crawls spend later

            if not hasattr(default_settings, key):
                known = [name for name in dir(default_settings) if name.isupper()]
                raise UsageError(
                    f"--set {assignment}: '{key}' is not a setting of Scrapy's: {expected_one_of(key, known)}"
                )
            settings[key] = value
        else:
            os.environ[environment_name(key)] = value
    return settings


def own_arguments(assignments: list[str]) -> dict[str, str]:
    """Return the arguments of a spider's own; raise UsageError for what is none."""
    arguments = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise UsageError(f"-a {assignment}: expected NAME=VALUE, such as -a category=travel")
        arguments[name] = value
    return arguments


def run_settings(project: Settings, log_file: Path | None, *, line: bool = True) -> dict[str, Any]:
    """Return the settings of one crawl; `line`: whether it shows on a terminal how it is going."""
    settings: dict[str, Any] = {}
    if log_file:
        settings["LOG_FILE"] = str(log_file)
    if line and errors.is_terminal:
        settings["EXTENSIONS"] = {**project["EXTENSIONS"], "scraper.cli.progress.ProgressLine": 10}
    return settings


def log_file_of(config: Config, spider: str) -> Path:
    """Return the file for the log of a crawl by this process; raise DatabaseError when its folder cannot be made."""
    folder = config.mongodb.data_dir / "logs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"the data folder {config.mongodb.data_dir} cannot be written ({error.strerror}): "
            f"make it writable or set [mongodb] data_dir to another folder"
        ) from None
    return folder / f"{file_part(spider)}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}.log"
