"""A site whose content changes between two crawls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from practice import Fault, PracticeServer, enlarge, load_site
from support import last_run

if TYPE_CHECKING:
    from practice import DemoSite
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

SITE = enlarge(load_site(), quotes=1, books=60)


def with_books(books: Any) -> DemoSite:
    return replace(SITE, all_books=tuple(books))


class Mirror:
    """A books site whose content may change between two crawls while its address stays."""

    def __init__(self, swathe: Swathe, database: Mongo) -> None:
        self._swathe, self._database, self._port = swathe, database, 0
        self.asked: list[str] = []
        """The paths that the last crawl asked for, robots.txt left out."""

    def crawl(
        self,
        site: DemoSite,
        *options: str,
        code: int = 0,
        spider: str = "books",
        faults: dict[str, Fault] | None = None,
    ) -> dict[str, Any]:
        """Crawl the site in its present state and return the run."""
        with PracticeServer(site, port=self._port, faults=faults) as server:
            self._port = server.port
            quick = ["--set", "crawl.delay_s=0", "--set", "RETRY_TIMES=0"]
            self._swathe("crawl", spider, "--start", f"{server.url}{spider}/", *quick, *options, code=code)
            self.asked = [request.path for request in server.requests if request.path != "/robots.txt"]
        return last_run(self._database)


def books_of(database: Mongo) -> dict[str, dict[str, Any]]:
    return {row["upc"]: row for row in database.books.find()}
