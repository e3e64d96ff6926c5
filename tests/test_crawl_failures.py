"""Every request that fails counts, whoever made it and in whatever way it came to be asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from practice import Fault, PracticeServer
from support import ROOT, last_run
from unseen_spiders import SETTINGS

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]


@pytest.mark.parametrize("way", SETTINGS)
@pytest.mark.parametrize("backend", ["mongodb", "memory"])
def test_a_request_that_fails_counts_whoever_made_it(swathe: Swathe, database: Mongo, way: str, backend: str) -> None:
    with PracticeServer(faults={"/quotes/fails/": Fault(status=500)}) as site:
        settings = [f"WAY={way}", "SPIDER_MODULES=unseen_spiders", "RETRY_TIMES=1", "LOG_ENABLED=0"]
        options = [part for setting in settings for part in ("-s", setting)]
        command = [sys.executable, "-m", "scrapy", "crawl", "unseen", "-a", f"start={site.url}quotes/", *options]
        path = f"{ROOT / 'tests'}:{ROOT}"
        swathe.run(command, code=3, PYTHONPATH=path, SWATHE_FRONTIER_BACKEND=backend)
    run = last_run(database)
    expected = (
        ["is of no interest to this middleware", "answered 404"]
        if way == "refused"
        else ["answered 500 (tried 2 times)"]
    )
    assert [problem["what"] for problem in run["problems"]] == expected
    assert run["counts"]["dead_pages"] == len(expected)
    assert run["verdict"] == "incomplete"
    assert run["counts"]["items_new"] >= site.site.quotes_per_page
    missed = [quote["text"] for quote in database.quotes.find({"author": "missed"})]
    assert missed == (["/quotes/fails/"] if way == "decorated" else []), "its own errback is called too"
