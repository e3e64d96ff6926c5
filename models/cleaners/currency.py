"""The text of a price to the ISO 4217 code of its currency."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
import unicodedata
from collections.abc import Callable

from models.cleaners.currency_marks import ISO_4217, MARK, USUAL, codes_of, is_word
from models.cleaners.money import PLAIN_PRICE, PRICE, price_line
from models.cleaners.numeric import is_number
from models.cleaners.refusal import refusal, wrong_type

_MARK = re.compile(MARK)
_NUMBER_BEFORE = re.compile(r"[0-9][.,]? ?[-–—]{0,2} ?(?:[$¥]|[Kk]r\.?)? ?\Z")
_NUMBER_AFTER = re.compile(r" ?[$¥]? ?[-−–]?[.,]?[0-9]")


def currency_code(value: object) -> str | None:
    """Return the ISO 4217 code of the currency in which a price is stated; None without text.

    "$" means US dollars and "¥" Japanese yen unless a code beside them says otherwise; `currency_in` changes that.
    Raises ValueError for no currency, for more than one, and for "kr" and "Rs", which several countries share.

    >>> currency_code("£51.77"), currency_code("$5 CAD"), currency_code("12,50 zł"), currency_code("AU $20")
    ('GBP', 'CAD', 'PLN', 'AUD')
    """
    return _currency_of(value, None)


def currency_in(code: str) -> Callable[[object], str | None]:
    """Return a cleaner: the currency of a price on a site whose own currency is `code`.

    A mark that several currencies share ("$", "¥", "kr", "Rs") then means `code`, and so does a number without any
    mark; another mark means what it says. Raises ValueError when ISO 4217 has no such code.

    >>> currency_in("CAD")("$12.00"), currency_in("CAD")("US$12.00"), currency_in("CAD")("12.00")
    ('CAD', 'USD', 'CAD')
    """
    if code not in ISO_4217:
        raise ValueError(f"currency_in({code!r}) names no currency, expected a code of ISO 4217 such as 'CAD'")

    def clean(value: object) -> str | None:
        return _currency_of(value, code)

    return clean


def _currency_of(value: object, declared: str | None) -> str | None:
    if isinstance(value, str):
        plain = PLAIN_PRICE.fullmatch(value)
        text = plain[0] if plain else price_line(value)
        if text is None:
            return None
        marks = [plain[1]] if plain and plain[1] else _marks_in(text)
        if marks:
            return _meant(value, frozenset.intersection(*map(codes_of, marks)), declared)
        without_mark = _is_without_mark(text)
    elif is_number(value):
        without_mark = True
    else:
        raise wrong_type(value, PRICE)
    if declared and without_mark:
        return declared
    raise refusal(value, f"names no currency, expected {PRICE}")


def _is_without_mark(text: str) -> bool:
    """Tell whether this is a price without a currency; "₿5" has one that ISO 4217 does not know."""
    return any(map(str.isdigit, text)) and not any(unicodedata.category(character) == "Sc" for character in text)


def _marks_in(text: str) -> list[str]:
    """Return the marks of a price: symbols anywhere; words beside a number, or alone in an element of their own."""
    if text.upper() in ISO_4217:
        return [text.upper()]
    return [
        mark[0]
        for mark in _MARK.finditer(text)
        if not is_word(mark[0])
        or mark[0] == text
        or _NUMBER_BEFORE.search(text, max(mark.start() - 10, 0), mark.start())
        or _NUMBER_AFTER.match(text, mark.end())
    ]


def _meant(value: object, possible: frozenset[str], declared: str | None) -> str:
    """Choose what the marks of one price mean together: "$" with "CAD" is Canadian."""
    if not possible:
        raise refusal(value, f"names more than one currency, expected {PRICE}")
    if len(possible) == 1:
        return next(iter(possible))
    for code in (declared, *USUAL):
        if code in possible:
            return code
    some = sorted(possible)
    raise refusal(
        value,
        f"can be in {', '.join(some)}, expected one currency: declare the site's, as in currency_in({some[-1]!r})",
    )
