"""What the tests of every store of requests share: requests of one run, by numbers, and a crawl with a dead letter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from scrapy import Request
from support import last_run

from scraper.frontier.protocol import Put

if TYPE_CHECKING:
    from practice import PracticeServer
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

RUN = ObjectId()


def puts(*numbers: int, **given: Any) -> list[Put]:
    return [
        Put(RUN.binary + number.to_bytes(16), Request(f"http://h/{number}"), json.dumps({"url": f"http://h/{number}"}),
            given.get("priority", 0), number, given.get("not_before", 0.0))
        for number in numbers
    ]  # fmt: skip


def numbers(found: Any) -> list[int]:
    return [int.from_bytes(one.id[-16:]) for one in found]


def crawled_with_a_dead_letter(swathe: Swathe, database: Mongo, site: PracticeServer) -> tuple[list[str], Any]:
    """Crawl a site whose second list page fails; return the command, and the run that says so."""
    quick = ["crawl", "books", "--start", f"{site.url}books/", "--set", "RETRY_TIMES=1"]
    swathe(*quick, code=3)
    run = last_run(database)
    assert run["dead_letters"] == 1
    assert "answered 500 (tried 2 times)" in swathe("runs", "show", str(run["_id"])).out
    assert "answered 500 (tried 2 times)" in swathe("why", f"{site.url}books/catalogue/page-2.html").out
    return quick, run
