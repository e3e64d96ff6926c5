"""Scrapy's own commands in a project: `scrapy crawl` ends with our codes, and those that only look store nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from practice import PracticeServer
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

BUNDLED = ["books", "quotes", "quotes-filter", "quotes-login", "quotes-table"]
SCRAPY = [sys.executable, "-m", "scrapy"]


def test_scrapy_crawl_exits_with_our_codes(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    one_page = ["-a", f"start={site.url}quotes/", "-a", "max_pages=1"]
    assert "swathe: quotes: incomplete" in swathe.run([*SCRAPY, "crawl", "quotes", *one_page], code=3).err
    failed = swathe.run([*SCRAPY, "crawl", "quotes", "-a", "start=http://127.0.0.1:9/", "-s", "RETRY_TIMES=0"], code=1)
    assert "swathe: quotes: failed" in failed.err
    assert "there is no spider 'quots': did you mean 'quotes'?" in swathe.run([*SCRAPY, "crawl", "quots"], code=2).err
    unknown = swathe.run([*SCRAPY, "crawl", "quotes", "-a", "strat=x"], code=2)
    assert "spider 'quotes' has no argument 'strat': did you mean 'start'?" in unknown.err


def test_other_scrapy_commands_work_and_store_nothing(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    assert swathe.run([*SCRAPY, "list"]).out.split() == BUNDLED
    shell = swathe.run(
        [*SCRAPY, "shell", "--nolog", "-c", "response.css('.quote').getall().__len__()", f"{site.url}quotes/"]
    )
    assert shell.out.strip() == "10"
    page = f"{site.url}quotes/"
    parsed = swathe.run([*SCRAPY, "parse", "--nolog", "--spider", "quotes", "-a", f"start={page}", "--pipelines", page])
    assert parsed.out.count("'author'") == 10
    assert database.runs.count_documents({}) == 0
