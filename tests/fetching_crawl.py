"""A crawl of its own process, for the tests of safe fetching: `python fetching_crawl.py ASKED`.

ASKED is JSON: `start`, `urls`, `headers`, `names` (what a name's lookups answer, one after the other, the last one
for good), `login` (the login page, if any), `options` (of the configuration). Each page is a line of JSON.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
ASKED = json.loads(sys.argv[1])
os.environ.update(ASKED.get("options", {}))

# The configuration is read when the settings are imported.
# ruff: noqa: E402
from scrapy import Request
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.utils.project import get_project_settings

from scraper.crawl.failures import describe
from scraper.login import Login
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response
    from twisted.python.failure import Failure

ask_for_real = socket.getaddrinfo


def getaddrinfo(host: Any, *arguments: Any, **keywords: Any) -> Any:
    """Answer as asked for; the fault of a name that changes cannot be had from a real server without a network."""
    answers = ASKED.get("names", {}).get(host)
    if answers is None:
        return ask_for_real(host, *arguments, **keywords)
    answer = answers.pop(0) if len(answers) > 1 else answers[0]
    return ask_for_real(answer, *arguments, **keywords)


class Visitor(SiteSpider):
    name = "visitor"
    records = ()
    start_url = ASKED["start"]
    login = Login(ASKED["login"], logged_in="#in", account="user:hunter2") if ASKED.get("login") else None

    async def start(self) -> AsyncIterator[Any]:
        yield Request(self.start_at, callback=self.follow, errback=self.failed, dont_filter=True)

    def follow(self, response: Response) -> Iterator[Any]:
        for number, url in enumerate(ASKED["urls"]):
            yield Request(
                url,
                headers=ASKED.get("headers"),
                callback=self.parse,
                errback=self.failed,
                meta={"may_fail": True},
                cb_kwargs={"asked": url},
                priority=-number,
                dont_filter=True,
            )

    def parse(self, response: Response, **keywords: Any) -> Any:
        text = response.text[:400_000] if hasattr(response, "text") else ""
        print(json.dumps({"asked": keywords["asked"], "url": response.url, "text": text}), flush=True)

    def failed(self, failure: Failure) -> None:
        request = failure.request  # type: ignore[attr-defined]
        asked = request.cb_kwargs.get("asked", "start")
        print(json.dumps({"asked": asked, "what": describe(failure.value, request)}), flush=True)

    def closed(self, reason: str) -> None:
        from scraper.crawl.failures import PageFailures

        problems = [str(problem) for problem in PageFailures.of(self.crawler).problems]
        print(json.dumps({"asked": "problems", "problems": problems}), flush=True)


if __name__ == "__main__":
    socket.getaddrinfo = getaddrinfo
    settings = get_project_settings()
    changed = {
        "ITEM_PIPELINES": {},
        "EXTENSIONS": {},
        "SPIDER_MIDDLEWARES": {"scraper.crawl.failures.PageFailures": 10},
    }
    settings.setdict({**changed, "LOG_LEVEL": "INFO", "ROBOTSTXT_OBEY": False}, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    process.crawl(Visitor)
    process.start()
