"""`swathe why URL`: what is known of an address, and why it ended as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from models.proxies import ProxyHealth
from models.questions import as_stored
from scraper.cli.lookup import kept_of
from scraper.cli.output import console, print_facts, print_table
from scraper.core.config import load_config
from scraper.core.config.proxies import proxies_for
from scraper.status.address import LATEST_RUNS, SHOWN, Known, address_of, host_known, known_of, latest_runs
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

EXAMPLE = "Example: swathe why https://quotes.toscrape.com/js/"


def why(url: Annotated[str, typer.Argument(metavar="URL", help="The address of a page.")]) -> None:
    """Tell what happened to a page and why: stored, refused, dead, forbidden, how it was read, or never seen.

    And how its host is crawled at the moment: the delay and why, whether it is left alone, what robots.txt asks for.
    """
    # As it is typed first: a site may really have such letters in its addresses.
    addresses = dict.fromkeys((url, as_stored(url)))
    for address in addresses:
        address_of(address)
    with connection_to(load_config().mongodb) as database:
        known = [one for address in addresses for one in (*known_of(database, address), *_queued(database, address))]
        for one in (*known, *_proxies(database, url), *host_known(database, url)):
            _print(one)
    if not known:
        console.print(
            f"Not seen: nothing stored, refused or noted in the last {LATEST_RUNS} runs has this address.",
            markup=False,
            soft_wrap=True,
        )


def _print(known: Known) -> None:
    if known.is_facts:
        print_facts(known.rows[0], title=known.title)
    else:
        print_table(known.rows, list(known.columns), title=known.title)
    console.print()


def _proxies(database: Mongo, url: str) -> Iterator[Known]:
    """Yield the proxies that the address is reached through, and how they are."""
    lines, host = load_config().proxies, urlsplit(url).hostname or ""
    rows = []
    for name in proxies_for(lines, host):
        address = lines[name].address
        ill = database[ProxyHealth._get_collection_name()].find(
            {"_id": {"$in": [address, f"{address} {host}"]}, "failures": {"$gt": 0}}, sort=[("failures", -1)], limit=1
        )
        rows.append({"proxy": name, "address": address, **next(ill, {"failures": 0})})
    if rows:
        yield Known(f"Reached through, for {host}", ("proxy", "address", "failures", "why", "cools_until"), rows)


def _queued(database: Mongo, url: str) -> Iterator[Known]:
    """Yield what the frontier has of the address: waiting, under way, or a dead letter."""
    runs = {run["_id"]: run for run in latest_runs(database, {"frontier.format": {"$exists": True}})}
    rows = [
        {"run": str(id_)[-8:], "spider": run["spider"], "state": state, "why": why}
        for id_, run in runs.items()
        for state, why in kept_of(database, run, lambda store, id_: store.waiting_for(id_, url))
    ]
    if rows:
        yield Known("In the frontier", ("run", "spider", "state", "why"), rows[:SHOWN])
