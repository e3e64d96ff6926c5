"""A crawl of its own process, for the tests of how it ends: `python browser_crawl.py DATA_DIR OPTIONS URL...`.

OPTIONS is JSON for `meta["browser"]`, or null for none; each page's answer is printed as a line of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scraper.core.config import load_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response
    from twisted.python.failure import Failure


class Visitor(Spider):
    name = "visitor"

    async def start(self) -> AsyncIterator[Any]:
        for url in self.urls:
            meta = {} if self.browser is None else {"browser": self.browser}
            yield Request(url, meta=meta, callback=self.parse, errback=self.failed, dont_filter=True)

    def parse(self, response: Response, **_: Any) -> None:
        seen = {
            "url": response.url,
            "status": response.status,
            "flags": response.flags,
            "type": type(response).__name__,
            "rows": response.css(".row::text").getall(),
            "latency": response.meta["download_latency"],
            "json": response.meta.get("browser_json"),
        }
        print(json.dumps(seen), flush=True)

    def failed(self, failure: Failure) -> None:
        answer = getattr(failure.value, "response", None)
        seen = {
            "error": type(failure.value).__name__,
            "message": str(failure.value),
            "status": answer and answer.status,
        }
        print(json.dumps(seen), flush=True)

    def closed(self, reason: str) -> None:
        stats = self.crawler.stats.get_stats()
        counts = {key.rsplit("/")[-1]: value for key, value in stats.items() if key.startswith("swathe/browser")}
        counts["retries"] = stats.get("retry/count", 0)
        print(json.dumps({"counts": counts, "reason": reason, "selenium": "selenium" in sys.modules}), flush=True)


def main(data_dir: str, options: str, *urls: str) -> None:
    handler = "scraper.fetch.browser.handler.BrowserHandler"
    process = AsyncCrawlerProcess(
        {
            "SWATHE": load_config(environ={**_environ(), "SWATHE_MONGODB_DATA_DIR": data_dir}),
            "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
            "LOG_LEVEL": "INFO",
            "RETRY_TIMES": 1,
            "DOWNLOAD_DELAY": 0,
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
        }
    )
    process.crawl(Visitor, start_urls=urls, urls=urls, browser=json.loads(options))
    process.start()


def _environ() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if name.startswith("SWATHE_")}


if __name__ == "__main__":
    main(*sys.argv[1:])
