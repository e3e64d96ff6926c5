"""The text of a price to the ISO 4217 code of its currency."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial

from models.cleaners.currency_marks import (
    ALWAYS_WORDS,
    ISO_4217,
    SYMBOL,
    UNSPACED,
    USUAL,
    WORD,
    WORD_CODES,
    codes_of,
    is_word,
)
from models.cleaners.late_pattern import late
from models.cleaners.money import LONE_PRICE, PLAIN_PRICE, PRICE, price_line
from models.cleaners.numeric import is_number
from models.cleaners.refusal import refusal, wrong_type
from models.cleaners.text import remembered

_SYMBOL, _WORD, _UNSPACED = late(SYMBOL), late(WORD), late(UNSPACED)
_NUMBER_BEFORE = late(rf"[0-9][.,]? ?[-–—]{{0,2}} ?(?:{SYMBOL}|[Kk]r\.?)?[ (]?\Z")
_NUMBER_AFTER = late(rf"[ :)]{{0,2}}{SYMBOL}? ?[-−–]?[.,]?[0-9]")
_LETTERS_BEFORE = late(r"[^\W\d_]+\.?\Z")
_LETTERS_AFTER = late(r"U\.S\.(?:A\.)?|[^\W\d_]+")
_COUNTRY_BEFORE = late(r"(?<![^\W_])([A-Z][A-Za-z]{1,3}|[B-HJ-Z]) \Z")
_COUNTRY_AFTER = late(r" (U\.S\.|[A-Z]{2,3})(?![^\W_])")
_WITH_DECIMALS = late(r"[0-9][.,][0-9]{2}(?![0-9])")
_WORDS_AT_SYMBOLS = frozenset(
    "ab at for from just now off only per save sale then to up was or and plus each ea a an à de von um".split()
)
"""Words that pages run together with a price; other short ones may be the mark of a country."""

_COUNTERS = "元円圓원"
LONGEST_MARK = 4
"""Letters of a country before or after a symbol; longer ones are a word."""


def currency_code(value: object) -> str | None:
    """Return the ISO 4217 code of the currency in which a price is stated; None without text.

    "$" means US dollars, "£" sterling and "¥" Japanese yen unless a code beside them says otherwise; `currency_in`
    changes that. Raises ValueError for no currency, for more than one, for a symbol with letters that are no known mark
    ("Q$5"), for codes which are words ("TOP 5"), and for "kr" and "Rs", which several countries share.

    >>> currency_code("£51.77"), currency_code("$5 CAD"), currency_code("12,50 zł"), currency_code("AU $20")
    ('GBP', 'CAD', 'PLN', 'AUD')
    """
    return _of_any(value)


def currency_in(code: str) -> Callable[[object], str | None]:
    """Return a cleaner: the currency of a price on a site whose own currency is `code`.

    A mark that several currencies share ("$", "¥", "kr", "Rs", "C$") then means `code`, and so does a number without
    any mark; another mark means what it says: "U$S" is USD everywhere.

    Raises ValueError when ISO 4217 has no such code.

    >>> currency_in("CAD")("$12.00"), currency_in("CAD")("US$12.00"), currency_in("CAD")("12.00")
    ('CAD', 'USD', 'CAD')
    """
    if code not in ISO_4217:
        raise ValueError(f"currency_in({code!r}) names no currency, expected a code of ISO 4217 such as 'CAD'")

    return _cleaner(code)


def _cleaner(declared: str | None) -> Callable[[object], str | None]:
    read = remembered(partial(_read_currency, declared))

    def clean(value: object) -> str | None:
        if isinstance(value, str):
            # A text such as "£51.77" or "12,50 zł" has nothing else to say.
            alone = PLAIN_PRICE.fullmatch(value) or LONE_PRICE.fullmatch(value)
            marks = [mark for mark in alone.group("before", "after") if mark] if alone else []
            return (_of_mark(marks[0], declared) if len(marks) == 1 else None) or read(value)
        if not is_number(value):
            raise wrong_type(value, PRICE)
        if declared is None:
            raise refusal(value, f"names no currency, expected {PRICE}")
        return declared

    return clean


@lru_cache(maxsize=1024)
def _of_mark(mark: str, declared: str | None) -> str | None:
    """Return what a mark that stands alone means; None where it means several."""
    with suppress(ValueError):
        return _meant(mark, [mark], declared)
    return None


def _read_currency(declared: str | None, value: str) -> str | None:
    text = price_line(value)
    if text is None:
        return None
    marks = _marks_in(text, value, declared)
    if marks:
        return _meant(value, marks, declared)
    if declared and _is_without_mark(text):
        return declared
    raise refusal(value, f"names no currency, expected {PRICE}")


def _is_without_mark(text: str) -> bool:
    """Tell whether this is a price without a currency; "₿5" has one that ISO 4217 does not know."""
    return any(map(str.isdigit, text)) and not any(unicodedata.category(character) == "Sc" for character in text)


def _marks_in(text: str, value: str, declared: str | None) -> list[str]:
    """Return the marks of a price: symbols anywhere; words beside a number, or alone in an element of their own."""
    if text.upper() in ISO_4217:
        return [text.upper()]
    words = [] if text.isascii() else [found[0] for found in _UNSPACED.finditer(text)]
    if words:
        text = _UNSPACED.sub("|", text)
    marks = [*words, *_symbols_in(text, value)]
    found = [mark for mark in _WORD.finditer(text) if _names_currency(text, mark)]
    sure = [mark[0] for mark in found if mark[0] == declared or not _is_word_of_text(text, mark)]
    # A word that may be a code counts against other marks, and is none by itself.
    return [*marks, *(mark[0] for mark in found)] if marks or sure else []


def _names_currency(text: str, mark: re.Match[str]) -> bool:
    return (
        mark[0] == text
        or _NUMBER_BEFORE.search(text, max(mark.start() - 10, 0), mark.start()) is not None
        or _NUMBER_AFTER.match(text, mark.end()) is not None
    )


def _is_word_of_text(text: str, mark: re.Match[str]) -> bool:
    """Tell whether a code is a word of a text rather than a currency: "TRY 5 for free", "TOP 5"."""
    if mark[0] not in WORD_CODES or _WITH_DECIMALS.search(text):
        return False
    before, after = text[: mark.start()].strip(), text[mark.end() :].strip()
    figures = sum(map(str.isdigit, text))
    is_price = not any(map(str.isalpha, before + after)) and (figures > 2 or (figures > 0 and not after))
    return mark[0] in ALWAYS_WORDS or not is_price


def _symbols_in(text: str, value: str) -> Iterator[str]:
    """Find the symbols of a text, each with the letters that make it the mark of one country."""
    for found in _SYMBOL.finditer(text):
        symbol, (start, end) = found[0], found.span()
        before = _LETTERS_BEFORE.search(text, max(start - 12, 0), start)
        after = _LETTERS_AFTER.match(text, end)
        left, right = before[0] if before else "", after[0].replace(".", "") if after else ""
        if symbol in _COUNTERS:
            if not left or left[-1].isnumeric() or not any(map(str.isdigit, text)):
                yield symbol
            continue
        mark = _with_letters(symbol, left, right) or _with_country(symbol, text, start, end)
        if not mark:
            if len(codes_of(symbol)) > 1 and (_is_mark(left) or _is_mark(right)):
                raise refusal(
                    value, f"has the mark {left + symbol + right!r}, which no currency is known by, expected {PRICE}"
                )
            mark = symbol
        yield mark


def _with_letters(symbol: str, left: str, right: str) -> str:
    """Return the mark that a symbol and the letters at it make; an empty text for none."""
    latin = re.search(r"[A-Za-z]+\.?\Z", left)
    left = latin[0] if latin else left
    for letters in (left + symbol + right, left + symbol, symbol + right):
        if letters != symbol and codes_of(letters):
            return letters
    return ""


def _with_country(symbol: str, text: str, start: int, end: int) -> str:
    """Return the mark that a symbol makes with a country after a space: "AU $20", "5 $ US"; an empty text for none."""
    before = _COUNTRY_BEFORE.search(text, max(start - 6, 0), start)
    if before and codes_of(before[1] + symbol):
        return before[1] + symbol
    after = _COUNTRY_AFTER.match(text, end)
    if after and codes_of(symbol + after[1].replace(".", "")):
        return symbol + after[1].replace(".", "")
    return ""


def _is_mark(letters: str) -> bool:
    """Tell whether letters at a symbol may name a country; a code does by itself, and a word does not."""
    if not letters or letters.upper() in ISO_4217 or codes_of(letters):
        return False
    return letters.isascii() and len(letters) <= LONGEST_MARK and letters.casefold() not in _WORDS_AT_SYMBOLS


def _meant(value: object, marks: list[str], declared: str | None) -> str:
    """Choose what the marks of one price mean together: "$" with "CAD" is Canadian."""
    meanings = [codes_of(mark) for mark in marks]
    if not all(meanings):
        raise refusal(value, f"is in money without a code of ISO 4217, expected {PRICE}")
    possible = frozenset.intersection(*meanings)
    if not possible:
        raise refusal(value, f"names more than one currency, expected {PRICE}")
    if len(possible) == 1:
        return next(iter(possible))
    # A word such as "dollars" or "pounds" is no mark of a shop's, which would say which are meant.
    usual = (
        () if all(map(is_word, marks)) and not set(marks) & {"lei", "Lei", "руб", "руб.", "р", "р.", "Fr."} else USUAL
    )
    for code in (declared, *usual):
        if code in possible:
            return str(code)
    some = sorted(possible)
    raise refusal(
        value,
        f"can be in {', '.join(some)}, expected one currency: declare the site's, as in currency_in({some[-1]!r})",
    )


_of_any = _cleaner(None)
