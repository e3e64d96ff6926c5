"""Page text to clean text: in one line, in paragraphs, or a list of labels."""

# ruff: noqa: RUF002 - the characters that look alike are what pages write

import html
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from models.cleaners.late_pattern import late
from models.cleaners.mojibake import is_suspect, repaired
from models.cleaners.refusal import refusal, wrong_type

Value = TypeVar("Value")

MAX_ROUNDS = 8
"""Layers of escaping, mojibake or quotation marks that one text may have; real pages have up to three."""

MAX_MARKS = 30
"""Combining marks kept in a row: the bound of Unicode's stream-safe text format (UAX #15, section 13).

Without a bound, putting marks into their normal order takes quadratic time.
"""

LABEL_LENGTH = 48
"""Texts of up to this many characters are likely to be seen again."""

MAX_INTEGER_BITS = 332
"""An integer of more than 100 digits is no text that a page shows."""

# Only entities that end in a semicolon: `?a=1&copy=2` is an address, not a copyright sign.
_ENTITY = late(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# However often an ampersand was escaped, this takes one pass.
_ESCAPED_AMPERSAND = late(r"&(?:(?:amp|AMP|#38|#[xX]26);)+")

_BLANKS = late("[ \t\r]{2,}")
_SURROGATES = late("[\ud800-\udfff]+")
# Controls, zero-width spaces, direction marks, soft hyphens, byte order marks, noncharacters: a word with one of them
# reads as the word without, so it is the same word in keys, queries and exports.
_INVISIBLE = late(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]+"
)
# The joiners U+200C and U+200D, which Persian, Hindi and emoji are spelled with, stay between such characters.
_SPELLED = "[^\\x00-\\x7f\\s\u200c\u200d]"
_LOOSE_JOINERS = late(f"(?<!{_SPELLED})[\u200c\u200d]+|[\u200c\u200d]+(?!{_SPELLED})")
_UNSEEN_MARKS = late("[\u034f\u17b4\u17b5\u180b-\u180d]+")
# Signs that look like a space: an empty Braille cell, the fillers of Hangul.
_BLANK_SIGNS = late("[\u2800\u3164\uffa0]+")
_NOTHING_VISIBLE = late("[\\s\u115f\u1160\ufe00-\ufe0f\U000e0000-\U000e0fff]*")
_UNUSUAL = late("[\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5\u180b-\u180d\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_MANY_MARKS = late(rf"[^\w\s\x00-\x7f]{{{MAX_MARKS + 1},}}")


def one_line(value: object) -> str | None:
    r"""Return the text in one line; None when there is none.

    Mojibake is repaired, entities that survived are unescaped, control and invisible characters dropped (soft hyphens
    and byte order marks, too), all white space collapsed, letters composed (NFC). Quotation marks, ligatures and
    full-width letters stay as the page has them. An integer, as in JSON pages, becomes its digits. Raises ValueError
    for any other type.

    >>> one_line("  Tom &amp;amp; Jerry:\n donâ€™t\xa0stop ")
    'Tom & Jerry: don’t stop'
    """
    if isinstance(value, str) and len(value) <= LABEL_LENGTH:
        return _known_line(value)
    return _settled(value, _joined)


@lru_cache(maxsize=8192)
def _known_line(text: str) -> str | None:
    """Clean a short text once: names, labels and units come again and again."""
    return _settled(text, _joined)


def remembered(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Let a reader of texts remember short ones, as `one_line` does: prices, counts and ratings come again and again.

    >>> remembered(len)("abc")
    3
    """
    known = lru_cache(maxsize=4096)(read)
    return lambda text: known(text) if len(text) <= LABEL_LENGTH else read(text)


def paragraphs(value: object) -> str | None:
    r"""Return the text as `one_line` does, but with a line break wherever the page has one or several.

    For text whose lines mean something; those of an HTML source seldom do.

    >>> paragraphs("First  paragraph.\n\n \n Second.\n")
    'First paragraph.\nSecond.'
    """
    return _settled(value, _lined)


def plain_text(text: str) -> str | None:
    r"""Return a text as texts are compared: composed (NFC) and without what nobody sees; None where nothing is left.

    For fields without a cleaner, and for what is asked for; white space stays as it is.

    >>> plain_text("cafe\u0301\xad"), plain_text("\u2800\ufeff ")
    ('café', None)
    """
    if not text.isprintable():
        text = _INVISIBLE.sub("", _SURROGATES.sub(_pair_up, text))
    if not text.isascii():
        text = _composed(text)
    return None if not text or text.isspace() or _NOTHING_VISIBLE.fullmatch(text) else text


def labels(value: object) -> list[str]:
    """Return the labels in a list, or the one in a text, each by `one_line`: no empty ones, no repeats, in their order.

    A record without labels has an empty list, so nothing becomes `[]`, not None.

    >>> labels([" love ", "life", "", "love"]), labels("  ")
    (['love', 'life'], [])
    """
    raw_labels = value if isinstance(value, list | tuple) else [value]
    cleaned = (one_line(label) for label in raw_labels if label is not None)
    return list(dict.fromkeys(label for label in cleaned if label is not None))


def short_line(value: object, longest: int, expected: str) -> str | None:
    """Return `one_line`, and refuse text of more than `longest` characters before any costly work.

    >>> short_line("word " * 600, 200, "a price")
    Traceback (most recent call last):
    ValueError: 'word word word word word word word word word word word wo…' is too long, \
expected a price, not a text of 2,999 characters
    """
    if isinstance(value, str) and len(value) > longest:
        value = _joined(value)
        if len(value) > longest:
            raise refusal(value, f"is too long, expected {expected}, not a text of {len(value):,} characters")
    return one_line(value)


def _settled(value: object, layout: Callable[[str], str]) -> str | None:
    """Clean until nothing changes: a repair may reveal the next fault, and clean text must stay as it is."""
    text = _text_of(value)
    laid_out = layout(text)
    if "&" not in laid_out and laid_out.replace("\n", "").isprintable() and _needs_no_repair(text, laid_out):
        return laid_out or None
    # Not `laid_out`: a no-break space is white space to Python, but half a letter in mojibake.
    text = _BLANKS.sub(" ", text.strip(" \t\r\n"))
    for _ in range(MAX_ROUNDS):
        cleaned = layout(_readable(text))
        if cleaned == text:
            return None if _NOTHING_VISIBLE.fullmatch(cleaned) else cleaned
        text = cleaned
    raise refusal(value, f"is escaped or mis-encoded more than {MAX_ROUNDS} times over, expected text")


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= MAX_INTEGER_BITS:
        return str(value)
    raise wrong_type(value, "text")


def _needs_no_repair(text: str, laid_out: str) -> bool:
    """Tell most clean text at once. It is the text as given that is suspected: see below for no-break spaces."""
    if laid_out.isascii():
        return text.isascii() or not is_suspect(text)
    return (
        not is_suspect(text)
        and unicodedata.is_normalized("NFC", laid_out)
        and not _MANY_MARKS.search(laid_out)
        and not _UNUSUAL.search(laid_out)
    )


def _joined(text: str) -> str:
    return " ".join(text.split())


def _lined(text: str) -> str:
    return "\n".join(line for line in map(_joined, text.splitlines()) if line)


def _readable(text: str) -> str:
    """Unescape, repair and compose the text once; white space is not touched."""
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _ESCAPED_AMPERSAND.sub("&", text))
    if is_suspect(text):
        text = repaired(text)
    if not text.isprintable():
        text = _INVISIBLE.sub("", _SURROGATES.sub(_pair_up, text))
    return text if text.isascii() else _composed(text)


def _composed(text: str) -> str:
    text = _BLANK_SIGNS.sub(" ", _LOOSE_JOINERS.sub("", _UNSEEN_MARKS.sub("", text)))
    return unicodedata.normalize("NFC", _MANY_MARKS.sub(_limit_marks, text))


def _pair_up(surrogates: re.Match[str]) -> str:
    """Join the halves of a character, as some JSON readers leave them, and drop halves that stand alone."""
    return surrogates[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _limit_marks(symbols: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in symbols[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)
