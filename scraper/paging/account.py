"""Account for a list that was read: what is missing from it, and what makes it doubtful that it is whole.

The rules are the table in docs/reference/runs.md. A gap is known to be missing and makes the run incomplete; a doubt is
evidence that cannot be weighed without knowing the site, and makes it unknown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.paging.chain import Chain

NAMED = 3
"""Pages named in one reason; the others are counted."""

PAGES_TO_KNOW_A_SIZE = 3
"""Pages before the last that must agree, all but one, before a shorter one is conspicuous."""


@dataclass(frozen=True)
class Account:
    """What speaks against a list being whole, one line each."""

    gaps: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def account_for(chain: Chain) -> Account:
    """Hold what was seen of a list against what the site and the other pages say of it."""
    faults = [f"{_page(chain, number)} {fault}" for number, fault in sorted(chain.faults.items())]
    if chain.led_to_lists:
        return Account(faults, [f"{_list(chain)}: {remark}" for remark in chain.remarks])
    gaps = [*_missing_pages(chain), *_entries_without_record(chain)]
    totals = [total for total in (chain.first_total, chain.total) if total is not None]
    whole = bool(totals) and min(totals) <= chain.found <= max(totals)
    if totals and chain.found < min(totals):
        gaps.append(f"{_list(chain)} states {chain.total} records and shows {chain.found}")
    gaps += [] if whole and chain.found else faults
    end = chain.end
    if end is not None and end.gap:
        gaps.append(f"{_list(chain)}: {end.gap}")
    return Account(gaps, [] if whole else list(_doubts(chain)))


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
        yield f"{_list(chain)} states {chain.total} records and shows {chain.found}: is that its total?"
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
    if chain.hint and chain.top == 1:
        yield f"{_list(chain)} has no second page, but there seems to be a link to one: {_path(chain.hint)}"
    if chain.end is not None and chain.end.doubt:
        yield f"{_list(chain)}: {chain.end.doubt}"
    yield from _short_page(chain)


def _short_page(chain: Chain) -> Iterator[str]:
    """Name the one page before the last that is shorter than all others."""
    sizes = {number: page.size for number, page in chain.pages.items() if number < chain.top}
    if len(sizes) < PAGES_TO_KNOW_A_SIZE:
        return
    usual, times = Counter(sizes.values()).most_common(1)[0]
    short = [number for number, size in sizes.items() if 0 < size < usual]
    if len(short) == 1 and times >= len(sizes) - 1:
        yield f"{_page(chain, short[0])} shows {sizes[short[0]]} records, the other pages {usual}"


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
