"""Whether a page needs JavaScript, and which way of reading it would serve: html, data, api or browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper.crawl.script_signs import signs_of_script
from scraper.page_data import record_lists, single_records
from scraper.probe.selectors import words_of

if TYPE_CHECKING:
    from scraper.page_data import RecordList
    from scraper.page_data.api_calls import ApiCall
    from scraper.probe.hint_forms import Form
    from scraper.probe.hints import Study

LEAST_RECORDS = 2
LEAST_TEXT = 300
MOST_LISTS = 8


@dataclass(frozen=True)
class Serving:
    """Which tier would serve."""

    tier: str
    """`html`, `data`, `api`, `browser`, or `none` for what is no page."""
    javascript: bool
    """Whether a browser would show more than the page as served."""
    why: str


def lists_inside(study: Study) -> list[RecordList]:
    """Return the lists of records that the page carries, the largest first."""
    found = [records for data in study.page.data_inside for records in record_lists(data, study.page.effort)]
    return sorted(found, key=lambda records: -len(records.entries))[:MOST_LISTS]


def how_to_serve(study: Study, lists: list[RecordList], calls: list[ApiCall], forms: list[Form]) -> Serving:
    """Weigh what the page shows against what it carries and what its scripts do."""
    page = study.page
    if page.kind == "json":
        return Serving("api", False, "the answer is JSON")
    if page.kind == "xml":
        return Serving("html", False, "the answer is XML")
    if page.kind in ("binary", "empty"):
        return Serving("none", False, f"the answer is {page.kind}")
    sign = signs_of_script(page.response)
    bare = sign.startswith(("an empty", "a <noscript>"))
    if study.blocks:
        return Serving("html", False, f"{study.blocks[0].count} blocks that look like records are in the HTML")
    large = next((found for found in lists if len(found.entries) >= LEAST_RECORDS), None)
    if large:
        return Serving("data", True, f"no blocks in the HTML, but {len(large.entries)} records in {large.where}")
    singles = [record for data in page.data_inside for record in single_records(data)]
    if singles:
        return Serving("data", bare, f"one record as {singles[0].get('@type')} inside the page")
    if any(form.purpose in ("choices", "login", "dates") for form in forms):
        return Serving("html", False, "the page is a form")
    if calls:
        return Serving("api", True, f"no blocks in the HTML; a script asks {calls[0].address}")
    body = page.soup.body
    text = words_of(body, LEAST_TEXT + 1) if body is not None else ""
    if sign and (bare or len(text) < LEAST_TEXT):
        return Serving("browser", True, f"nothing but {sign}")
    return Serving("html", False, "no blocks that repeat; perhaps the page of one record")
