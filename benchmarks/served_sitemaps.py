"""Heals generated sites that have a sitemap: their files are served, since nothing of them was kept."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from generated_sites.sitemaps import START, SitemapCase
from scrapy.http import HtmlResponse

from models.record import Found
from models.system import Run
from scraper.heal.healing import heal
from scraper.pages.reread import TodaysSpiders, in_full
from scraper.probe.columns import page_columns
from scraper.probe.proposal import Proposal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.heal.outcome import Healing
    from scraper.spider import SiteSpider

LINE = 'pagination = Sitemap("/product/")'


@contextmanager
def served(files: Mapping[str, str]) -> Iterator[str]:
    """Serve files at an address of this machine, which stands in them for START."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = files.get(self.path)
            body = (text or "").replace(START, start).encode()
            self.send_response(200 if text is not None else 404)
            self.send_header("Content-Type", "text/xml" if self.path.endswith(".xml") else "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        start = f"http://127.0.0.1:{server.server_port}/"
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield start
        server.shutdown()


def proposal_of(case: SitemapCase) -> Proposal | None:
    """Return the spider that is proposed for a few of the old pages; None where nothing tells its records apart."""
    texts = [case.before[path] for path in case.own[0][:5]]
    found = page_columns([HtmlResponse(START, body=text.encode()).selector.root for text in texts])
    has_key = any(column.key for column in found.columns)
    return Proposal("main", LINE, "a", found.columns, tuple(texts), len(texts), ()) if has_key else None


def read_own(
    database: Database[dict[str, Any]], kind: type[SiteSpider], files: Mapping[str, str], paths: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return what a spider reads from records' own pages, as MongoDB would hold it; {} for one that is refused."""
    spiders, records = TodaysSpiders(database, classes={kind.name: kind}), []
    spider = spiders.spider(kind.name, {})
    for path in paths:
        page = HtmlResponse(START, body=files[path].encode())
        found = [one for one in in_full(spider.read_page(page)) if isinstance(one, Found)]
        spiders.check(found)
        records += [{} if one.faults else {name: one.stored[name] for name in one.raw} for one in found]
    return records


def healed_sitemap(
    database: Database[dict[str, Any]], config: Config, kind: type[SiteSpider], case: SitemapCase,
    stored: list[dict[str, Any]],
) -> Healing:  # fmt: skip
    """Store what the spider read, serve the redesigned site, and heal."""
    begun = datetime.now(UTC)
    seen = dict.fromkeys(("first_seen", "last_seen", "changed_at"), begun - timedelta(days=1))
    with served(case.after) as start:
        here = [{name: value.replace(START, start) if isinstance(value, str) else value
                 for name, value in row.items()} for row in stored]  # fmt: skip
        rows = [{**row, **seen, "run": ObjectId(), "url": f"{start[:-1]}{path}"}
                for row, path in zip(here, case.own[0], strict=True)]  # fmt: skip
        database[kind.records[0]._get_collection_name()].insert_many(rows)
        about = {"state": "finished", "verdict": "unknown", "started_at": begun, "heartbeat_at": begun}
        Run(spider=kind.name, arguments={"start": start}, **about).save()
        return heal(kind.name, kind, database, config)


def follows_all(kind: type[SiteSpider], case: SitemapCase) -> bool:
    """Say whether a spider follows the records' own pages of the redesigned site, and no other address."""
    follow = re.compile(getattr(kind.pagination, "follow", ""))
    pages = [path for path in case.after if path.endswith(".html")]
    return {path for path in pages if follow.search(f"{START[:-1]}{path}")} == set(case.own[1])
