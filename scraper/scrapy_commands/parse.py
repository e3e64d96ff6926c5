"""`scrapy parse`, except that it shows what a page gives and leaves no run behind."""

from __future__ import annotations

from typing import Any, ClassVar

from scrapy.commands.parse import Command as ParseCommand
from scrapy.commands.shell import Command as ShellCommand


class Command(ParseCommand):
    """Parse a page with its spider; like `scrapy shell` it is no crawl, and is known by the same setting."""

    default_settings: ClassVar[dict[str, Any]] = {
        **ParseCommand.default_settings,
        "DUPEFILTER_CLASS": ShellCommand.default_settings["DUPEFILTER_CLASS"],
    }

    def add_items(self, lvl: int, new_items: list[Any]) -> None:
        """Take what the page gave; a callback may yield None, which a crawl passes over."""
        super().add_items(lvl, [item for item in new_items if item is not None])
