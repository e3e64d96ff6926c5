"""What the tests of every store of requests share: requests of one run, by numbers, and a crawl with a dead letter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from scrapy import Request
from support import last_run

from scraper.core.supervision import HeldPage
from scraper.frontier.protocol import Ack, Batch, Put

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


def hung_page_is_given_up(worker: Any) -> None:
    """Let a worker hang on a page; another one gets it marked, and what else it had as if it had not been taken."""
    what = "held the crawl"
    me, other = worker("me"), worker("other")
    me.write(Batch(puts(1, 2, 3), lease=3))
    hung, unstored = puts(2, 9)
    me.leave_hung(HeldPage(hung.id, "http://h/2"), what)
    found = {numbers([taken])[0]: taken for taken in other.write(Batch(take=9)).taken}
    assert {number: taken.hung for number, taken in found.items()} == {1: "", 2: what, 3: ""}
    assert (found[1].taken, found[3].taken) == (1, 1)
    again = worker("again")
    again.leave_hung(HeldPage(unstored.id, "http://h/9", unstored.data, 0, 9), what)
    (taken,) = other.write(Batch(take=9)).taken
    assert (numbers([taken]), taken.hung, taken.data) == ([9], what, unstored.data)
    assert other.write(Batch(puts(9))).duplicates == 1


def it_counts_for_who_has_it(me: Any, other: Any) -> None:
    """Acknowledge the first request, which `other` has by now, as both workers have read it."""
    for frontier in (me, other):
        frontier.write(Batch(acks=[Ack(puts(1)[0].id, 1, {"swathe/pages": 1}, {"off_site": ["http://x/"]})]))
    mine, theirs = me.own_work(), other.own_work()
    assert (mine.counts, mine.notes) == ({}, {}), "what was not taken counts elsewhere"
    assert theirs is None or (theirs.counts, theirs.notes) == ({"swathe/pages": 1}, {"off_site": ["http://x/"]})
