"""One list on its way from its first page to its end: which pages are asked for, and what is seen of them."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from scraper.paging.ask import Ask, End
from scraper.paging.leads import Lead
from scraper.paging.numbering import Numbering
from scraper.paging.sightings import Sightings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scraper.core.config.sections import Tier
    from scraper.paging.facts import PageFacts
    from scraper.paging.kind import Pagination


GIVE_UP = 10
"""Pages in a row that are stated, but show nothing new or cannot be read, before no more are asked for."""

SHOWS_RECORDS = "shows_records"
"""In the state of a list that might show lists: that it was found to show records."""


class Chain(Sightings):
    """The pages of one list. Each event returns the pages to ask for next."""

    def __init__(self, name: str, kind: Pagination, window: int, ahead: int) -> None:
        super().__init__(name, kind)
        self.limited = False
        self.tier: Tier = "html"
        """How the latest page was read."""
        self.first_state: dict[str, Any] = {}
        """What its pagination must know of it, as its first page was asked for with."""
        self._window, self._ahead = window, ahead
        self._asked: dict[int, Ask] = {}
        self._waiting: set[int] = set()
        self._known: dict[int, list[bool]] = {}
        self.by_number: set[int] = set()
        """Pages that were asked for by their number, without a link to them."""
        self._first_gap = 2
        self._identities: dict[tuple[str, ...], int] = {}
        self._numbering: Numbering | None = None

    def address(self, number: int) -> str:
        """Return where a page is, for a message."""
        ask = self._asked.get(number)
        return self.pages[number].url if number in self.pages else ask.url if ask else self.start

    def asked_as(self, number: int) -> str:
        """Return the address of a page with the numbers that its form sends, to be held against those of others."""
        body = self._asked[number].body if number in self._asked else ""
        sent = urlencode([(name, value) for name, value in parse_qsl(body) if value.isdecimal()])
        return f"{self.address(number)}?{sent}" if sent else self.address(number)

    def redirected(self) -> Iterator[tuple[int, str, str]]:
        """Yield the pages that came from another address than they were asked for at: number, asked for, and got."""
        for number, page in self.pages.items():
            if (ask := self._asked.get(number)) and ask.url != page.url:
                yield number, ask.url, page.url

    def leads_on(self) -> list[str]:
        """Return what on the last page of the list leads to a page that was not read, in words."""
        read = {Ask(page.url).identity for page in self.pages.values() if page.new}
        # The first page was asked for without its number, and may link to itself with it.
        new = [number for number, page in self.pages.items() if page.new]
        by_number = (self.kind.numbered(self.start, number, self._page_size) for number in new)
        read |= {ask.identity for ask in by_number if ask}
        leads = (Lead(*lead) for lead in self.leads.get(self.top or 1, ()))
        return [
            lead.what
            for lead in leads
            if not (lead.url and Ask(lead.url).identity in read) and not 0 < lead.beyond <= self.found
        ]

    def never_came(self) -> list[int]:
        """Return the pages that were asked for and neither arrived nor failed."""
        return sorted(self._waiting)

    def begin(self, ask: Ask) -> None:
        """Note the first page."""
        self.start = ask.url
        self.first_state = ask.state
        self._note(ask)

    def become(self, kind: Pagination, state: Mapping[str, Any]) -> None:
        """Go on as another kind of pagination, as its first page has shown; `state` tells whoever reads others."""
        self.kind, self.first_state = kind, dict(state)

    @property
    def shows_records(self) -> bool:
        """Whether it is a list that was found to show records, and perhaps lists as well."""
        return bool(self.first_state.get(SHOWS_RECORDS))

    def note_of(self, number: int) -> dict[str, Any]:
        """Return what the request of a page says of the list, for whoever reads the page and does not know it."""
        ask = self._asked[number]
        note = {"start": self.start, "state": self.first_state, "probe": ask.probe, "guess": number in self.by_number}
        return {name: value for name, value in note.items() if value}

    def expect(self, ask: Ask, note: Mapping[str, Any]) -> None:
        """Take in that a page was asked for by somebody else."""
        if ask.number not in self._asked:
            self._note(replace(ask, probe=note.get("probe", False)))
            if note.get("guess"):
                self.by_number.add(ask.number)

    def take(self, number: int, facts: PageFacts) -> list[Ask]:
        """Take in what a page told; nothing more when it was taken in before."""
        if number in self.pages:
            return []
        self._waiting.discard(number)
        seen = self.see(number, facts.url, facts.entries, facts.listed)
        self.tier = facts.tier
        self.without_record += [number] * facts.without_record
        self._take_statements(facts)
        if facts.leads:
            self.leads[number] = facts.leads
        if facts.closed is not None:
            self.closed[number] = facts.closed
        if facts.skeleton is not None and not self._asked[number].probe:
            self.skeletons[number] = facts.skeleton
        # Behind what the site calls the end, an error is one more way to say so.
        self._note_fault(number, "" if self._asked[number].probe else facts.fault)
        if self._asked[number].probe and not seen.new:
            return []
        asks = []
        if isinstance(facts.following, Ask) and facts.following.number not in self.by_number:
            self._learn(facts.following)
        following = self._guarded(number, facts.following)
        if isinstance(following, End):
            self.ends[number] = following
        elif following.number not in self._asked and not self.limited:
            self._note(following)
            asks.append(following)
        return [*asks, *self._by_number()]

    def note_known(self, number: int, known: Sequence[bool], most: int) -> None:
        """Take in which of a page's entries are known, and ask for no more pages after `most` of them in a row."""
        self._known[number] = list(known)
        row = 0
        for page in range(1, len(self._known) + 1):
            for is_known in self._known.get(page, [False]):
                row = row + 1 if is_known else 0
                self.limited = self.limited or row >= most

    def lead_to_lists(self, number: int, fault: str = "") -> None:
        """Take in that a page has no records of its own but leads to lists, or not to all: `fault` says why."""
        self._waiting.discard(number)
        self._note_fault(number, fault)
        self.led_to_lists += 1

    def leave_out(self, number: int, lists: Sequence[str]) -> None:
        """Take in that a page leads to lists that are not read, each with the reason."""
        if lists:
            more = f", and {len(lists) - 1} more" if len(lists) > 1 else ""
            self.left_out[number] = f"leads to lists that are not read: {lists[0]}{more}"

    def failed_to_read(self, number: int, why: str) -> list[Ask]:
        """Take in that a page could not be read."""
        self._waiting.discard(number)
        self.failed[number] = why
        return list(self._by_number())

    def is_absent(self, number: int) -> list[Ask]:
        """Take in that the site has no page of a number that was looked for."""
        self._waiting.discard(number)
        self.absent.add(number)
        return list(self._by_number())

    def may_be_absent(self, number: int, *, missing: bool) -> bool:
        """Return whether a page that failed need not exist; `missing`: the site says that it does not."""
        guessed = self.last is None and number in self.by_number
        ask = self._asked.get(number)
        return (missing and guessed) or bool(ask and ask.probe)

    def expected_last(self) -> int | None:
        """Return how many pages there are by what the site states; None when it states nothing."""
        if self.last is not None:
            return self.last
        size = self._page_size
        return ceil(self.total / size) if self.total is not None and size else None

    @property
    def _page_size(self) -> int:
        """How many entries its first page has."""
        return self.pages[1].size if 1 in self.pages else 0

    def _note_fault(self, number: int, fault: str) -> None:
        if fault:
            self.faults[number] = fault

    def _take_statements(self, facts: PageFacts) -> None:
        """Take in the totals that a page states; the latest count."""
        self.last = facts.last or self.last
        if facts.total is not None:
            self.total = facts.total
            self.first_total = self.total if self.first_total is None else self.first_total
        if facts.remark:
            self.remarks.append(facts.remark)

    def _guarded(self, number: int, following: Ask | End) -> Ask | End:
        """Turn a next page that would lead in a circle, or nowhere for long, into an end."""
        if isinstance(following, End):
            return following
        repeats = self.repeats(number)
        if repeats is not None and self.kind.sidebar:
            return End("a page with the same lists", sure=True)
        if repeats is not None:
            return End(
                "a page that was shown before",
                doubt=f"page {number} shows the same records as page {repeats}, though it links on",
            )
        earlier = self._identities.get(following.identity)
        if earlier is not None and earlier <= number:
            return End("a circle", doubt=f"page {number} leads back to page {earlier}")
        latest = [self.pages.get(number - back) for back in range(self.kind.patience)]
        if all(earlier_page and not earlier_page.new for earlier_page in latest):
            return End(
                "pages without a new record",
                doubt=f"it was left after {self.kind.patience} pages in a row without a new record, though it links on",
            )
        return following

    def _learn(self, ask: Ask) -> None:
        """Learn how pages are addressed, and unlearn it when a link contradicts."""
        if not self.kind.chained or ask.method != "GET" or ask.headers:
            return
        if ask.number == 2 and not self._numbering:
            self._numbering = Numbering.learn(ask.url, 2)
        elif self._numbering and self._numbering.url(ask.number) != ask.url:
            self._numbering = None

    def _note(self, ask: Ask) -> None:
        self._asked[ask.number] = ask
        self._waiting.add(ask.number)
        self.asked = max(self.asked, ask.number)
        self._identities.setdefault(ask.identity, ask.number)

    def _by_number(self) -> Iterator[Ask]:
        """Yield the pages that can be asked for by their number, while there is room."""
        while not self.limited and (number := self._next_number()) is not None:
            ask = self._numbered(number)
            if ask is None:
                return
            self._note(ask)
            self.by_number.add(number)
            yield ask

    def _numbered(self, number: int) -> Ask | None:
        expected = self.expected_last()
        probe = (self.kind.chained or expected is not None) and number > (expected or 0)
        if self._numbering:
            return Ask(self._numbering.url(number), number, probe=probe)
        ask = self.kind.numbered(self.start, number, self.pages[1].size)
        return replace(ask, probe=probe) if ask else None

    def _next_number(self) -> int | None:
        """Return the next page to ask for by its number, or None: there is none, or no room now."""
        if 1 not in self.pages:
            return None
        while self._first_gap in self._asked:
            self._first_gap += 1
        if self._is_over():
            return None
        expected = self.expected_last()
        if self._first_gap <= (expected or 0) and (self._numbering or not self.kind.chained):
            return self._first_gap if len(self._waiting) < self._window else None
        if not self.kind.chained and expected is None and not getattr(self.kind, "more", ""):
            return self._ahead_of_what_is_known()
        return self._behind_the_last()

    def _ahead_of_what_is_known(self) -> int | None:
        """Return a page that may exist; nothing says how many there are."""
        room = len(self._waiting) < self._ahead and self.asked < self.top + max(2, self._ahead)
        return self.asked + 1 if room else None

    def _behind_the_last(self) -> int | None:
        """Return, at rest, the page behind what seems to be the last: whether there is one is looked up."""
        if self._waiting:
            return None
        behind = 2 if self.asked > self.top and not self._asked[self.asked].probe else 1
        return self.asked + 1 if self.asked < self.top + behind else None

    def _is_over(self) -> bool:
        """Return whether the site itself says that nothing follows."""
        end = self.ends.get(self.top)
        if end and end.sure:
            return True
        if self.total is not None and self.found >= self.total:
            return True
        if self.last is None and all(self.shows_nothing(self.top + more) for more in (1, 2)):
            return True
        if self.last is None:
            return False
        given_up = all(
            self.shows_nothing(number, or_failed=True) for number in range(self.top + 1, self.top + GIVE_UP + 1)
        )
        return given_up or self._first_gap > self.last
