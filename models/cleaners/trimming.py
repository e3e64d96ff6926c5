"""Text without what a page sets around it: typographic quotation marks, or a word such as "in" before a place."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
from collections.abc import Callable

from models.cleaners.refusal import refusal
from models.cleaners.text import MAX_ROUNDS, one_line

# How languages open and close a quotation. An apostrophe opens none: it may stand for a letter, as in "'Tis".
_WESTERN = {"“": "”", "„": "“”", "”": "”", "‘": "’", "‚": "‘’", "«": "»", "»": "«", "‹": "›", "›": "‹", '"': '"'}
_EASTERN = {"「": "」", "『": "』", "《": "》", "〈": "〉", "〝": "〞"}
_CLOSING_OF = _WESTERN | _EASTERN
_QUOTATION_MARKS = "".join(_CLOSING_OF) + "".join(_CLOSING_OF.values())


def unquoted(value: object) -> str | None:
    """Return `one_line` without the quotation marks around the whole text; None when it has nothing else.

    Marks that close earlier than at the end belong to the text, and stay.

    >>> unquoted('“The truth." Dumbledore sighed. "It is a beautiful and terrible thing.”')
    'The truth." Dumbledore sighed. "It is a beautiful and terrible thing.'
    >>> unquoted('"Yes" and "no"')
    '"Yes" and "no"'
    """
    text = one_line(value)
    # Until nothing changes, so that cleaning again changes nothing.
    for _ in range(MAX_ROUNDS):
        if text is None:
            return None
        inner = _inside_quotation_marks(text)
        if inner == text:
            return text
        text = one_line(inner)
    raise refusal(value, f"is wrapped more than {MAX_ROUNDS} times over, expected text")


def without_prefix(prefix: str) -> Callable[[object], str | None]:
    """Return a cleaner: `one_line` without `prefix`, once and as it is written: "in In Salah" is in In Salah, Algeria.

    A prefix that ends in a letter or a digit goes only as a whole word. Raises ValueError for an empty prefix.

    >>> without_prefix("in")("in Ulm, Germany"), without_prefix("in")("inland"), without_prefix("in")("in In Salah")
    ('Ulm, Germany', 'inland', 'In Salah')
    """
    start = one_line(prefix)
    if start is None:
        raise ValueError(f"without_prefix({prefix!r}) names no prefix, expected text such as 'in'")
    word_end = r"(?!\w)" if start[-1].isalnum() else ""
    beginning = re.compile(rf"{re.escape(start)}{word_end} ?")

    def clean(value: object) -> str | None:
        text = one_line(value)
        return None if text is None else one_line(beginning.sub("", text, count=1) if beginning.match(text) else text)

    return clean


def _inside_quotation_marks(text: str) -> str:
    if text[-1] in _CLOSING_OF.get(text[0], ""):
        inner = text[1:-1]
        alone = text[0] not in inner and text[-1] not in inner
        if inner and (alone or _encloses(text, text[0], text[-1])):
            return inner
    return text if text.strip(_QUOTATION_MARKS + " ") else ""


def _encloses(text: str, opening: str, closing: str) -> bool:
    """Tell whether the mark that begins `text` is closed by the one at its very end."""
    depth, last_opened_at = 0, -1
    for mark in re.finditer(f"[{opening}{closing}]", text):
        at = mark.start()
        if mark[0] in "’‘" and _is_apostrophe(text, at):
            continue
        if mark[0] == opening if opening != closing else _looks_opening(text, at, last_opened_at):
            depth, last_opened_at = depth + 1, at
        else:
            depth -= 1
        if depth <= 0:
            return at == len(text) - 1
    return False


def _is_apostrophe(text: str, at: int) -> bool:
    return 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()


def _looks_opening(text: str, at: int, last_opened_at: int) -> bool:
    """Tell an opening mark from a closing one of the same shape: it stands before a word, and after none."""
    after_word = not (at == 0 or at - 1 == last_opened_at or text[at - 1] in " ([{—–-/")
    return not after_word and text[at + 1 : at + 2] not in ("", " ")
