"""Text about numbers of things to values: how many, whether any is in stock, how many stars of five."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
from decimal import Decimal
from math import isfinite
from typing import TypeVar

from models.cleaners.numeric import is_number
from models.cleaners.refusal import refusal, wrong_type
from models.cleaners.text import short_line

Number = TypeVar("Number", int, Decimal)

LONGEST_TEXT = 200
"""Characters; a longer text is a description with numbers in it."""

MAX_COUNT = 2**63 - 1
"""The largest integer of BSON."""

COUNT = "one whole number such as '22 available'"
STOCK = "text such as 'In stock' or 'Sold out'"
RATING = "one whole number from 1 to 5 such as 'Three' or '4/5'"

_COUNTED = re.compile(
    r"(?P<minus>(?<!\w)[-−])?"
    r"(?P<whole>[1-9][0-9]{0,2}(?P<group>[., '’])[0-9]{3}(?:(?P=group)[0-9]{3})*(?![0-9])|[0-9]+)"
    r"(?P<fraction>[.,][0-9]+)?(?P<rounded>\+| ?(?:k|m|mio|thousand|million)(?!\w))?",
    re.IGNORECASE,
)
_NO_SUCH = re.compile(r"(?:there (?:are|is) )?(?:no|none|zero|nil)\b(?!\.)", re.IGNORECASE)
# The words run together where a page names a type of schema.org: "https://schema.org/OutOfStock".
_ABSENT = re.compile(
    r"\b(?:out[ -]?of[ -]?stock|sold[ -]?out|un-?available|discontinued"
    r"|(?:no|not|none|\w+n['’]t)(?: \w+){0,2}? (?:in stock|available|left)|no stock"
    r"|(?<![0-9.,])0 (?:\w+ )?(?:in stock|available|left)|(?:in stock|available)[:( ]+0(?![0-9.,]))\b",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"\b(?:in[ -]?stock|limitedavailability|available(?! (?:soon|from|for pre|on\b))|[1-9][0-9]* left)\b", re.IGNORECASE
)
_ANSWERS = {"true": True, "yes": True, "false": False, "no": False}

_SPELLED = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_SPELLED_NUMBER = re.compile(rf"\b(?:{'|'.join(_SPELLED)})\b", re.IGNORECASE)
_RATED = r"((?<!\w)[-−])?([0-9]+(?:[.,][0-9]+)?)"
_RATED_NUMBER = re.compile(_RATED)
_RATED_OUT_OF = re.compile(_RATED + r"(?: stars?)? ?(?:/|(?:out )?of) ?([0-9]+)", re.IGNORECASE)


def count(value: object) -> int | None:
    """Return how many there are, from 0 to 2**63 - 1; None without text.

    Separators before three digits group thousands; "No reviews" and "Out of stock" are 0. Raises ValueError for no
    number, for two different ones, and for one that is not exact: negative, a fraction, "10+", "12k".

    >>> count("In stock (22 available)"), count("1.234 Bewertungen"), count("No reviews")
    (22, 1234, 0)
    """
    if isinstance(value, str):
        text = short_line(value, LONGEST_TEXT, COUNT)
        if text is None:
            return None
        number = _only(_counts_in(text, value), value, COUNT)
    elif is_number(value):
        number = _whole(value, value, COUNT)
    else:
        raise wrong_type(value, COUNT)
    if not 0 <= number <= MAX_COUNT:
        raise refusal(value, f"is out of range, expected 0 to {MAX_COUNT}")
    return number


def in_stock(value: object) -> bool | None:
    """Tell whether something can be bought now; None without text.

    A number is how many there are. Raises ValueError for text that says neither, or both.

    >>> in_stock("In stock (22 available)"), in_stock("https://schema.org/OutOfStock"), in_stock("0 available")
    (True, False, False)
    """
    if isinstance(value, bool):
        return value
    if is_number(value):
        return bool(count(value))
    if not isinstance(value, str):
        raise wrong_type(value, STOCK)
    text = short_line(value, LONGEST_TEXT, STOCK)
    if text is None:
        return None
    if text.isdecimal():
        return bool(count(text))
    statements = _stock_statements(text)
    if len(statements) != 1:
        raise refusal(value, f"says {'both' if statements else 'nothing'} about stock, expected {STOCK}")
    return statements.pop()


def rating(value: object) -> int | None:
    """Return the stars, from 1 to 5, in figures, in English words or as symbols; None without text.

    Raises ValueError for no rating, for several, for half stars, and for another scale.

    >>> rating("star-rating Three"), rating("4 out of 5"), rating("★★★☆☆")
    (3, 4, 3)
    """
    if isinstance(value, str):
        text = short_line(value, LONGEST_TEXT, RATING)
        if text is None:
            return None
        stars = _stars_in(text, value)
    elif is_number(value):
        stars = _whole(value, value, RATING)
    else:
        raise wrong_type(value, RATING)
    if not 1 <= stars <= 5:
        raise refusal(value, f"is out of range, expected {RATING}")
    return stars


def _counts_in(text: str, value: str) -> set[int]:
    numbers: set[int] = {0} if _NO_SUCH.match(text) or _stock_statements(text) == {False} else set()
    for found in _COUNTED.finditer(text):
        if found["minus"] or found["rounded"] or (found["fraction"] or "").strip(".,0"):
            raise refusal(value, f"holds no exact count, expected {COUNT}")
        numbers.add(int(re.sub("[^0-9]", "", found["whole"])))
    return numbers


def _stock_statements(text: str) -> set[bool]:
    if text.casefold() in _ANSWERS:
        return {_ANSWERS[text.casefold()]}
    rest = _ABSENT.sub("", text)
    return ({False} if rest != text else set()) | ({True} if _PRESENT.search(rest) else set())


def _stars_in(text: str, value: str) -> int:
    if any(half in text for half in "½⯨⯪"):
        raise refusal(value, f"has half a star, expected {RATING}")
    text = _SPELLED_NUMBER.sub(lambda word: _SPELLED[word[0].lower()], text)
    filled = text.count("★") + text.count("⭐")
    numbers = _RATED_NUMBER.findall(text)
    # A single star before a number ("★ 4") is an icon.
    if filled and (not numbers or filled + text.count("☆") == 5):
        return filled
    scaled = _RATED_OUT_OF.findall(text)
    if any(scale != "5" for *_, scale in scaled):
        raise refusal(value, f"is on another scale, expected {RATING}")
    rated = {Decimal(f"{minus}{number}".replace(",", ".").replace("−", "-")) for minus, number, *_ in scaled or numbers}
    return _whole(_only(rated, value, RATING), value, RATING)


def _only(numbers: set[Number], value: object, expected: str) -> Number:
    if len(numbers) == 1:
        return numbers.pop()
    raise refusal(value, f"holds {'more than one' if numbers else 'no'} number, expected {expected}")


def _whole(number: int | float | Decimal, value: object, expected: str) -> int:
    if isinstance(number, int):
        return number
    finite = number.is_finite() if isinstance(number, Decimal) else isfinite(number)
    # The bound comes before int(): writing out the integer of Decimal("1E+999999") takes a second.
    if finite and -(2**64) < number < 2**64 and number == int(number):
        return int(number)
    raise refusal(value, f"is no whole number, expected {expected}")
