"""Numbers among the values that JSON pages give, and the cleaner for a number of any kind in a text."""

# ruff: noqa: RUF001, RUF002 - the characters that look alike are what pages write

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import TypeGuard, overload

from models.cleaners.figures import NUMBER, is_part_after, is_part_before, number_line, plain
from models.cleaners.late_pattern import late
from models.cleaners.number_words import is_inexact
from models.cleaners.refusal import refusal, wrong_type

LONGEST_TEXT = 200
"""Characters; a longer text is a description with numbers in it."""

MAX_DIGITS = 34
"""What a BSON Decimal128 holds exactly."""

MAX_EXPONENT = 300
"""A number of more digits is beyond what a BSON double holds."""

EXPECTED = "one number such as '-12.5' or '6.02e23'"

_SIGNED = late(
    rf"(?P<sign>(?:(?<!\S)|(?<=[(:=]))[-+−–])?"
    rf"(?:(?<![0-9.,])10\^(?P<power>[-+−]?[0-9]{{1,4}})(?![0-9])|(?P<number>{NUMBER}|[0-9]*[.,]?[0-9]+)"
    r"(?:(?:[eE]| ?[×x*·] ?10(?:\^|\*\*)?)(?P<exponent>[-+−]?[0-9]{1,4})(?![0-9]))?)"
)
_DASHES = ("-", "−", "–")
_FUNCTION = late(r"√ ?\Z|[a-z]\(\Z")
_UNIT = late(r" [mt](?![^\W\d_])")
_RAISED = late(r"(?<=10)[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_GROUPED = {
    mark: late(
        rf"[1-9][0-9]{{0,2}}(?P<group>[{groups}])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*(?:\{mark}[0-9]+)?"
        rf"|[0-9]*\{mark}?[0-9]+|[0-9]{{1,2}}(?:{lakh}[0-9]{{2}})+{lakh}[0-9]{{3}}(?:\{mark}[0-9]+)?"
    )
    for mark, groups, lakh in ((".", ", '’", ","), (",", ". '’", "(?!)"))
}


def is_number(value: object) -> TypeGuard[int | float | Decimal]:
    """Tell whether a page gave a number rather than text; a boolean is none.

    >>> is_number(5), is_number("5"), is_number(True)
    (True, False, False)
    """
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


@overload
def number(value: object, /) -> Decimal | None: ...
@overload
def number(*, decimal: str | None = None) -> Callable[[object], Decimal | None]: ...
def number(value: object = ..., /, *, decimal: str | None = None) -> object:
    """Return the one number that a text holds, signed, with decimals or a power of ten; None without text.

    A unit may follow, and words may stand around it. With `decimal`, "." or ",", this makes a cleaner for a site whose
    decimals come after that mark; without, one mark before exactly three figures says too little and is refused.

    Raises ValueError for no number or several, for a bound or an estimate, for a multiple ("5k") or a fraction ("1/2"),
    for more than 34 digits, and beyond 1E300.

    >>> number("−12.5 °C"), number("6.02 × 10²³"), number("1,234.5 kg"), number(decimal=",")("1,234 kg")
    (Decimal('-12.5'), Decimal('6.02E+23'), Decimal('1234.5'), Decimal('1.234'))
    >>> number("1,234 kg")
    Traceback (most recent call last):
    ValueError: '1,234 kg' can be read in two ways, expected a declared decimal mark, as in number(decimal='.')
    """
    if decimal not in (None, ".", ","):
        raise ValueError(f"number(decimal={decimal!r}) is no decimal mark, expected '.' or ','")
    return partial(_number, decimal) if value is ... else _number(decimal, value)


def whole(number: int | float | Decimal, value: object, expected: str) -> int:
    """Return a number of a JSON page as an integer; raise ValueError when it is none, or huge."""
    if isinstance(number, int):
        return number
    finite = number.is_finite() if isinstance(number, Decimal) else isfinite(number)
    # The bound comes before int(): writing out the integer of Decimal("1E+999999") takes a second.
    if finite and -(2**64) < number < 2**64 and number == int(number):
        return int(number)
    raise refusal(value, f"is no whole number, expected {expected}")


def bounded(value: int | str | Decimal, shown: object, expected: str) -> Decimal:
    """Return an exact number of at most 34 digits written out; raise ValueError for another.

    >>> bounded("1E+3", "1E+3", "a price"), bounded("-0.0", -0.0, "a price")
    (Decimal('1000'), Decimal('0.0'))
    """
    if not isinstance(value, int) or value.bit_length() < 4 * MAX_DIGITS:
        exact = Decimal(value)
        digits, exponent = exact.as_tuple()[1:]
        if isinstance(exponent, int) and max(len(digits) + max(exponent, 0), -exponent) <= MAX_DIGITS:
            exact = exact if exponent <= 0 else Decimal(int(exact))
            return exact or exact.copy_abs()
    raise refusal(shown, f"is no finite number of at most {MAX_DIGITS} digits, expected {expected}")


def _number(decimal: str | None, value: object, /) -> Decimal | None:
    if is_number(value):
        return _finite(str(value) if isinstance(value, float) else value, value)
    if not isinstance(value, str):
        raise wrong_type(value, EXPECTED)
    text = number_line(value, LONGEST_TEXT, EXPECTED)
    if text is None:
        return None
    text = _RAISED.sub(lambda raised: "^" + raised[0].translate(_LOWERED), text)
    found = list(_SIGNED.finditer(text))
    if len(found) != 1:
        raise refusal(value, f"holds {'more than one' if found else 'no'} number, expected {EXPECTED}")
    (shown,) = found
    start, end = shown.span()
    if _FUNCTION.search(text, 0, start):
        raise refusal(value, f"is a formula, expected {EXPECTED}")
    if is_part_before(text, start) or _goes_on(text, end) or text[max(start - 2, 0) : start].rstrip()[-1:] in _DASHES:
        raise refusal(value, f"is not written out in figures, expected {EXPECTED}")
    if is_inexact(text, start, end):
        raise refusal(value, f"is a bound or an estimate, expected {EXPECTED}")
    sign = "-" if shown["sign"] in _DASHES else ""
    exponent = (shown["exponent"] or shown["power"] or "0").replace("−", "-")
    if shown["power"]:
        return _finite(f"{sign}1E{exponent}", value)
    return _finite(f"{sign}{_plain(shown, decimal, value)}E{exponent}", value)


def _goes_on(text: str, end: int) -> bool:
    """Tell whether figures go on; metres and tonnes, as in "12.5 m", do not multiply them."""
    return not _UNIT.match(text, end) and is_part_after(text, end)


def _plain(shown: re.Match[str], decimal: str | None, value: object) -> Decimal:
    """Return the figures without what groups them."""
    digits, group = shown["number"], shown["group"]
    if decimal is None:
        if group in (".", ",") and len(digits.split(group)) == 2 and len(digits.split(group)[1]) == 3:
            raise refusal(value, "can be read in two ways, expected a declared decimal mark, as in number(decimal='.')")
        return plain(digits, group)
    if not _GROUPED[decimal].fullmatch(digits):
        raise refusal(value, f"has no decimal mark {decimal!r}, expected {EXPECTED}")
    for other in ",. '’".replace(decimal, ""):
        digits = digits.replace(other, "")
    return Decimal(digits.replace(decimal, "."))


def _finite(given: int | str | Decimal, value: object) -> Decimal:
    if isinstance(given, int) and given.bit_length() >= 4 * MAX_DIGITS:
        raise refusal(value, f"has more than {MAX_DIGITS} digits, expected {EXPECTED}")
    exact = Decimal(given)
    if not exact.is_finite() or abs(exact.adjusted()) > MAX_EXPONENT or len(exact.as_tuple().digits) > MAX_DIGITS:
        raise refusal(value, f"is no finite number of at most {MAX_DIGITS} digits, expected {EXPECTED}")
    return exact or abs(exact)
