"""Numbers as texts write them: the one place that knows separators, and what stands around figures."""

# ruff: noqa: RUF001, RUF002 - the characters that look alike are what pages write

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from models.cleaners.late_pattern import late
from models.cleaners.number_words import is_inexact, is_lowest, is_multiplied
from models.cleaners.refusal import refusal
from models.cleaners.text import short_line

NUMBER = (
    r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])(?:\.[0-9]+)?"  # 1,23,456.00 as in India
    r"|[1-9][0-9]{0,2}(?P<group>[., '’])[0-9]{3}(?:(?P=group)[0-9]{3})*(?![0-9])(?:(?!(?P=group))[.,][0-9]+)?"
)
"""The pattern of figures with thousands set apart; `group` is what stands between them."""

_FIGURE = late(rf"{NUMBER}|[0-9]+(?:[.,][0-9]+)?")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("￥"): "¥", ord("￡"): "£", ord("￦"): "₩"}
_BROKEN = late(r"[0-9.,]\xad+[0-9.,]")
_OF_RIGHT_TO_LEFT = late("[\u05d0-\u05ea\u0620-\u064a\u066e-\u06d3]")
_EXPONENT_BEFORE = late(r"[0-9](?:[eE][-+]?|\^|\*\*?|[×x*] ?)\Z")
_EXPONENT_AFTER = late(r"[eE][-+]?[0-9]|\^|\*\*?[0-9]| ?[×*x] ?[0-9]")
_ORDINAL = late(r"(?:st|nd|rd|th|ère|ème|e|º|ª)(?![^\W_])", re.IGNORECASE)
_JOINED_BEFORE = late(r"[0-9] ?[/:⁄÷] ?\Z|[0-9][-–—]\Z")
_MINUS_AFTER = late(r" ?%?[-−–—]\Z")
_JOINED_AFTER = late(r" ?[/:⁄÷] ?[0-9]|[-–—][0-9]")


def number_line(value: str, longest: int, expected: str) -> str | None:
    """Return a text with numbers in one line, with full-width digits and signs (as in Japan) as plain ones.

    Raises ValueError for a text of more than `longest` characters, for figures with a soft hyphen inside, which says
    that a line may break there, and for digits of several scripts.

    >>> number_line(" ￥１，２００ ", 200, "a price")
    '¥1,200'
    """
    if "\xad" in value and _BROKEN.search(value):
        raise refusal(value, f"has a soft hyphen in its figures, expected {expected}")
    text = short_line(value, longest, expected)
    if text is None or text.isascii():
        return text
    text = text.translate(_FULL_WIDTH)
    if any("0" <= character <= "9" for character in text) and has_other_digits(text):
        raise refusal(value, f"has digits of several scripts, expected {expected}")
    return text


def has_other_digits(text: str) -> bool:
    """Tell whether a text has decimal digits beyond 0 to 9, such as Arabic or Devanagari ones.

    >>> has_other_digits("२२"), has_other_digits("22 m²")
    (True, False)
    """
    return not text.isascii() and any(c > "\x7f" and c.isdecimal() for c in text)


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number in a text, and where it stands."""

    value: Decimal
    text: str
    start: int
    end: int
    is_negative: bool
    is_fraction: bool
    """Whether it has decimals, zeros alone left aside."""

    @property
    def is_exact_count(self) -> bool:
        """Whether these are all figures of one whole number, and the text does not say "about" or "at least"."""
        if self.is_negative or self.is_fraction:
            return False
        if is_part(self.text, self.start, self.end) or is_inexact(self.text, self.start, self.end):
            return False
        return not is_lowest(self.text, self.start)


def figures_in(text: str) -> Iterator[WrittenNumber]:
    """Find the numbers of a text; one separator before exactly three digits groups thousands.

    >>> [str(figure.value) for figure in figures_in("1,234 of 5.678,90 and 0.5")]
    ['1234', '5678.90', '0.5']
    """
    for found in _FIGURE.finditer(text):
        start, end = found.span()
        negative = text[start - 1 : start] in ("-", "−") and not text[max(start - 2, 0) : start - 1].isalnum()
        value = plain(found[0], found["group"])
        yield WrittenNumber(value, text, start, end, negative, value != value.to_integral_value())


def plain(number: str, group: str | None) -> Decimal:
    """Return a number without what groups its figures, with a point before its decimals.

    >>> plain("1.234,50", "."), plain("1,23,456.00", None), plain("12,5", None)
    (Decimal('1234.50'), Decimal('123456.00'), Decimal('12.5'))
    """
    grouping = group or ("," if number.count(",") > 1 else "")
    if grouping:
        number = number.replace(grouping, "")
    return Decimal(number.replace(",", "."))


def is_part(text: str, start: int, end: int) -> bool:
    """Tell whether figures are only a part of a number or of a word: "5k", "5万", "10³", "1/2", "1e5", "3rd", "A4".

    >>> [is_part(text, 0, 1) for text in ("5k", "5万", "5³", "5/6", "5e5", "5th", "5", "5 left", "5%")]
    [True, True, True, True, True, True, False, False, False]
    """
    return is_part_before(text, start) or is_part_after(text, end)


def is_part_before(text: str, start: int) -> bool:
    """Tell whether what stands before figures belongs to the same number or word."""
    if start == 0:
        return False
    last = text[start - 1]
    if last.isascii() and last.isalpha():
        return last not in "xX" or text[max(start - 2, 0) : start - 1].isalnum()
    if not last.isascii() and (last.isnumeric() or is_cased(last) or _OF_RIGHT_TO_LEFT.match(last)):
        return True
    if last == " " and text[max(start - 2, 0) : start - 1].isnumeric() and not text[start - 2].isascii():
        return True
    near = max(start - 5, 0)
    return bool(_EXPONENT_BEFORE.search(text, near, start) or _JOINED_BEFORE.search(text, near, start))


def is_part_after(text: str, end: int) -> bool:
    """Tell whether what follows figures belongs to the same number."""
    if end == len(text):
        return False
    following = text[end : end + 2].lstrip(" ")[:1]
    if following.isnumeric() and not following.isascii():
        return True
    return (
        is_multiplied(text, end)
        or _EXPONENT_AFTER.match(text, end) is not None
        or _JOINED_AFTER.match(text, end) is not None
        or _ORDINAL.match(text, end) is not None
        or _MINUS_AFTER.match(text, end) is not None  # "12-", as book-keeping writes what is owed
    )


def is_cased(letter: str) -> bool:
    """Tell whether a letter is of a script that sets spaces between words: Latin, Greek, Cyrillic."""
    return unicodedata.category(letter) in ("Lu", "Ll", "Lt")
