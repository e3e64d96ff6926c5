"""`swathe why URL`: what is known of an address, and why it ended as it did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from models.cleaners import canonical_url
from models.hosts import Host
from models.proxies import ProxyHealth
from models.questions import as_stored
from models.record import schema_of
from models.registry import record_documents
from models.system import Rejected, RenderDecision, Run
from scraper.cli.lookup import kept_of
from scraper.cli.output import console, print_facts, print_table
from scraper.core.config import load_config
from scraper.core.config.proxies import proxies_for
from scraper.crawl.url_template import template_of
from scraper.errors import UsageError
from scraper.fetch.politeness.host import host_facts, host_of
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

EXAMPLE = "Example: swathe why https://quotes.toscrape.com/js/"
LATEST_RUNS = 50
SHOWN = 5


def why(url: Annotated[str, typer.Argument(metavar="URL", help="The address of a page.")]) -> None:
    """Tell what happened to a page and why: stored, refused, dead, forbidden, how it was read, or never seen.

    And how its host is crawled at the moment: the delay and why, whether it is left alone, what robots.txt asks for.
    """
    # As it is typed first: a site may really have such letters in its addresses.
    addresses = {typed: _address(typed) for typed in (url, as_stored(url))}
    with connection_to(load_config().mongodb) as database:
        seen = any(_tell(database, typed, address) for typed, address in addresses.items())
        _host(database, url)
    if not seen:
        console.print(
            f"Not seen: nothing stored, refused or noted in the last {LATEST_RUNS} runs has this address.",
            markup=False,
            soft_wrap=True,
        )


def _address(url: str) -> str:
    try:
        address = canonical_url(url, url)
    except ValueError as error:
        raise UsageError(f"'{url}' is not an address: {error}") from None
    if not address:
        raise UsageError(f"'{url}' is not an address, expected one such as https://quotes.toscrape.com/js/")
    return address


def _tell(database: Mongo, url: str, address: str) -> bool:
    """Print all that is known of an address; return whether anything is."""
    return any(
        [
            _decisions(database, url),
            _records(database, address),
            _refusals(database, address),
            _problems(database, url),
            _queued(database, url),
            _lists(database, url),
        ]
    )


def _decisions(database: Mongo, url: str) -> bool:
    rows = list(database[RenderDecision._get_collection_name()].find({"template": template_of(url)}))
    for row in rows:
        api = row.pop("api", None) or {}
        facts = {name: row.get(name) for name in ("template", "tier", "evidence", "right", "wrong", "checked_at")}
        print_facts(facts, title=f"How '{row['spider']}' reads such pages")
        if api:
            print_facts(api, title="\nThe browser was seen to use an API; to read it without the browser, declare")
        console.print()
    return bool(rows)


def _records(database: Mongo, address: str) -> bool:
    found = False
    for name, document in record_documents().items():
        schema = schema_of(document)
        columns = [schema.columns[key] for key in schema.key]
        count = database[name].count_documents({"url": address})
        if count:
            found = True
            rows = database[name].find({"url": address}, limit=SHOWN)
            print_table(
                rows, [*columns, "last_seen", "gone_at"], title=f"Stored: {count} {name} seen last on this page"
            )
            console.print()
    return found


def _refusals(database: Mongo, address: str) -> bool:
    rows = [
        {
            "records": item["records"],
            "field": fault["field"],
            "problem": fault["problem"],
            "last seen": item["last_seen"],
        }
        for item in database[Rejected._get_collection_name()].find({"url": address}, limit=SHOWN)
        for fault in item["faults"]
    ]
    if rows:
        print_table(rows, ["records", "field", "problem", "last seen"], title="Refused")
        console.print()
    return bool(rows)


def _host(database: Mongo, url: str) -> None:
    _proxies(database, url)
    row = database[Host._get_collection_name()].find_one({"_id": host_of(url)})
    if row is None:
        return
    print_facts(host_facts(Host._from_son(row), datetime.now(UTC)), title=f"The host {row['_id']}")
    console.print()


def _proxies(database: Mongo, url: str) -> None:
    """Show the proxies that the address is reached through, and how they are."""
    lines, host = load_config().proxies, urlsplit(url).hostname or ""
    rows = []
    for name in proxies_for(lines, host):
        address = lines[name].address
        ill = database[ProxyHealth._get_collection_name()].find(
            {"_id": {"$in": [address, f"{address} {host}"]}, "failures": {"$gt": 0}}, sort=[("failures", -1)], limit=1
        )
        rows.append({"proxy": name, "address": address, **next(ill, {"failures": 0})})
    if rows:
        print_table(rows, ["proxy", "address", "failures", "why", "cools_until"], title=f"Reached through, for {host}")
        console.print()


def _latest(database: Mongo, query: dict[str, Any]) -> list[dict[str, Any]]:
    return list(database[Run._get_collection_name()].find(query, sort=[("started_at", -1)], limit=LATEST_RUNS))


def _problems(database: Mongo, url: str) -> bool:
    rows = [
        {"run": str(run["_id"])[-8:], "spider": run["spider"], "started": run["started_at"], **problem}
        for run in _latest(database, {"problems.url": url})
        for problem in run["problems"]
        if problem["url"] == url
    ]
    if rows:
        print_table(rows[:SHOWN], ["run", "spider", "started", "reason", "what"], title="Went wrong")
        console.print()
    return bool(rows)


def _queued(database: Mongo, url: str) -> bool:
    """Show what the frontier has of the address: waiting, under way, or a dead letter."""
    runs = {run["_id"]: run for run in _latest(database, {"frontier.format": {"$exists": True}})}
    rows = [
        {"run": str(id_)[-8:], "spider": run["spider"], "state": state, "why": why}
        for id_, run in runs.items()
        for state, why in kept_of(database, run, lambda store, id_: store.waiting_for(id_, url))
    ]
    if rows:
        print_table(rows[:SHOWN], ["run", "spider", "state", "why"], title="In the frontier")
        console.print()
    return bool(rows)


def _lists(database: Mongo, url: str) -> bool:
    rows = [
        {"run": str(run["_id"])[-8:], "spider": run["spider"], **seen}
        for run in _latest(database, {"lists.start": url})
        for seen in run["lists"]
        if seen["start"] == url
    ]
    if rows:
        print_table(
            rows[:SHOWN], ["run", "spider", "pages", "entries", "stated_total", "end", "against"], title="A list"
        )
        console.print()
    return bool(rows)
