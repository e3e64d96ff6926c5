"""Lists that lead to lists: categories side by side, and periods that are halved until the site shows all of each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from scraper.paging.ask import Ask, End
from scraper.paging.kind import Pagination
from scraper.paging.leads import leads_of
from scraper.paging.links import NextLink, absolute, addresses
from scraper.paging.numbered import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

    from scraper.paging.kind import ListPage


class Led(Pagination):
    """A pagination that goes from page to page as another one does."""

    @property
    def way(self) -> Pagination:
        """The other one."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        """Take over what the other one says of all its pages; what it does not say may be said here."""
        for name in ("json", "html", "total", "last", "patience"):
            object.__setattr__(self, name, getattr(self.way, name) or getattr(self, name))
        for name in ("chained", "may_be_empty", "data_link", "binary", "more"):
            object.__setattr__(self, name, getattr(self.way, name, ""))

    def first(self, start: str) -> Ask:
        """Ask for the first page."""
        return self.way.first(start)

    def following(self, page: ListPage) -> Ask | End:
        """Return the page after this one."""
        return self.way.following(page)

    def numbered(self, start: str, number: int, page_size: int) -> Ask | None:
        """Say how a page is asked for by its number."""
        return self.way.numbered(start, number, page_size)

    def entries(self, page: ListPage) -> list[Any] | None:
        """Return what a page lists."""
        return self.way.entries(page)

    def parsed(self, answer: Response) -> Any:
        """Return what is made of an answer."""
        return self.way.parsed(answer)

    def fault(self, page: ListPage) -> str:
        """Say why a page may lack entries."""
        return self.way.fault(page)

    def again(self, page_state: dict[str, Any]) -> Ask | None:
        """Say how to start anew for a page that failed."""
        return self.way.again(page_state)


@dataclass(frozen=True)
class Home(Pagination):
    """An index of which nothing is declared: one page, unless something on it leads to a page with other lists."""

    def following(self, page: ListPage) -> Ask | End:
        """Look behind the first link that leads on: it may as well be that of a list which the page shows itself."""
        url = next((lead.url for lead in leads_of(page) if lead.url), "")
        return Ask(url, page.number + 1) if url else End("one page")


@dataclass(frozen=True)
class Lists(Led):
    """The start page links to lists, each with its own pages: `Lists(".categories a", NextLink("li.next a"))`.

    A record that several lists show is stored once. `index` says how the page with the links itself goes on, with
    `total` and `last` of the lists. `Lists` may stand inside `Lists`, for categories in categories; with `levels`, the
    same links are looked for on every page, so many levels down. There a page may show lists, records, or both.
    """

    links: str = "a"
    pages: Pagination = field(default_factory=NextLink)
    index: Pagination | None = None
    levels: int = 1
    counts_lists: ClassVar[bool] = True

    @property
    def way(self) -> Pagination:
        """How the index goes on."""
        return self.index or Home()

    @property
    def sidebar(self) -> bool:  # type: ignore[override]
        """Whether a page that shows the lists of another is none of the index; else that is a fault of the site."""
        return self.index is None

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Ask for the first page of every list."""
        asks = self.lists_on(page, page.state.get("depth", 0))
        if asks or page.number > 1 or page.is_empty_by_total:
            return asks
        return End("no lists", gap=f"'{self.links}' found no link to a list on {page.url}")

    def lists_on(self, page: ListPage, depth: int) -> list[Ask]:
        """Return the first pages of the lists that a page links to, so many levels down."""
        raw = page.value(self.links) if self.json else addresses(page.response, self.links)
        found = [absolute(page.response, str(one))[0] for one in raw or ()]
        urls = list(dict.fromkeys(url for url in found if url))
        pages = Pagination() if self.levels > 1 or isinstance(self.pages, Lists) else self.pages
        asks = [pages.first(url) for url in urls]
        return [
            Ask(ask.url, 1, url, ask.method, ask.body, ask.headers, {**ask.state, "depth": depth + 1})
            for url, ask in zip(urls, asks, strict=True)
        ]

    def inner(self, state: dict[str, Any]) -> Pagination:
        """Return the pagination of the lists, once inside one."""
        depth = state.get("depth", 0)
        if not depth:
            return Category(self, 0, shows_records=True) if state.get("shows_records") else self
        if self.levels > 1:
            return Category(self, depth, shows_records=bool(state.get("shows_records")))
        if isinstance(self.pages, Lists) and depth == 1:
            return Category(self.pages, 0, above=1, shows_records=bool(state.get("shows_records")))
        inner = self.pages.inner({**state, "depth": depth - 1})
        return replace(inner, above=inner.above + 1) if isinstance(inner, Category) else inner

    def showing_records(self) -> Pagination | None:
        """Return the pagination of a start page that shows records: only in a tree is that a category."""
        return Category(self, 0, shows_records=True) if self.levels > 1 and self.index is None else None

    def leaves_out(self, ask: Ask) -> str:
        """Say why a list is not read: it lies further down than `levels` says."""
        depth = ask.state.get("depth", 0)
        if self.levels == 1:
            return self.pages.leaves_out(replace(ask, state={"depth": depth - 1}))
        return f"{depth} levels down, and `levels` is {self.levels}" if depth > self.levels else ""


@dataclass(frozen=True)
class Category(Led):
    """A page inside a tree of lists: it goes on as an index while it shows no records, and else as a list of them."""

    tree: Lists = field(default_factory=Lists)
    depth: int = 0
    above: int = 0
    """Levels above the tree itself."""
    shows_records: bool = False

    @property
    def way(self) -> Pagination:
        """How it goes on."""
        return self.tree.pages if self.shows_records else self.tree

    @property
    def counts_lists(self) -> bool:  # type: ignore[override]
        """Whether its entries are the lists that it leads to."""
        return not self.shows_records

    @property
    def sidebar(self) -> bool:  # type: ignore[override]
        """Whether a page that shows the lists of another is none of its own."""
        return self.tree.sidebar and not self.shows_records

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Ask for the lists further down."""
        return self.tree.lists_on(page, self.above + self.depth) or (None if self.shows_records else [])

    def showing_records(self) -> Pagination | None:
        """Return the same for a page that shows records."""
        return replace(self, shows_records=True)


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
    named_by_site: ClassVar[bool] = False
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
