"""Gather what is known of an address: how it is read, what is stored and refused of it, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.cleaners import canonical_url
from models.hosts import Host
from models.record import schema_of
from models.registry import record_documents
from models.system import Rejected, RenderDecision, Run
from scraper.crawl.url_template import template_of
from scraper.errors import UsageError
from scraper.fetch.politeness.host import host_facts, host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]
    Rows = list[dict[str, Any]]

LATEST_RUNS = 50
SHOWN = 5
"""Rows of each kind."""

DECIDED = ("template", "tier", "evidence", "right", "wrong", "checked_at")


@dataclass(frozen=True)
class Known:
    """One kind of thing that is known: rows below a title, with these columns."""

    title: str
    columns: Sequence[str]
    rows: Rows
    is_facts: bool = False
    """Whether the one row says by itself what its columns are."""


def known_of(database: Mongo, url: str) -> Iterator[Known]:
    """Yield what is known of an address; raise UsageError for what is none."""
    address = address_of(url)
    yield from _decisions(database, url)
    yield from _records(database, address)
    yield from _refusals(database, address)
    yield from _of_runs(
        database, "Went wrong", "problems.url", url, ("run", "spider", "started", "reason", "what"), _problems
    )
    columns = ("run", "spider", "pages", "entries", "stated_total", "end", "against")
    yield from _of_runs(database, "A list", "lists.start", url, columns, _lists)


def host_known(database: Mongo, url: str) -> Iterator[Known]:
    """Yield how the host of an address is asked, where it was."""
    row = database[Host._get_collection_name()].find_one({"_id": host_of(url)})
    if row is not None:
        facts = host_facts(Host._from_son(row), datetime.now(UTC))
        yield Known(f"The host {row['_id']}", tuple(facts), [facts], is_facts=True)


def latest_runs(database: Mongo, query: dict[str, Any]) -> Rows:
    """Return the runs that are like this, the latest first."""
    return list(database[Run._get_collection_name()].find(query, sort=[("started_at", -1)], limit=LATEST_RUNS))


def address_of(url: str) -> str:
    """Return an address as records have it; raise UsageError for what is none."""
    try:
        address = canonical_url(url, url)
    except ValueError as error:
        raise UsageError(f"'{url}' is not an address: {error}") from None
    if not address:
        raise UsageError(f"'{url}' is not an address, expected one such as https://quotes.toscrape.com/js/")
    return address


def _decisions(database: Mongo, url: str) -> Iterator[Known]:
    for row in database[RenderDecision._get_collection_name()].find({"template": template_of(url)}):
        facts = {name: row.get(name) for name in DECIDED}
        yield Known(f"How '{row['spider']}' reads such pages", DECIDED, [facts], is_facts=True)
        if api := row.get("api"):
            title = "The browser was seen to use an API; to read it without the browser, declare"
            yield Known(title, tuple(api), [api], is_facts=True)


def _records(database: Mongo, address: str) -> Iterator[Known]:
    for name, document in record_documents().items():
        schema = schema_of(document)
        columns = [*(schema.columns[key] for key in schema.key), "last_seen", "gone_at"]
        if count := database[name].count_documents({"url": address}):
            rows = list(database[name].find({"url": address}, columns, limit=SHOWN))
            yield Known(f"Stored: {count} {name} seen last on this page", columns, rows)


def _refusals(database: Mongo, address: str) -> Iterator[Known]:
    rows = [
        {"records": item["records"], "field": fault["field"], "problem": fault["problem"],
         "last seen": item["last_seen"]}
        for item in database[Rejected._get_collection_name()].find({"url": address}, limit=SHOWN)
        for fault in item["faults"]
    ]  # fmt: skip
    if rows:
        yield Known("Refused", ("records", "field", "problem", "last seen"), rows)


def _of_runs(
    database: Mongo, title: str, asked: str, url: str, columns: Sequence[str],
    of: Callable[[dict[str, Any], str], Rows],
) -> Iterator[Known]:  # fmt: skip
    rows = [
        {"run": str(run["_id"])[-8:], "spider": run["spider"], "started": run["started_at"], **one}
        for run in latest_runs(database, {asked: url})
        for one in of(run, url)
    ]
    if rows:
        yield Known(title, columns, rows[:SHOWN])


def _problems(run: dict[str, Any], url: str) -> Rows:
    return [problem for problem in run["problems"] if problem.get("url") == url]


def _lists(run: dict[str, Any], url: str) -> Rows:
    return [seen for seen in run["lists"] if seen["start"] == url]
