"""The text of a price to an exact amount."""

# ruff: noqa: RUF001, RUF002 - the characters that look alike are what pages write

import re
from decimal import Decimal
from itertools import pairwise

from models.cleaners.currency_marks import MARK, THREE_DECIMALS, codes_of
from models.cleaners.numeric import is_number
from models.cleaners.refusal import refusal, wrong_type
from models.cleaners.text import short_line

LONGEST_PRICE = 200
"""Characters; a longer text is a description with numbers in it."""

MAX_DIGITS = 34
"""What a BSON Decimal128 holds exactly."""

PRICE = "a price such as '£51.77'"

PLAIN_PRICE = re.compile(r"\s*([£€$]?)([0-9]{1,15}(?:\.[0-9]{1,2})?)\s*")
"""The shape of nearly every price: mark, amount. Any other shape takes twenty times as long to read."""

_NUMBER = (
    r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])(?:\.[0-9]+)?"  # 1,23,456.00 as in India
    r"|[1-9][0-9]{0,2}(?P<group>[., '’])[0-9]{3}(?:(?P=group)[0-9]{3})*(?![0-9])(?:(?!(?P=group))[.,][0-9]+)?"
    r"|[0-9]+€[0-9]{2}(?![0-9.,]| ?€)"  # 35€99 as in France
    r"|[0-9]*[.,]?[0-9]+"
)
_SHOWN_NUMBER = re.compile(
    # A minus touches what it belongs to: the dash in "Paperback - £5.00" is none.
    rf"(?P<minus>^[-−–] ?|(?<![^\s(])[-−–])?(?:(?P<before>{MARK}) ?(?P<inner_minus>[-−])?)?"
    rf"(?P<number>{_NUMBER})(?:[.,] ?[-–—]+(?![0-9]))?(?P<percent> ?[%‰])?"
    # A mark before the next number is that number's.
    rf"(?P<after> ?(?:{MARK})(?! ?[0-9]))?"
)
_BETWEEN_PARTS = re.compile(r"\s*(?:[-−–—~&+]|to|bis|à|al?|until|or|oder|ou|o|do|and|und|et|y|e)?\s*", re.IGNORECASE)
_MULTIPLE = re.compile(r" ?(?:k|m|bn|mn|mio|mill?ions?|billions?|thousand|tsd|mrd|lakhs?|crores?)(?!\w)", re.IGNORECASE)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("￥"): "¥", ord("￡"): "£", ord("￦"): "₩"}


def amount(value: object) -> Decimal | None:
    """Return the amount of a price, with the digits that the page shows; None without text.

    Of several numbers, the one beside a currency is the amount. One separator before exactly three digits groups
    thousands ("1.234" is 1234), but not after a zero or four digits, nor in a currency with thousandths.

    Raises ValueError for no amount, for more than one, for one not written out ("£5k"), and for what Decimal128 cannot
    hold. "Free" is no amount either: what it means is for the document to say.

    >>> amount("3 für 10€"), amount("1.234,50 €"), amount("-£5.00"), amount(51.77)
    (Decimal('10'), Decimal('1234.50'), Decimal('-5.00'), Decimal('51.77'))
    >>> amount("call us")
    Traceback (most recent call last):
    ValueError: 'call us' holds no amount, expected a price such as '£51.77'
    """
    if isinstance(value, str):
        plain = PLAIN_PRICE.fullmatch(value)
        return Decimal(plain[2]) if plain else _amount_in(value)
    if is_number(value):
        # A float by its text: 51.77 is a binary fraction, and what the page says is "51.77".
        return _bounded(str(value) if isinstance(value, float) else value, value)
    raise wrong_type(value, PRICE)


def price_line(value: str) -> str | None:
    """Return the text of a price in one line, with full-width digits and signs (as in Japan) as plain ones.

    >>> price_line(" ￥１，２００ ")
    '¥1,200'
    """
    text = short_line(value, LONGEST_PRICE, PRICE)
    return None if text is None else text.translate(_FULL_WIDTH)


def _bounded(number: int | str | Decimal, value: object) -> Decimal:
    if not isinstance(number, int) or number.bit_length() < 4 * MAX_DIGITS:
        exact = Decimal(number)
        digits, exponent = exact.as_tuple()[1:]
        if isinstance(exponent, int) and max(len(digits) + max(exponent, 0), -exponent) <= MAX_DIGITS:
            exact = exact if exponent <= 0 else Decimal(int(exact))
            return exact or exact.copy_abs()
    raise refusal(value, f"is no finite number of at most {MAX_DIGITS} digits, expected {PRICE}")


def _amount_in(value: str) -> Decimal | None:
    text = price_line(value)
    if text is None:
        return None
    numbers = [shown for shown in _SHOWN_NUMBER.finditer(text) if _can_be_amount(shown)]
    chosen = [shown for shown in numbers if _has_currency(shown)] or numbers
    if not chosen:
        raise refusal(value, f"holds no amount, expected {PRICE}")
    amounts = [_amount_of(shown) for shown in chosen]
    if len(set(amounts)) > 1 or any(_are_parts(*pair) for pair in pairwise(numbers)):
        raise refusal(value, f"holds more than one amount, expected {PRICE}")
    if any(map(_continues, chosen)):
        raise refusal(value, f"is not written out in figures, expected {PRICE}")
    return _bounded(amounts[0], value)


def _can_be_amount(shown: re.Match[str]) -> bool:
    """Leave out percentages, and the digits of words such as "A4", "3rd" and "100ml"."""
    if shown["percent"]:
        return False
    neighbours = shown.string[max(shown.start() - 1, 0) : shown.start()] + shown.string[shown.end() : shown.end() + 1]
    return _has_currency(shown) or not any(map(str.isalpha, neighbours))


def _has_currency(shown: re.Match[str]) -> bool:
    return bool(shown["before"] or shown["after"] or "€" in shown["number"])


def _continues(shown: re.Match[str]) -> bool:
    """Tell whether a number goes on in words or other figures: "£5k", "5万", "£5⁹⁹", and "£5.00¹" for all one knows."""
    end = shown.end("number")
    return shown.string[end : end + 1].isnumeric() or _MULTIPLE.match(shown.string, end) is not None


def _are_parts(left: re.Match[str], right: re.Match[str]) -> bool:
    """Tell whether two numbers, one with a currency, are one range or one amount in parts: "10 - 20 €", "$19 99"."""
    if _has_currency(left) == _has_currency(right):
        return False
    between = left.string[left.end() : right.start()]
    # "£5 / 100 g" is a price for an amount; "10 / 20 €" are two prices.
    return bool(_BETWEEN_PARTS.fullmatch(between)) or (_has_currency(right) and between.strip() == "/")


def _amount_of(shown: re.Match[str]) -> Decimal:
    number = shown["number"].replace("€", ".")
    grouping = shown["group"] or ("," if number.count(",") > 1 else "")
    parts = number.split(grouping) if grouping else [number]
    if grouping in (".", ",") and [len(part) for part in parts[1:]] == [3] and _has_thousandths(shown):
        parts = [parts[0], ".", parts[1]]
    positive = Decimal("".join(parts).replace(",", "."))
    return positive.copy_negate() if shown["minus"] or shown["inner_minus"] else positive


def _has_thousandths(shown: re.Match[str]) -> bool:
    return any(codes_of(shown[side].strip()) <= THREE_DECIMALS for side in ("before", "after") if shown[side])
