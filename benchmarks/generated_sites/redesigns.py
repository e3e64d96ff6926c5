"""Generated redesigns: the list pages of a site before and after, and such as must not be taken for a redesign."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from .answers import BEFORE, Answers
from .layouts import STRUCTURES, STYLES, TWISTS, Layout, layouts
from .records import KINDS, made
from .records import Record as Written

PER_PAGE = 12
OF_PAGES = ("renamed", "rebuilt", *TWISTS)
OF_DATA = ("keys renamed", "keys moved")


@dataclass(frozen=True)
class Case:
    """A site before and after its redesign: two list pages each, and the records of both."""

    name: str
    kind: str
    """The redesign, or the trap."""
    before: tuple[str, str]
    after: tuple[str, str]
    values: tuple[tuple[str | None, ...], ...] = ()
    """The values of each field of the records, as `induction.text_of` writes them; of some sites not known."""
    data: Answers | None = None
    """How the list was written, where it is data."""
    posted: bool = False
    """Whether the second page is an answer to a POST: JSON with HTML in it."""


def redesigned(layout: Layout, kind: str, random: Random) -> Layout:
    """Return a template after a redesign."""
    if kind == "rebuilt":
        others = [name for name in STRUCTURES if name != layout.structure and name != "lines"]
        return replace(layout, structure=random.choice(others), style=random.choice(STYLES), seed=layout.seed + 500)
    style = random.choice([style for style in STYLES if style != layout.style])
    return replace(layout, style=style, seed=layout.seed + 500, twist=kind if kind in TWISTS else "")


def pages_of(layout: Layout, records: list[Written]) -> tuple[str, str]:
    """Return both list pages of a template."""
    first, second = (layout.page(records[at : at + PER_PAGE], number, 2) for number, at in ((1, 0), (2, PER_PAGE)))
    return first, second


def cases(seed: int, count: int) -> Iterator[Case]:
    """Yield the redesigns and the traps of a seed."""
    random = Random(seed)
    for number, layout in enumerate(layouts(seed, count)):
        records = made(layout.kind, 2 * PER_PAGE, layout.seed)
        kind = OF_PAGES[number % len(OF_PAGES)]
        after = redesigned(layout, kind, random)
        before = pages_of(layout, records)
        values = tuple(tuple(record[field.name].value if field.name in record else None for record in records)
                       for field in layout.fields)  # fmt: skip
        yield Case(f"{layout.name} to {after.structure}/{after.style}", kind, before, pages_of(after, records), values)
        if number % 4 == 0:
            yield Case(layout.name, "other values", before, pages_of(after, made(layout.kind, 2 * PER_PAGE, seed + 7)))
        if number % 4 == 2:
            yield Case(layout.name, "moved values", before, pages_of(after, moved(records, layout.kind, random)))
    yield from priced(seed, max(2, count // 8))
    yield from told_elsewhere(seed, max(4, count // 8))
    yield from data_cases(seed, max(6, count // 4))
    yield from posted_cases(seed, count)


def moved(records: list[Written], kind: str, random: Random) -> list[Written]:
    """Return records of which one field is that of the record before."""
    name = random.choice([field.name for field in KINDS[kind][1:] if all(field.name in record for record in records)])
    return [{**record, name: records[place - 1][name]} for place, record in enumerate(records)]


def priced(seed: int, count: int) -> Iterator[Case]:
    """Yield pages with a price and an old one, swapped, or with another price beside the one that is known."""
    random = Random(seed)
    for number in range(count):
        names = [f"{record['name'].text}" for record in made("product", 2 * PER_PAGE, seed + number)]
        prices = [random.randint(500, 9_000) for _ in names]
        higher = [price + random.randint(100, 4_000) for price in prices]
        named = random.choice([("price", "old-price"), ("now", "was"), ("c1", "c2")])
        new = named if random.random() < 0.5 else ("n1", "n2")
        both = _offers(names, prices, higher, named)
        yield Case(
            f"swap/{named[0]}/{new[0]}/{number}",
            "swapped prices",
            both,
            _offers(names, higher, prices, named, wrap=True),
        )
        lower = [price - random.randint(50, 400) for price in prices]
        alone = _offers(names, prices, [], named)
        yield Case(f"sale/{new[0]}/{number}", "sale", alone, _offers(names, lower, prices, new, wrap=True))


def told_elsewhere(seed: int, count: int) -> Iterator[Case]:
    """Yield pages and data whose counts have changed, with the old ones in another text: of a field, or a new one."""
    random = Random(f"told{seed}")
    for number in range(count):
        names = [f"{record['name'].text}" for record in made("product", 2 * PER_PAGE, seed + number)]
        votes = [random.randint(2, 9_000) for _ in names]
        later = [vote + random.randint(1, 400) for vote in votes]
        words = random.choice(("tag {}x", "pack of {} pieces", "no. {} here"))
        texts = [words.format(vote) for vote in votes]
        old = random.choice((("votes", "badge"), ("c1", "c2")))
        new = old if random.random() < 0.5 else random.choice((("votes", "n2"), ("n1", "n2"), ("n1", "note")))
        known = [*texts] if number % 2 else [""] * len(names)
        before, after = _told(names, votes, known, old), _told(names, later, texts, new, wrap=random.random() < 0.7)
        yield Case(f"told/{old[0]}/{new[0]}/{words}/{number}", "told elsewhere", before, after)
        answers = Answers("product", inside=random.random() < 0.4, as_texts=random.random() < 0.5)
        yield Case(
            f"data/told/{old[0]}/{new[0]}/{words}/{number}",
            "told elsewhere",
            _told_data(answers, names, votes, known, old),
            _told_data(answers, names, later, texts, new),
            data=answers,
        )


def _told(
    names: list[str], votes: list[int], texts: list[str], classes: tuple[str, str], *, wrap: bool = False
) -> tuple[str, str]:
    def inner(place: int) -> str:
        told = f'<i class="{classes[1]}">{texts[place]}</i>' if texts[place] else ""
        return f'<h3>{names[place]}</h3><b class="{classes[0]}">{votes[place]}</b>{told}'

    return _entries(inner, wrap=wrap)


def _told_data(
    answers: Answers, names: list[str], votes: list[int], texts: list[str], keys: tuple[str, str]
) -> tuple[str, str]:
    pages = []
    for page, start in enumerate((0, PER_PAGE), 1):
        entries = [
            {"name": names[place], keys[0]: votes[place], **({keys[1]: texts[place]} if texts[place] else {})}
            for place in range(start, start + PER_PAGE)
        ]
        pages.append(answers.written({BEFORE[0]: entries, BEFORE[1]: page < 2}, page, 2))
    return pages[0], pages[1]


def _offers(
    names: list[str], prices: list[int], old: list[int], classes: tuple[str, str], *, wrap: bool = False
) -> tuple[str, str]:
    def inner(place: int) -> str:
        was = f'<span class="{classes[1]}">£{old[place] / 100:.2f}</span>' if old else ""
        return f'<h3>{names[place]}</h3><span class="{classes[0]}">£{prices[place] / 100:.2f}</span>{was}'

    return _entries(inner, wrap=wrap)


def _entries(inner: Callable[[int], str], *, wrap: bool) -> tuple[str, str]:
    """Return both list pages, of entries with what stands in each; wrapped as after a redesign if wanted."""
    before, after = ('<section class="offer"><div>', "</div></section>") if wrap else ('<div class="item">', "</div>")
    pages = []
    for start in (0, PER_PAGE):
        rows = "".join(f"{before}{inner(place)}{after}" for place in range(start, start + PER_PAGE))
        following = '<a class="next" href="?page=2">Next</a>' if not start else ""
        pages.append(f"<html><body><main>{rows}</main>{following}</body></html>")
    return pages[0], pages[1]


def data_cases(seed: int, count: int) -> Iterator[Case]:
    """Yield redesigns and traps of lists that are data."""
    random = Random(f"data{seed}")
    for number in range(count):
        kind = list(KINDS)[number % len(KINDS)]
        before = Answers(kind, inside=random.random() < 0.4, as_texts=random.random() < 0.5)
        records = made(kind, 2 * PER_PAGE, seed + number)
        for redesign in OF_DATA:
            after = replace(before, redesign=redesign, seed=seed + number)
            name = f"data/{kind}/{'inside' if after.inside else 'answer'}/{number}"
            old = data_pages(before, records)
            yield Case(name, redesign, old, data_pages(after, records), data=before)
            if number % 2:
                others = made(kind, 2 * PER_PAGE, seed + number + 7_000)
                yield Case(name, "other values", old, data_pages(after, others), data=before)
            else:
                yield Case(name, "moved values", old, data_pages(after, moved(records, kind, random)), data=before)
        yield from priced_data(random, before, records)


def posted_cases(seed: int, count: int) -> Iterator[Case]:
    """Yield redesigns and traps of lists that go on by POST: every fourth template of a seed."""
    random = Random(f"posted{seed}")
    for number, layout in enumerate(list(layouts(seed + 50, count))[::4]):
        after = redesigned(layout, "rebuilt", random)
        records = made(layout.kind, 2 * PER_PAGE, layout.seed)
        values = tuple(tuple(record[field.name].value if field.name in record else None for record in records)
                       for field in layout.fields)  # fmt: skip
        (first, second), (now, later) = pages_of(layout, records), pages_of(after, records)
        name, before = f"posted/{layout.name} to {after.structure}/{after.style}", (first, json.dumps({"html": second}))
        yield Case(name, "posted", before, (now, json.dumps({"ok": 1, "data": {"list": later}})), values, posted=True)
        trap, answer = [("posted again", {"data": {"list": now}}), ("posted nothing", {"data": {"list": []}})][
            number % 2
        ]
        yield Case(name, trap, before, (now, json.dumps(answer)), values, posted=True)


def data_pages(answers: Answers, records: list[Written]) -> tuple[str, str]:
    """Return both pages of a list that is data."""
    return answers.page(records[:PER_PAGE], 1, 2), answers.page(records[PER_PAGE:], 2, 2)


def priced_data(random: Random, answers: Answers, records: list[Written]) -> Iterator[Case]:
    """Yield lists with a price and an old one, swapped, or with another price beside the one that is known."""
    names = [next(iter(record.values())).value for record in records]
    prices = [float(random.randint(500, 9_000)) / random.choice((1, 100)) for _ in names]
    higher = [round(price * random.uniform(1.1, 1.6), 2) for price in prices]
    lower = [round(price * random.uniform(0.4, 0.9), 2) for price in prices]
    price, old = random.choice([("price", "old_price"), ("now", "was"), ("c1", "c2")])
    new = random.choice([("price", "list_price"), ("n1", "n2"), ("cost", "was"), ("sale", "price")])
    every = range(len(names))
    on_sale = [place for place in every if random.random() < 0.5] if random.random() < 0.5 else list(every)

    def pages(entry: Callable[[int], dict[str, Any]]) -> tuple[str, str]:
        answer = [{BEFORE[0]: [{"name": names[place], **entry(place)} for place in part], BEFORE[1]: number < 2}
                  for number, part in enumerate((every[:PER_PAGE], every[PER_PAGE:]), 1)]  # fmt: skip
        return answers.written(answer[0], 1, 2), answers.written(answer[1], 2, 2)

    both = pages(lambda place: {price: prices[place], old: higher[place]})
    swapped = pages(lambda place: {price: higher[place], old: prices[place]})
    yield Case(f"data/swap/{price}", "swapped prices", both, swapped, data=answers)
    alone = pages(lambda place: {price: prices[place]})
    on_offer = pages(lambda place: {new[0]: lower[place], new[1]: prices[place]} if place in on_sale
                     else {new[1]: prices[place]})  # fmt: skip
    yield Case(f"data/sale/{price}/{new[0]}/{new[1]}", "sale", alone, on_offer, data=answers)
