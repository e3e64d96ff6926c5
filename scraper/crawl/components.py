"""Which of Swathe's components a crawl goes without, because its settings switch one off or name another."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from scrapy.settings import SETTINGS_PRIORITIES, default_settings
from scrapy.utils.conf import build_component_list
from scrapy.utils.python import global_object_name

from scraper.errors import CrawlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.settings import BaseSettings

LISTS = ("ITEM_PIPELINES", "EXTENSIONS", "SPIDER_MIDDLEWARES", "DOWNLOADER_MIDDLEWARES")

NEEDED = ("scraper.runs.recorder.RunRecorder", "scraper.crawl.failures.PageFailures")
"""Without them there is no run and no verdict."""

ALONE = {
    "ITEM_PROCESSOR": "nothing is stored",
    "SCHEDULER": "requests do not outlast a crash, and no other worker can join",
    "DOWNLOADER": "the ledger's delay and requests at once of a host are not kept",
    "REQUEST_FINGERPRINTER_CLASS": "requests that a redirect leads to may be taken for others",
}
"""Settings that name one component, and what a crawl with another one goes without."""


def missing_components(settings: BaseSettings) -> list[str]:
    """Return what a crawl with these settings goes without, a line each.

    Raise UsageError for what none can be without, CrawlError for a component that cannot be loaded.
    """
    missing = list(_switched_off(settings))
    for setting, path in missing:
        if path in NEEDED:
            raise UsageError(f"{setting} switches off {path}, without which a crawl has no verdict: leave it out there")
    lines = [f"{path} is switched off by {setting}: what it does is not done" for setting, path in missing]
    lines += [
        f"{name} is {_shown(settings[name])}, not Swathe's: {lost}"
        for name, lost in ALONE.items()
        if not _shown(settings[name]).startswith("scraper.")
    ]
    for scheme in ("http", "https"):
        handler = settings.getwithbase("DOWNLOAD_HANDLERS")[scheme]
        if handler != settings["DOWNLOAD_HANDLERS_BASE"].get(scheme):
            lines.append(
                f"DOWNLOAD_HANDLERS has {_shown(handler)} for {scheme}: the addresses that it connects to are not "
                f"checked, so a page can lead to this machine or network, and no page is rendered in Swathe's browser"
            )
    if settings.getpriority("DUPEFILTER_CLASS") not in (None, *map(SETTINGS_PRIORITIES.get, ("default", "command"))):
        lines.append(
            f"DUPEFILTER_CLASS is {_shown(settings['DUPEFILTER_CLASS'])}, which has no effect where requests are "
            f"stored: `--set frontier.backend=memory` uses it"
        )
    return [*lines, *_misspelt(settings)]


def _misspelt(settings: BaseSettings) -> Iterator[str]:
    """Name settings that nobody knows, and that are nearly called as one that Scrapy does know."""
    known = [name for name in vars(default_settings) if name.isupper()]
    for name in settings:
        if name not in known and (meant := get_close_matches(str(name), known, 1, cutoff=0.92)):
            yield f"the setting {name} has no effect unless a plugin of yours knows it: did you mean {meant[0]}?"


def _switched_off(settings: BaseSettings) -> Iterator[tuple[str, str]]:
    for name in LISTS:
        try:
            enabled = build_component_list(settings.get_component_priority_dict_with_base(name))
        except Exception as error:
            raise CrawlError(
                f"{name} names a component that cannot be loaded: {type(error).__name__}: {error}: correct it"
            ) from error
        there = {_shown(component) for component in enabled}
        for path in settings[f"{name}_BASE"]:
            if _shown(path).startswith(("scraper.", "pipelines.")) and _shown(path) not in there:
                yield name, path


def _shown(component: object) -> str:
    return component if isinstance(component, str) else global_object_name(component)
