"""What every kind of pagination has in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from scraper.fetch.http.responses import HtmlPage
from scraper.page_data.answers import fault_of
from scraper.paging.ask import Ask, End
from scraper.paging.values import decoded, in_html, in_json, stated_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response


@dataclass(frozen=True, kw_only=True)
class Pagination:
    """How the pages of a list are found.

    What is the same for all kinds:

    - `json`: the answers are JSON, and this JMESPath finds their records; the start page itself is not read;
    - `html`: the answers after the start page are JSON, and this JMESPath finds the HTML in them;
    - `total`: where a page states how many records the list has ("1000 results"); a selector, or a JMESPath for JSON;
    - `last`: where a page states how many pages there are ("Page 1 of 50"), or the number itself;
    - `patience`: how many pages in a row may show no new record before the list is left.
    """

    json: str = ""
    html: str = ""
    total: str = ""
    last: str | int = ""
    patience: int = 3

    chained: ClassVar[bool] = True
    """Whether one page leads to the next; else every page has a number that it can be asked for by."""
    data_link: ClassVar[str] = ""
    """Where an entry that is no HTML holds the address of its record's page."""
    binary: ClassVar[bool] = False
    """Whether the answers may be compressed files."""
    may_be_empty: ClassVar[bool] = False
    """Whether it is nothing special that a list has no entry at all."""

    named_by_site: ClassVar[bool] = True
    """Whether the names of its lists are the same in every run."""
    in_parts: ClassVar[bool] = False
    """Whether lists whose addresses differ in a number are parts of one, all full but the last."""
    counts_lists: ClassVar[bool] = False
    """Whether the entries of its pages are the lists that they lead to."""
    sidebar: ClassVar[bool] = False
    """Whether a page that shows what another shows is none of its own, and so an end."""

    def first(self, start: str) -> Ask:
        """Say how the first page is asked for, given the address at which the crawl starts."""
        return Ask(start)

    def following(self, page: ListPage) -> Ask | End:
        """Say which page follows this one, or why none does; by default the list is one page."""
        return End("one page", sure=True)

    def numbered(self, start: str, number: int, page_size: int) -> Ask | None:
        """Say how a page is asked for by its number, given the first page's address and number of records."""
        return None

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Return the lists that a page leads to, or why not; None for a page of records."""
        return None

    def inner(self, state: dict[str, Any]) -> Pagination:
        """Return the pagination of a list that `sublists` led to, given the state it was asked for with."""
        return self

    def showing_records(self) -> Pagination | None:
        """Return the pagination of a page that turns out to show records, where it may show lists instead."""
        return None

    def leaves_out(self, ask: Ask) -> str:
        """Say why a list that it led to is not read; empty when it is."""
        return ""

    def entries(self, page: ListPage) -> list[Any] | None:
        """Return what a page lists, where it is neither HTML nor JSON; None: the spider's `items` find it."""
        return None

    def listed(self, page: ListPage) -> int | None:
        """Return how many entries a page has, where `entries` finds only those that are followed."""
        return None

    def parsed(self, answer: Response) -> Any:
        """Return what `entries`, `sublists` and `following` need of an answer; a page does this once."""
        return None

    def fault(self, page: ListPage) -> str:
        """Say in words for the run's reasons why a page may lack entries that its list has; empty when it is whole."""
        path = self.json or (self.html if page.number > 1 else "")
        if not path or page.is_empty_by_total:
            return ""
        found = in_json(page.data, path)
        # A list may well begin with nothing, which its account has a word for, unless its kind says that it may.
        nothing = "" if found is None and page.number == 1 and not self.may_be_empty else found
        return fault_of(page.data, path, nothing)

    def again(self, page_state: dict[str, Any]) -> Ask | None:
        """Say how to start anew for a page that failed because the site forgot what came before; None: do not."""
        return None


class ListPage:
    """A page of a list that has arrived."""

    def __init__(self, answer: Response, kind: Pagination, number: int, state: dict[str, Any] | None = None) -> None:
        self.answer = answer
        self.kind = kind
        self.number = number
        self.state = state or {}
        self.entries_found: list[Any] = []
        """Its entries, once they were looked for."""
        self.left_out = ""
        """Why some of its entries are not among those, for a person."""
        self.is_stated = False
        """Whether the site states that there is a page of this number."""

    def take(self, response: Response, entries: list[Any]) -> None:
        """Go on with the same page as another parser has read it."""
        self.answer = self.response = response
        self.entries_found = entries

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self.entries_found)

    @property
    def fault(self) -> str:
        """What it lacks, for a person; empty when it has everything."""
        return "; ".join(filter(None, (self.left_out, self.kind.fault(self))))

    @property
    def url(self) -> str:
        """Its address."""
        return self.answer.url

    @property
    def is_data(self) -> bool:
        """Whether its entries are no HTML."""
        return bool(self.kind.json or self.kind.data_link)

    @property
    def is_html(self) -> bool:
        """Whether it is a page of HTML by itself, and no data nor a piece that an API answered."""
        return not self.is_data and not (self.kind.html and self.number > 1) and hasattr(self.answer, "selector")

    @cached_property
    def parsed(self) -> Any:
        """What its kind of pagination makes of it."""
        return self.kind.parsed(self.answer)

    @cached_property
    def data(self) -> Any:
        """The decoded JSON; raises NotJsonError."""
        return decoded(self.answer)

    @cached_property
    def response(self) -> Response:
        """The page to select from: the answer, or the HTML inside its JSON."""
        if not self.kind.html or self.number == 1:
            return self.answer
        fragment = in_json(self.data, self.kind.html)
        return HtmlPage(self.url, body=str(fragment or "").encode(), encoding="utf-8", request=self.answer.request)

    @property
    def is_empty_by_total(self) -> bool:
        """Whether it states that its list has no record."""
        return bool(self.kind.total) and self.stated(self.kind.total)[0] == 0

    def value(self, place: str) -> Any:
        """Return what the page has at a place: a JMESPath for JSON, else a selector; None for nothing."""
        if self.kind.json or (self.kind.html and self.number > 1):
            return in_json(self.data, place)
        return in_html(self.response, place)

    def stated(self, place: str) -> tuple[int | None, Any]:
        """Return the number that the page states at a place, and what stands there."""
        found = self.value(place)
        return stated_number(found), found
