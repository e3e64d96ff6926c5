"""Lists that lead to lists: categories side by side, and periods that are halved until the site shows all of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from scraper.paging.ask import Ask, End
from scraper.paging.kind import Pagination
from scraper.paging.links import NextLink, absolute, addresses
from scraper.paging.numbered import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.paging.kind import ListPage


@dataclass(frozen=True)
class Lists(Pagination):
    """The start page links to lists, each with its own pages: `Lists(".categories a", NextLink("li.next a"))`.

    A record that several lists show is stored once. `Lists` may stand inside `Lists`, for categories in categories.
    """

    links: str = "a"
    pages: Pagination = field(default_factory=NextLink)

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Ask for the first page of every list."""
        depth = page.state.get("depth", 0)
        found = [absolute(page.response, raw)[0] for raw in addresses(page.response, self.links)]
        urls = list(dict.fromkeys(url for url in found if url))
        if not urls:
            return End("no lists", gap=f"'{self.links}' found no link to a list on {page.url}")
        asks = [self.pages.first(url) for url in urls]
        return [
            Ask(ask.url, 1, url, ask.method, ask.body, ask.headers, {**ask.state, "depth": depth + 1})
            for url, ask in zip(urls, asks, strict=True)
        ]

    def inner(self, state: dict[str, Any]) -> Pagination:
        """Return the pagination of the lists, once inside one."""
        depth = state.get("depth", 0)
        return self.pages.inner({**state, "depth": depth - 1}) if depth else self


@dataclass(frozen=True)
class DateWindows(Pagination):
    """A search by date that shows so many at most: `DateWindows("?from={since}&to={until}", "2026-01-01", 100)`.

    A period that states more than `at_most` (or, where no `total` is stated, shows that many) is halved, down to a day.
    Both days belong to the period, written as YYYY-MM-DD; `until` is today unless it is given. `pages` finds the
    further pages of a period.
    """

    address: str = ""
    since: str = ""
    at_most: int = 100
    until: str = ""
    may_be_empty: ClassVar[bool] = True
    pages: Pagination | None = None

    def first(self, start: str) -> Ask:
        """Ask for the whole time."""
        until = self.until or datetime.now(UTC).date().isoformat()
        return self._period(start, date.fromisoformat(self.since), date.fromisoformat(until))

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Halve a period that has more than the site shows."""
        if page.number > 1:
            return None
        since, until = (date.fromisoformat(page.state[name]) for name in ("since", "until"))
        total = page.stated(self.total)[0] if self.total else None
        if not (total > self.at_most if total is not None else page.size >= self.at_most):
            return None
        if since >= until:
            what = f"{since} alone has {total or 'perhaps more than'} {self.at_most if total is None else 'records'}"
            shown = f"{what}, and the site shows {self.at_most} at most"
            return End("one day is more than the site shows", gap=shown if total else "", doubt="" if total else shown)
        middle = since + (until - since) // 2
        start = page.state["start"]
        return [self._period(start, since, middle), self._period(start, middle + timedelta(days=1), until)]

    def following(self, page: ListPage) -> Ask | End:
        """Follow the period's own pages."""
        return self.pages.following(page) if self.pages else super().following(page)

    def _period(self, start: str, since: date, until: date) -> Ask:
        values = {"since": since.isoformat(), "until": until.isoformat()}
        return Ask(
            joined(start, self.address, values),
            list=f"{since} to {until}",
            state={**values, "start": start},
        )
