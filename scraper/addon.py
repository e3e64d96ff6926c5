"""Swathe in a Scrapy project as it is: `ADDONS = {"scraper.addon.Swathe": 300}` in its settings."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

OF_PROJECTS = ("BOT_NAME", "SPIDER_MODULES", "NEWSPIDER_MODULE", "COMMANDS_MODULE", "SPIDER_LOADER_CLASS")
"""Settings that say where the code of a project is; those of Swathe's settings module are for a project of Swathe's."""


class Swathe:
    """Scrapy's add-on that gives a project storing, history, runs with a verdict, politeness and safe fetching.

    Settings of the project win. A component is switched off as in Scrapy: by its name, with None.
    """

    @classmethod
    def update_pre_crawler_settings(cls, settings: BaseSettings) -> None:
        """Set what Swathe's own settings module has, and let the spiders be taken into runs."""
        if "SWATHE" in settings:
            return
        ours = vars(import_module("scraper.settings"))
        for name, value in ours.items():
            if name.isupper() and name not in OF_PROJECTS:
                settings.set(name, value, priority="addon")
        settings.set("SPIDER_LOADER_CLASS", "scraper.spider.loader.AdoptingLoader", priority="addon")
