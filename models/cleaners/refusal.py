"""The one form in which a cleaner says that it cannot read a value."""

import reprlib

SHOWN_CHARACTERS = 60

_shortener = reprlib.Repr()
_shortener.maxother = _shortener.maxstring = _shortener.maxlong = SHOWN_CHARACTERS


def refusal(value: object, fault: str) -> ValueError:
    """Build the error of a cleaner: what was found, then `fault`, which says what was expected.

    >>> refusal("call us", "holds no amount, expected a price such as '£51.77'")
    ValueError("'call us' holds no amount, expected a price such as '£51.77'")
    """
    return ValueError(f"{shown(value)} {fault}")


def wrong_type(value: object, expected: str) -> ValueError:
    """Build the error of a cleaner which was given a type that it never reads.

    >>> wrong_type([1, 2], "a price such as '£51.77'")
    ValueError("[1, 2] is of type list, expected a price such as '£51.77'")
    """
    return refusal(value, f"is of type {type(value).__name__}, expected {expected}")


def shown(value: object) -> str:
    """Write `value` as in Python source, in at most 60 characters, whatever its size.

    >>> shown("x" * 1_000_000)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'"
    """
    if isinstance(value, str):
        text = repr(str(value[: SHOWN_CHARACTERS + 1]))
        return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 2]}…{text[-1]}"
    try:
        text = _shortener.repr(value)
    except ValueError:  # Python refuses to write an integer of more than 4,300 digits
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
