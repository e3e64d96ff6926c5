"""What a column is: its type by trying the cleaners on all of its values, and its name by what stands at it."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models import cleaners
from models.record import Record
from scraper.core.text import quoted

Clean = Callable[[Any], Any]

PAGE_URL = "http://page.example/"
BEFORE = re.compile(
    r"[^\W\d][^:\uff1a]{0,30}[:\uff1a]|(?:by|from|in|at|on|posted|since|von|vom|am|aus|de|du|par|di|da|av|af|van|door|od|em)(?=\s+$)",
    re.IGNORECASE,
)
"""Words before a value that are none of it: with a colon, or little ones."""


CODE = re.compile(r"[A-Za-z][-_/#]?\d|\d[-_/#]?[A-Za-z]+\d")
PADDED = re.compile(r"\s*0\d")
"""Begins a text of digits that is no number: 01067 is a place, 0049 a telephone."""
LETTERED = re.compile(r"\d+[A-Za-z]")
"""The number of a house or a page, such as 12b, unless all have that letter."""

MOST_UNITS, LONGEST_UNIT = 3, 24
QUOTED = re.compile(r"[\u201c\u201e\u00ab\"].*[\u201d\u201c\u00bb\"]$", re.DOTALL)
COUNTED = re.compile(r"(?i)(?:stock|available|lager|verfügbar|disponib|magazyn)")
MONEY = re.compile(r"[$€£¥₹₽₩₺₴฿]|\b(?:USD|EUR|GBP|CHF|PLN|SEK|NOK|DKK|CZK|JPY|kr|zł|Kč)\b")
WORDS = {
    "title": "title", "name": "name", "price": "price", "author": "author", "date": "date", "img": "image",
    "image": "image", "desc": "description", "description": "description", "summary": "summary", "rating": "rating",
    "stars": "rating", "tag": "tags", "tags": "tags", "stock": "in_stock", "instock": "in_stock",
    "availability": "in_stock", "location": "location",
}  # fmt: skip
"""What words in classes call a field."""

OFTEN = re.compile(
    r"^(?!text$)(?:css|sc|jsx|svelte|chakra|mui|text|font|col|row|mt|mb|mr|ml|p|m|flex|btn|is|has|js|d)(?:$|[-_])|\d{2}|--|__$"
)
"""Classes that say how something looks."""

RESERVED = frozenset(
    [*keyword.kwlist, *keyword.softkwlist, *dir(Record), "id", "pk", "objects", "meta", "type", "key", "cleaners"]
)
"""Names that a record or Python has for something else."""


@dataclass(frozen=True)
class Kind:
    """A type of field, and the cleaner that makes its values."""

    field: str
    """The class of the model's field."""
    cleaner: str
    """The cleaner as a model writes it."""
    clean: Clean

    def reads(self, text: Any) -> Any:
        """Return the value of a text, or None for what is refused."""
        try:
            return self.clean(text)
        except ValueError:
            return None


def _of(field: str, name: str) -> Kind:
    return Kind(field, f"cleaners.{name}", getattr(cleaners, name))


AMOUNT, COUNT, RATING = _of("Decimal128Field", "amount"), _of("IntField", "count"), _of("IntField", "rating")
STOCK, LINE, LABELS = _of("BooleanField", "in_stock"), _of("StringField", "one_line"), _of("ListField", "labels")
CURRENCY = _of("StringField", "currency_code")
ADDRESS = Kind("StringField", "cleaners.canonical_url", lambda text: cleaners.canonical_url(text, PAGE_URL))
UNQUOTED = _of("StringField", "unquoted")
DAYS = tuple(Kind("DateTimeField", f'cleaners.day("{order}")', cleaners.day(order)) for order in ("DMY", "MDY", "YMD"))
NUMBER = Kind("Decimal128Field", "cleaners.number", cleaners.number)


def kind_of(values: list[str], attribute: str = "") -> Kind:
    """Return the type of values: that of the first cleaner that reads every one of them and says something."""
    if attribute in ("src", "href"):
        return ADDRESS
    if attribute == "class":
        return RATING if all(RATING.reads(value) is not None for value in values) else LINE
    prefix = _prefix(values)
    bare = [value.removeprefix(prefix).strip() for value in values]
    for kind in _likely(bare):
        if all(kind.reads(value) is not None for value in bare):
            return (
                kind if not prefix or all(kind.reads(value) is not None for value in values) else _behind(prefix, kind)
            )
    if prefix:
        return _behind(prefix, LINE)
    return UNQUOTED if all(QUOTED.match(value) for value in values) else LINE


def _likely(values: list[str]) -> list[Kind]:
    digits = sum(any(letter.isdecimal() for letter in value) for value in values)
    if digits < len(values):
        return [STOCK, RATING] if len(set(values)) <= 6 else []
    if all(COUNTED.search(value) for value in values):
        return [STOCK, COUNT]
    found = [AMOUNT] if all(MONEY.search(value) for value in values) else []
    short = max(map(len, values)) <= 40
    found += [kind for kind in DAYS if short and not all(value.replace(",", "").isdecimal() for value in values)]
    if short and found[:1] != [AMOUNT]:
        found += [RATING] if all("out of" in value or "★" in value for value in values) else []
        found += [COUNT, NUMBER] if _are_amounts(values) else []
    return found


def _are_amounts(values: list[str]) -> bool:
    """Say whether texts are numbers with the same unit, rather than codes, or titles with a number in them."""
    if any(CODE.search(value) or PADDED.match(value) or not re.match(r"\s*[-+(]?\d", value) for value in values):
        return False
    lettered = sum(LETTERED.fullmatch(value.strip()) is not None for value in values)
    if 0 < lettered < len(values) or len({value.strip()[-1] for value in values if lettered}) > 1:
        return False
    units = {" ".join(re.findall(r"[^\W\d]+", value)).lower() for value in values}
    return len(units) <= MOST_UNITS and all(len(unit) <= LONGEST_UNIT for unit in units)


def _behind(prefix: str, kind: Kind) -> Kind:
    """Return a kind that leaves out what every value begins with."""
    cut = cleaners.without_prefix(prefix)

    def clean(text: Any) -> Any:
        found = cut(text)
        return None if found is None else kind.clean(found)

    written = f"cleaners.without_prefix({quoted(prefix)})"
    return Kind(kind.field, written if kind is LINE else f"[{written}, {kind.cleaner}]", clean)


def _prefix(values: list[str]) -> str:
    """Return the words that all values begin with, when they end in a colon or are one word, such as `by`."""
    if len(set(values)) < 3:
        return ""
    low, high = min(values), max(values)
    shared = low[
        : next((place for place, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low))
    ]
    found = BEFORE.match(shared)
    return found[0] if found else ""


def name_of(names: list[str], label: str, tag: str, kind: Kind, attribute: str) -> str:
    """Return what a column is called: by itemprop or class, label, tag or type; a name of Python's."""
    if tag == "h1":
        return "title"
    if tag == "img" and kind is ADDRESS:
        return "image"
    if kind is STOCK:
        return "in_stock"
    for text in (*names[:1], label, *names[1:]):
        if found := identifier(text):
            known = [WORDS[part] for part in found.split("_") if part in WORDS]
            return known[0] if known and text != label else found
    if kind is ADDRESS:
        return "link"
    if tag in ("h1", "h2", "h3", "h4", "h5", "dt") or tag == "a":
        return "title"
    by_type = {AMOUNT: "price", COUNT: "count", RATING: "rating", STOCK: "in_stock", NUMBER: "number", LABELS: "tags"}
    return "date" if kind.field == "DateTimeField" else by_type.get(kind, "text")


def identifier(text: str) -> str:
    """Return a text as the name of a field; empty when it makes none.

    >>> identifier("Price (incl. tax)"), identifier("product__name"), identifier("css-1x2y3"), identifier("Größe")
    ('price_incl_tax', 'name', '', 'grosse')
    """
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    if OFTEN.search(text.lower()):
        return ""
    return field_name(re.sub(r"^[a-z]+__", "", text))


def field_name(text: str) -> str:
    """Return an ASCII text as the name of a field; empty when it makes none.

    >>> field_name("bornDate"), field_name("url"), field_name("7")
    ('born_date', 'url_', '')
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:30].rstrip("_")
    name = WORDS.get(name, name)
    if not re.fullmatch(r"[a-z][a-z0-9_]+", name):
        return ""
    return f"{name}_" if name in RESERVED else name
