r"""Cleaners: functions from what a page gives to the value of a field, or to None.

A cleaner is named where its field is: `title = StringField(required=True, clean=one_line)`. Cleaners are the only code
that knows how text of pages becomes values. Every cleaner keeps to this contract:

- It is called with what the page gave: a `str` as a rule; on JSON pages also a `list`, `int`, `float`, `Decimal`,
  `bool` or `datetime`. It is never called with None. It takes a value that is clean already, and returns the same.
- Nothing in it (white space only) becomes None; in `labels`, the empty list.
- What it cannot read, by content or type, raises ValueError with one phrase which says what was found, in at most 60
  characters, and what was expected: `'call us' holds no amount, expected a price such as '£51.77'`.
- One with a second parameter `page_url` is also given the address that the page's links are relative to.
- Pages are hostile: time grows in proportion to the text, numbers have bounds, no content raises anything else.

`currency_in`, `day`, `moment` and `without_prefix` make cleaners: `born = DateTimeField(clean=day("MDY"))`.

>>> one_line("  A Light in\n the Attic ")
'A Light in the Attic'
"""

from models.cleaners.counts import count
from models.cleaners.currency import currency_code, currency_in
from models.cleaners.dates import day, moment
from models.cleaners.links import canonical_url, srcset
from models.cleaners.money import amount
from models.cleaners.numeric import number
from models.cleaners.ratings import rating
from models.cleaners.stock import in_stock
from models.cleaners.text import labels, one_line, paragraphs
from models.cleaners.trimming import unquoted, without_prefix

__all__ = [
    "amount",
    "canonical_url",
    "count",
    "currency_code",
    "currency_in",
    "day",
    "in_stock",
    "labels",
    "moment",
    "number",
    "one_line",
    "paragraphs",
    "rating",
    "srcset",
    "unquoted",
    "without_prefix",
]
