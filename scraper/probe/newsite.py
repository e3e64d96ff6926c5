"""A site from its address alone: study a list page and a few records' own pages, and write a spider, model and test."""

from __future__ import annotations

import ast
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from models.cleaners import canonical_url
from scraper.core.atomic_file import write_files
from scraper.core.project import project
from scraper.errors import ProbeError
from scraper.fetch.politeness.host import is_loopback
from scraper.probe.column_types import ADDRESS
from scraper.probe.data_proposal import proposed_data
from scraper.probe.fetching import Fetcher
from scraper.probe.html_proposal import proposed_html
from scraper.probe.new_site import NewSite
from scraper.probe.page import StudiedPage
from scraper.probe.proposal import Proposal, inexact, liked
from scraper.probe.report import probed
from scraper.probe.robots import Robots
from scraper.probe.site_files import site_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from scraper.core.config import Config
    from scraper.probe.columns import Column
    from scraper.probe.report import Report

SAMPLES = 3
REFUSALS_SHOWN = 5


@dataclass(frozen=True)
class WrittenSite:
    """A site that was written, and how its fields do on the pages that it was made from."""

    site: NewSite
    report: Report
    proposal: Proposal
    files: tuple[Path, ...]

    def fields(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each field: its type, where it stands, and the share of records that have it."""
        for column in self.proposal.columns:
            marks = [name for name, is_so in (("key", column.key), ("required", column.required)) if is_so]
            yield {
                "field": column.name,
                "type": column.kind.field.removesuffix("Field").removesuffix("128"),
                "filled": f"{column.filled:.0%}",
                "": " ".join(marks),
                "selector": column.selector
                + (f" (part {column.part.place + 1})" if column.part else "")
                + (" (in the list)" if column.listed else ""),
            }

    def refused(self) -> Iterator[str]:
        """Yield the values that a field's cleaner refuses, with the reason."""
        for column in self.proposal.columns:
            for text in (text for row in column.values for text in row):
                try:
                    column.kind.clean([text] if column.many else text)
                except ValueError as fault:
                    yield f"{column.name}: {fault}"

    def samples(self) -> list[dict[str, Any]]:
        """Return the first records, cleaned."""
        columns = self.proposal.columns
        count = min(SAMPLES, len(columns[0].values))
        url = self.report.page.url
        return [{column.name: _value(column, place, url) for column in columns} for place in range(count)]


def _value(column: Column, place: int, url: str) -> Any:
    row = column.values[place]
    if row and column.kind is ADDRESS:
        return canonical_url(row[0], url)
    return column.kind.reads(list(row) if column.many else row[0]) if row else None


def default_name(url: str) -> str:
    """Return what a site is called when nobody says: the first part of its host, or the last of its path.

    >>> default_name("https://books.toscrape.com/"), default_name("http://127.0.0.1:8100/lists/stated/")
    ('books-toscrape', 'stated')
    """
    parts = urlsplit(url)
    host = [part for part in (parts.hostname or "").removeprefix("www.").split(".") if not part.isdecimal()]
    if len(host) > 1:
        return "-".join(host[:-1])
    folders = [part for part in parts.path.split("/") if part and part[0].isalpha()]
    return (folders[-1].partition(".")[0] if folders else "") or "site"


def _likelier(report: Report, fetch: Callable[[str], StudiedPage], like: Mapping[str, str]) -> Proposal:
    """Return the proposal for the data of a page, unless its HTML shows records with more fields."""
    data = proposed_data(report, fetch)
    if data is not None and not report.blocks:
        return data
    shown = proposed_html(report, fetch, like)
    return data if data is not None and len(data.columns) > len(shown.columns) else shown


def write_site(site: NewSite, config: Config, like: Mapping[str, str], *, ignore_robots: bool = False) -> WrittenSite:
    """Study the page of a site and write its files; raise ProbeError, or UsageError for a value of `like`.

    Asks for robots.txt, the list page, its second page, a sitemap's beginning and at most five records' own pages.
    """
    fetcher = Fetcher(config.crawl, site.url)
    robots = Robots(fetcher, config.crawl.agent, obey=config.crawl.obey_robots and not ignore_robots)
    report = probed(site.url, fetcher, robots)

    def fetch(url: str) -> StudiedPage:
        if not is_loopback(urlsplit(url).hostname or ""):
            time.sleep(max(config.crawl.delay_s, report.robots.crawl_delay_s or 0))
        fetched = fetcher.page(url, robots.check)
        if fetched.status >= 400:
            raise ProbeError(f"{fetched.url} answered {fetched.status} {fetched.reason}, expected a record's own page")
        return StudiedPage(fetched)

    proposal = _likelier(report, fetch, like)
    if like:
        doubts = (*proposal.unsure, *inexact(proposal.columns, like))
        proposal = replace(proposal, columns=liked(proposal.columns, like), unsure=doubts)
    if not any(column.key for column in proposal.columns):
        raise ProbeError(
            f"{site.url}: nothing tells the {proposal.count} records apart, neither a field nor a link; "
            f"write the spider by hand: `scrapy genspider {site.name} {site.url}`"
        )
    texts = site_texts(site, proposal)
    for file, text in texts.items():
        if file.suffix == ".py":
            ast.parse(text, str(file))
        file.parent.mkdir(parents=True, exist_ok=True)
    write_files(texts)
    return WrittenSite(site, report, proposal, tuple(file.relative_to(project().folder) for file in texts))
