"""The spiders of this project by name, and Scrapy's settings of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.addons import AddonManager
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader, get_spider_loader
from scrapy.utils.spider import iter_spider_classes

from models.broken import BROKEN, import_part, import_parts
from models.registry import check_record
from scraper.core.project import project
from scraper.errors import ProjectError, UsageError, expected_one_of
from scraper.spider.plain_spider import adopted

if TYPE_CHECKING:
    from types import ModuleType

    from scrapy import Spider
    from scrapy.spiderloader import SpiderLoaderProtocol

    from scraper.spider.site_spider import SiteSpider


class GuardedLoader(SpiderLoader):
    """Scrapy's loader, except that a module which cannot be imported is left out alone, with its spiders."""

    def _load_all_spiders(self) -> None:
        for name in self.spider_modules:
            for module in import_parts(name, deep=True):
                self._load_spiders(module)
        self._check_name_duplicates()

    def _load_spiders(self, module: ModuleType) -> None:
        for spider in iter_spider_classes(module):
            if all(check_record(document) for document in adopted(spider).declared_records()):  # type: ignore[arg-type]  # a class is hashable
                self._found[spider.name].append((module.__name__, spider.__name__))
                self._spiders[spider.name] = spider


class AdoptingLoader(GuardedLoader):
    """The loader of a Scrapy project with the add-on: `scrapy crawl` of such a project takes spiders into runs, too."""

    def load(self, spider_name: str) -> type[Spider]:
        """Return the spider of that name, as one that has runs; raise KeyError."""
        return adopted(super().load(spider_name))  # type: ignore[arg-type]  # a class is hashable


def project_settings() -> Settings:
    """Return Scrapy's settings of this project, from whatever folder the command was started in.

    Raise ProjectError when its settings module cannot be imported.
    """
    module = project().settings
    if import_part(module) is None:
        raise ProjectError(f"the project's settings cannot be imported: {BROKEN[module]}: correct them")
    # Scrapy's own function leaves the module's name in the environment, where other projects' commands would find it.
    settings = Settings()
    settings.setmodule(module, priority="project")
    AddonManager.load_pre_crawler_settings(settings)
    if "SWATHE" not in settings:
        raise ProjectError(
            f'{module} does not name Swathe, expected the line ADDONS = {{"scraper.addon.Swathe": 300}} in it, '
            f"or from scraper.settings import * as its first"
        )
    return settings


def spider_class(name: str, loader: SpiderLoaderProtocol | None = None) -> type[SiteSpider]:
    """Return the spider of that name; raise UsageError, naming the ones there are."""
    loader = loader or get_spider_loader(project_settings())
    if name not in loader.list():
        raise UsageError(f"there is no spider '{name}': {expected_one_of(name, loader.list())}")
    return adopted(loader.load(name))  # type: ignore[arg-type]  # a class is hashable, whatever Spider is


def all_spiders() -> dict[str, type[SiteSpider]]:
    """Return the spiders by name."""
    loader = get_spider_loader(project_settings())
    return {name: spider_class(name, loader) for name in sorted(loader.list())}
