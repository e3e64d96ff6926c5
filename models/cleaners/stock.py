"""Text about stock to whether something can be bought now."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
from functools import lru_cache
from typing import NamedTuple

from models.cleaners.late_pattern import late
from models.cleaners.numeric import is_number, whole
from models.cleaners.refusal import refusal, wrong_type
from models.cleaners.stock_phrases import phrase_at
from models.cleaners.stock_words import (
    ANSWERS,
    ELSEWHERE,
    HEDGES,
    LATER,
    MONTHS,
    NEGATORS,
    NEGATORS_AFTER,
    SHORTLY,
    SOON,
    TIME_UNITS,
    WITHIN,
    said_without_spaces,
)
from models.cleaners.text import short_line

LONGEST_TEXT = 200
"""Characters; a longer text is a description."""

MAX_COUNT = 2**63 - 1
"""The largest integer of BSON."""

STOCK = "text such as 'In stock' or 'Sold out'"

# The values of https://schema.org/ItemAvailability; those left out say nothing about now.
_AVAILABILITY = {
    "instock": True,
    "instoreonly": True,
    "limitedavailability": True,
    "onlineonly": True,
    "outofstock": False,
    "soldout": False,
    "discontinued": False,
    "reserved": False,
    "backorder": None,
    "madetoorder": None,
    "preorder": None,
    "presale": None,
}
_USUAL_STOCK = late(r"In stock(?: \([1-9][0-9]* available\))?", re.IGNORECASE)
_SCHEMA = late(r"(?:https?://(?:www\.)?schema\.org/|schema:)?([A-Za-z]+)/?")
_CLAUSE_END = late(
    r"(?<![0-9])\.+(?!\w)|[!;,|•·\n()\[\]]+(?!\w)|[()\[\]]| [-–—]+ |(?<=[?])(?= )(?! *(?:yes|no)\b)", re.IGNORECASE
)
_NEGATIVE = late(r"(?:(?<![^\s:(=])[-−]|\bminus )[0-9]", re.IGNORECASE)
_TOKEN = late(r"[:=?]|[^\s:=?\"“”„«»\-–—_*<>/]+")
_NUMBER = late(r"[0-9]+(?:[.,'’][0-9]{3})*\Z")
_COUNTED_STOCK = late(
    r"(?:stock|stock level|stock count|inventory|units? in stock|lagerbestand|bestand|lager|stock disponible"
    r"|existencias|giacenza|scorta|voorraad|lagersaldo|estoque|zásoba|sklad|készlet|stoc|stok|остаток|остатки|запас"
    r"|在庫|在庫数|库存|庫存|재고) ?[:：=] ?(?P<count>[0-9]{1,12})"
    r"(?: ?(?:pcs?|units?|items?|pieces?|stück|stk|ud|uds|pz|шт|ks|szt|st|db|件|个|点|개)\.?)?",
    re.IGNORECASE,
)
"""A count of what is there under its name: "Stock: 5"."""
_DAY_OF_MONTH = late(r"[0-9]{1,2}[./][0-9]{1,2}(?:[./][0-9]{0,4})?\Z")


class Said(NamedTuple):
    """A word, or a phrase that says something about stock."""

    kind: str
    """"word", or one of "present", "absent", "open", "doubt"."""
    text: str


def in_stock(value: object) -> bool | None:
    """Tell whether something can be bought now; None without text.

    A number is how many there are. Phrases of some thirty languages and the values of schema.org's ItemAvailability are
    known. Raises ValueError for text that says neither, or both, and for what holds later or perhaps: "Available soon",
    "Notify me when in stock", "Pre-order", "In stock from 12 May".

    >>> in_stock("In stock (22 available)"), in_stock("https://schema.org/OutOfStock"), in_stock("0 available")
    (True, False, False)
    >>> in_stock("Available: no"), in_stock("nicht auf Lager"), in_stock("在庫あり")
    (False, False, True)
    """
    if isinstance(value, bool):
        return value
    if is_number(value):
        number = whole(value, value, STOCK)
        if not 0 <= number <= MAX_COUNT:
            raise refusal(value, f"is no count of things, expected {STOCK}")
        return bool(number)
    if not isinstance(value, str):
        raise wrong_type(value, STOCK)
    text = short_line(value, LONGEST_TEXT, STOCK)
    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        if int(text) > MAX_COUNT:
            raise refusal(value, f"is no count of things, expected {STOCK}")
        return bool(int(text))
    if _USUAL_STOCK.fullmatch(text):
        return True
    if _NEGATIVE.search(text):
        raise refusal(value, f"is no count of things, expected {STOCK}")
    statements = stock_statements(text)
    if len(statements) != 1:
        raise refusal(value, f"says {'both' if statements else 'nothing'} about stock, expected {STOCK}")
    return next(iter(statements))


@lru_cache(maxsize=2048)
def stock_statements(text: str) -> frozenset[bool]:
    """Return what a text states: that there is some, that there is none, both, or neither.

    >>> sorted(stock_statements("In stock online, sold out in the shop")), sorted(stock_statements("Available soon"))
    ([False, True], [])
    """
    schema = _SCHEMA.fullmatch(text)
    if schema and schema[1].lower() in _AVAILABILITY:
        there = _AVAILABILITY[schema[1].lower()]
        return frozenset() if there is None else frozenset({there})
    lowered = text.casefold().replace("’", "'").replace("n/a", "unknown")
    if counted := _COUNTED_STOCK.fullmatch(lowered):
        return frozenset({bool(int(counted["count"]))})
    if lowered in ANSWERS and len(lowered) > 1:
        return frozenset({ANSWERS[lowered]})
    stated, is_open = _unspaced(lowered) if not text.isascii() else (set(), False)
    for clause in _CLAUSE_END.split(lowered):
        said = _said_in(_TOKEN.findall(clause))
        # A zero by itself, as in "In stock (0)", is how many there are, or how many reviews.
        is_open = is_open or any(part.kind == "open" for part in said) or [part.text for part in said] == ["0"]
        for place, part in enumerate(said):
            there = _stated(said, place) if part.kind in ("present", "absent") else _left(said, place)
            if there is not None:
                stated.add(there)
    return frozenset(stated - {True} if is_open else stated)


def _unspaced(text: str) -> tuple[set[bool], bool]:
    kinds = said_without_spaces(text)
    return {kind == "present" for kind in kinds & {"present", "absent"}}, "open" in kinds


def _said_in(tokens: list[str]) -> list[Said]:
    """Join the words that make up a phrase."""
    said, at = [], 0
    while at < len(tokens):
        length, kind = phrase_at(tokens, at)
        said.append(Said(kind, " ".join(tokens[at : at + length])))
        at += length
    return said


def _stated(said: list[Said], place: int) -> bool | None:
    """Return what a phrase says among its neighbours; None where they leave it open."""
    before, (kind, _), after = said[max(place - 3, 0) : place], said[place], said[place + 1 :]
    answer, is_asked = _answer(after)
    near = {part.text for part in before[-2:]}
    if kind == "absent":
        hedged = any(part.text in HEDGES for part in before) or is_asked or answer is False
        return None if hedged or (after and after[0].text in SHORTLY) else False
    if place and said[place - 1].kind == "absent":
        return False  # "no stock available"
    if any(part.kind == "doubt" for part in said[:place]) or is_asked or _is_dated(said):
        return None
    if _is_later(after) or _is_in_a_time([part.text for part in said[max(place - 5, 0) : place]]):
        return None
    negated = any(word in NEGATORS or word.endswith("n't") for word in (part.text for part in before))
    if answer is False or "0" in near or (after and after[0].text in NEGATORS_AFTER):
        return None if negated else False
    return not negated


def _answer(after: list[Said]) -> tuple[bool | None, bool]:
    """Return the answer that follows a statement, as in "In stock: no", and whether it is a question without one."""
    signs = 0
    while signs < len(after) and after[signs].text in (":", "=", "?"):
        signs += 1
    if not signs:
        return (False if after and after[0].text == "0" and len(after) == 1 else None), False
    answer = ANSWERS.get(after[signs].text) if signs < len(after) else None
    return answer, answer is None and any(part.text == "?" for part in after[:signs])


def _is_later(after: list[Said]) -> bool:
    """Tell whether a time follows: "from Monday", "in 3 weeks", "soon"."""
    words = [part.text for part in after if part.text not in (":", "=")]
    if not words:
        return False
    if words[0] in LATER or any(part.kind == "open" for part in after):
        return True
    if any(" ".join(words[:count]) in ELSEWHERE for count in (2, 3)):
        return True
    if words[0] in WITHIN and words[1:2] and words[1] in SOON:
        return True
    numbered = any(map(_NUMBER.match, words[:3])) or words[1:2] in (["a"], ["few"], ["several"])
    return numbered and words[0] in WITHIN and bool(TIME_UNITS.intersection(words[1:5]))


def _is_in_a_time(before: list[str]) -> bool:
    """Tell whether a span of time goes before: "in 3 weeks"."""
    return any(
        word in WITHIN and _NUMBER.match(before[at + 1]) and not TIME_UNITS.isdisjoint(before[at + 2 : at + 4])
        for at, word in enumerate(before[:-2])
    )


def _is_dated(said: list[Said]) -> bool:
    """Tell whether a clause names a day: "12 May", "12.05."."""
    return any(part.text in MONTHS or _DAY_OF_MONTH.match(part.text) for part in said)


def _left(said: list[Said], place: int) -> bool | None:
    """Return what "3 left" or "none left" says."""
    if said[place].text != "left" or place == 0:
        return None
    before = [part.text for part in said[max(place - 3, 0) : place]]
    if any(word in NEGATORS or word == "0" for word in before):
        return False
    return True if _NUMBER.match(before[-1]) else None
