"""What is proposed for records that are data: an answer that is JSON, data inside the page, or an API behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scraper.errors import ProbeError
from scraper.page_data import record_lists
from scraper.page_data.parameters import OFFSET, PAGE
from scraper.paging.numbered import with_parameters
from scraper.probe.data_columns import data_columns
from scraper.probe.hint_answers import answer_hints
from scraper.probe.hints import Study
from scraper.probe.page import StudiedPage
from scraper.probe.proposal import Proposal, pagination_of
from scraper.probe.selectors import Selectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.page_data.api_calls import ApiCall
    from scraper.probe.report import Report

LEAST_RECORDS, LEAST_FIELDS = 3, 2


def proposed_data(report: Report, fetch: Callable[[str], StudiedPage]) -> Proposal | None:
    """Return what to write when the records are data, of the page or of an API that it asks; None when they are not.

    Of a page that shows records as well, the data inside it have to be as many.
    """
    entries = _entries(report.page)
    shown = report.blocks[0].count if report.blocks else 0
    if len(entries) >= max(LEAST_RECORDS, shown):
        further = _entries(report.second) if report.second is not None else []
        return _proposal(pagination_of(report), [entries, further])
    for call in () if report.blocks else report.calls:
        if (found := _answered(report, call, fetch)) is not None:
            return found
    return None


def _entries(page: StudiedPage) -> list[dict[str, Any]]:
    """Return the entries of the largest list of records that a page carries."""
    lists = [found for inside in page.data_inside for found in record_lists(inside, page.effort)]
    largest = max(lists, key=lambda found: len(found.entries), default=None)
    return largest.entries if largest is not None else []


def _answered(report: Report, call: ApiCall, fetch: Callable[[str], StudiedPage]) -> Proposal | None:
    """Return what to write for an API that a script asks by GET, when it answers with records."""
    if call.method != "GET" or "{" in call.address.replace("{page}", "").replace("{offset}", ""):
        return None
    address = call.address.replace("{page}", "1").replace("{offset}", "0")
    sent = {name: _first(name, value) for name, value in call.fields.items() if _first(name, value)}
    try:
        page = fetch(with_parameters(str(report.page.response.urljoin(address)), sent))
    except ProbeError:
        return None  # the page's other ways to its records are left
    entries = _entries(page) if page.kind == "json" else []
    if len(entries) < LEAST_RECORDS:
        return None
    parts = urlsplit(page.url)
    same = parts.netloc == urlsplit(report.page.url).netloc
    at = parts.path if same else parts._replace(query="").geturl()
    hints = list(answer_hints(Study(page, [], Selectors(page.soup)), at=at))
    return _proposal(hints[0].line if hints else "", [entries, []])


def _first(name: str, value: str) -> str:
    """Return what a parameter is for the first page; empty for one that is not known."""
    return value or ("1" if PAGE.match(name) else "0" if OFFSET.match(name) else "")


def _proposal(pagination: str, pages: list[list[dict[str, Any]]]) -> Proposal | None:
    entries = [entry for page in pages for entry in page]
    found = data_columns(entries)
    if len(found.columns) < LEAST_FIELDS:
        return None
    saved = tuple(json.dumps(page, ensure_ascii=False, indent=1) for page in pages if page)
    unsure = list(found.unsure)
    if not pagination:
        unsure.append("nothing shows how the list goes on: the spider reads this page alone")
    return Proposal("", pagination, "", found.columns, saved, len(entries), tuple(unsure))
