"""Try refused items again, spider by spider, each as a run of its own."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from scraper.pages.offline_run import RereadRun
from scraper.pages.redrive import Redrive, pages_of
from scraper.pages.reread import TodaysSpiders
from scraper.storage.records.plan import Outcome
from scraper.storage.records.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scraper.pages.redrive import Attempted
    from scraper.storage.connection import Connection


def retry_items(
    connection: Connection, items: list[dict[str, Any]], listeners: tuple[str, ...] | None,
    tracked: Callable[[Sequence[Any]], Iterable[Any]] = iter,
) -> list[Attempted]:  # fmt: skip
    """Return what became of each item; None for `listeners`: nothing is stored. `tracked` sees the pages go by. Blocks.

    Two at once store nothing twice: who is second finds the item gone from `rejected`, or the record unchanged.
    """
    database = connection.open()
    spiders = TodaysSpiders(database)
    pages = tracked(sorted(pages_of(items), key=lambda page: str(page[0]["spider"])))
    attempts: list[Attempted] = []
    for spider, own in groupby(pages, key=lambda page: str(page[0]["spider"])):
        if listeners is None:
            dry = Redrive(database, spiders, None, ObjectId())
            attempts += [attempted for page in own for attempted in dry.retry(page)]
            continue
        with RereadRun("redrive", spider, {"items": len(items)}) as run:
            redrive = Redrive(database, spiders, Store(connection, run.id, spider, listeners), run.id)
            for page in own:
                done = redrive.retry(page)
                run.count(Outcome(attempted.outcome or Outcome.REFUSED) for attempted in done)
                attempts += done
    return attempts
