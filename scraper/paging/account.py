"""Account for a list that was read: what is missing from it, and what makes it doubtful that it is whole.

The rules are the table in docs/reference/runs.md. A gap is known to be missing and makes the run incomplete; a doubt is
evidence that cannot be weighed without knowing the site, and makes it unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scraper.paging.numbering import skipped
from scraper.paging.skeleton import Skeleton, estrangement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.paging.chain import Chain
    from scraper.paging.sightings import Sightings

NAMED = 3
"""Pages named in one reason; the others are counted."""

PAGES_TO_KNOW_A_SIZE = 3
"""Pages that must be known before a shorter one is conspicuous: those before the last, and the last if it is full."""

LEAST_OVERLAP, OVERLAP = 2, 0.2
"""Records, and the share of a page's, that it shows again before that is conspicuous: new ones move a few along."""


@dataclass(frozen=True)
class Account:
    """What speaks against a list being whole, one line each."""

    gaps: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def account_for(chain: Chain) -> Account:
    """Hold what was seen of a list against what the site and the other pages say of it."""
    faults = [f"{_page(chain, number)} {fault}" for number, fault in sorted(chain.faults.items())]
    left_out = [f"{_page(chain, number)} {what}" for number, what in sorted(chain.left_out.items())]
    if chain.led_to_lists and not chain.pages:
        return Account(faults, [f"{_list(chain)}: {remark}" for remark in chain.remarks])
    gaps = [*left_out, *_missing_pages(chain), *_entries_without_record(chain)]
    totals = [total for total in (chain.first_total, chain.total) if total is not None]
    whole = bool(totals) and min(totals) <= chain.found <= max(totals)
    if totals and chain.found < min(totals):
        gaps.append(f"{_list(chain)} states {chain.total} {_noun(chain)} and shows {chain.found}")
    gaps += [] if whole and chain.found else faults
    end = chain.end
    if end is not None and end.gap:
        gaps.append(f"{_list(chain)}: {end.gap}")
    return Account(gaps, [] if whole else list(_doubts(chain)))


def _noun(chain: Chain) -> str:
    return "lists" if chain.kind.counts_lists else "records"


def _missing_pages(chain: Chain) -> Iterator[str]:
    """Name the pages that should have shown records and did not."""
    stated = chain.last or 0
    last = max(chain.top, stated)
    if stated > chain.asked:
        last = chain.top
        how = f"nothing new came after page {last}" if chain.asked > last else f"nothing leads further than page {last}"
        yield f"{_list(chain)} states {stated} pages, and {how}"
    empty, unread = [], []
    for number in range(1, last + 1):
        page = chain.pages.get(number)
        if page is None:
            # One that failed is a dead page of the run, and named there.
            unread += [] if number in chain.failed else [number]
        elif not page.new and (repeats := chain.repeats(number)) is not None:
            yield f"{_page(chain, number)} shows the same records as page {repeats}"
        elif not page.new and number > 1:
            empty.append(number)
    if empty:
        later = f"page {chain.top} does" if chain.top > empty[0] else f"{chain.last} pages are stated"
        yield f"{_pages(chain, empty)} {'shows' if len(empty) == 1 else 'show'} no new record, though {later}"
    if unread:
        of = f" of {chain.last}" if chain.last else ""
        why = "does not exist" if unread[0] in chain.absent else "was not reached"
        yield (
            f"{_pages(chain, unread)}{of} is missing: {why}"
            if len(unread) == 1
            else (f"{_pages(chain, unread)}{of} are missing: the first {why}")
        )
    broken = [number for number in chain.failed if number > last]
    if broken and not chain.last:
        number = min(broken)
        yield f"{_list(chain)} broke off at {_page(chain, number)}, which {chain.failed[number]}"
    lost = [number for number in chain.never_came() if number > last]
    if lost and not broken:
        yield f"{_list(chain)} broke off: {_pages(chain, lost)} never arrived"


def _entries_without_record(chain: Chain) -> Iterator[str]:
    if chain.without_record:
        count, number = len(chain.without_record), chain.without_record[0]
        what = "entry gave" if count == 1 else "entries gave"
        yield f"{count} {what} neither a record nor a link, the first on {_page(chain, number)}"


def _doubts(chain: Chain) -> Iterator[str]:
    """Name what is odd, where the site states no total that was reached."""
    for remark in chain.remarks:
        yield f"{_list(chain)}: {remark}"
    if chain.total is not None and chain.found > chain.total:
        yield f"{_list(chain)} states {chain.total} {_noun(chain)} and shows {chain.found}: is that its total?"
    if 1 in chain.pages and not chain.pages[1].size and chain.total != 0 and not chain.kind.may_be_empty:
        yield f"{_list(chain)} shows no entry on its first page"
    unlinked = [
        number
        for number, end in chain.ends.items()
        if number < chain.top and chain.last is None and chain.repeats(number) is None and not end.sure
    ]
    if unlinked and chain.kind.chained:
        number = unlinked[0]
        yield f"{_page(chain, number)} leads no further ({chain.ends[number].reason}), though page {number + 1} exists"
    if (leads := chain.leads_on()) and not (chain.end is not None and chain.end.doubt):
        end = "is one page" if chain.top <= 1 else f"ends at {_page(chain, chain.top)}"
        yield f"{_list(chain)} {end} ({chain.end.reason if chain.end else 'no further one was found'}), but {leads[0]}"
    if chain.end is not None and chain.end.doubt:
        yield f"{_list(chain)}: {chain.end.doubt}"
    linked = {number: chain.asked_as(number) for number in range(1, chain.top + 1) if number not in chain.by_number}
    if chain.kind.chained and (before := skipped(linked)) is not None:
        yield f"{_page(chain, before)} leads on to {_path(linked[before + 1])}: is a page left out between them?"
    yield from _strange_pages(chain)
    yield from _cut_pages(chain)
    if numbers := short(chain):
        more = f", and so {len(numbers) - 1} more" if len(numbers) > 1 else ""
        usual = max(page.size for page in chain.pages.values())
        yield f"{_page(chain, numbers[0])} shows {chain.pages[numbers[0]].size} records, the other pages {usual}{more}"
    for number, again in islice(overlapping(chain), 1):
        yield f"{_page(chain, number)} shows {again} records of the pages before it again: are as many left out?"


def short(seen: Sightings) -> list[int]:
    """Return the pages before the last that are shorter than half of them or more, where none is longer."""
    usual = max((page.size for page in seen.pages.values()), default=0)
    last = seen.pages.get(seen.top)
    known = {
        number: page.size
        for number, page in seen.pages.items()
        if page.size and (number < seen.top or (page is last and page.size == usual))
    }
    shorter = sorted(number for number, size in known.items() if size < usual)
    is_conspicuous = len(known) >= PAGES_TO_KNOW_A_SIZE and 2 * len(shorter) <= len(known)
    return shorter if is_conspicuous else []


def overlapping(seen: Sightings) -> Iterator[tuple[int, int]]:
    """Yield the pages that show many records of the pages before them again, and how many.

    Those that every page shows are left out of account.
    """
    first = min(seen.pages, default=1)
    again = {number: page.different - page.new for number, page in seen.pages.items() if number > first and page.new}
    for number in sorted(again):
        others = [count for other, count in again.items() if other != number]
        excess = again[number] - min(others, default=0)
        if excess >= max(LEAST_OVERLAP, OVERLAP * seen.pages[number].different):
            yield number, again[number]


def _strange_pages(chain: Chain) -> Iterator[str]:
    """Name what stands at the end of a list instead of its page."""
    usual = next((chain.skeletons[n] for n in (2, 1) if n in chain.skeletons and chain.pages[n].size), Skeleton())
    for number in sorted(chain.skeletons):
        if number <= max(chain.top, chain.last or 0, 1) or (chain.kind.sidebar and chain.pages[number].size):
            continue
        guessed = number in chain.by_number
        what = estrangement(chain.skeletons[number], usual, guessed=guessed)
        if what:
            yield f"{_page(chain, number)} shows no entry and {what}"
        elif not guessed and not chain.skeletons[number].says_none and not _ends_short(chain, number - 1):
            what = "no new record" if chain.pages[number].size else "no entry"
            yield f"{_page(chain, number)} is linked to and shows {what}, though the pages before it are full"
        else:
            continue
        return


def _cut_pages(chain: Chain) -> Iterator[str]:
    """Name the pages that break off where others have their closing tag: a program stopped while it wrote them."""
    cut = [number for number, closed in sorted(chain.closed.items()) if not closed and number <= chain.top]
    if cut and any(chain.closed.values()):
        others = "the other pages have" if len(chain.closed) > len(cut) + 1 else "another page has"
        yield f"{_pages(chain, cut)} {'lacks' if len(cut) == 1 else 'lack'} the closing tag that {others}: cut off?"


def _ends_short(chain: Chain, number: int) -> bool:
    """Return whether a page is shorter than those before it, as last pages are."""
    page, before = chain.pages.get(number), [page.size for n, page in chain.pages.items() if n < number]
    return page is not None and page.size < max(before, default=0)


def _page(chain: Chain, number: int) -> str:
    address = chain.address(number)
    same_host = urlsplit(address).netloc == urlsplit(chain.start).netloc
    return f"page {number} ({_path(address) if same_host else address})"


def _pages(chain: Chain, numbers: list[int]) -> str:
    if len(numbers) == 1:
        return _page(chain, numbers[0])
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    return f"pages {', '.join(map(str, numbers[:NAMED]))}{more} of {_list(chain)}"


def _list(chain: Chain) -> str:
    return f"the list {_path(chain.name)}"


def _path(address: str) -> str:
    parts = urlsplit(address)
    return address if not parts.netloc else parts.path + (f"?{parts.query}" if parts.query else "")
