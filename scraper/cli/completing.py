"""What can follow in a query that is being typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import mongoengine as me

from models.registry import all_documents
from scraper.core.config import load_config
from scraper.errors import UsageError
from scraper.query.fields import field_path, inner_fields
from scraper.query.filters import OPERATORS
from scraper.query.values import element

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mongoengine import Document
    from mongoengine.base import BaseField

OPERATORS_HELP = """  field=value  !=  <  <=  >  >=   compares; a time may be yesterday, '3 days ago', -2h
  field=1..5  field!=1..5         is, is not within a range; 1.. and ..5 are open
  field~text  field!~text         contains the text or not, in any case
  field:a,b   field!:a,b          is, or has, any of them or none; a comma of a value is '\\,'
  field  !field                   is set, is not set
"""
WORDS = ("exit", "help")
SAVED, OF_FIELDS = "--saved", ("--select", "--sort", "--group-by")
_TIMES = ("today", "yesterday", "now", "-1h", "-1d", "-7d")
_FILTER = re.compile(r"(?P<field>[\w.]+)(?P<operator>![=~:]|<=|>=|[=<>~:])(?:.*,)?(?P<value>[^,]*)")


def suggestions(line: str, options: Mapping[str, Sequence[str]]) -> tuple[list[str], str]:
    """Return the words that can stand at the end of a line, and the beginning of them that is typed already.

    `options` has the values that an option can take, none where it takes any.

    >>> suggestions("books --select upc,pri", {})
    (['price'], 'pri')
    >>> suggestions("books in_stock=", {})
    (['true', 'false'], '')
    """
    *before, typed = line.split(" ")
    words = [word for word in before if word]
    document = all_documents().get(words[0]) if words else None
    if typed.startswith("--"):
        return _matching(options, typed)
    option = words[-1] if words else ""
    if values := load_config().queries if option == SAVED else options.get(option):
        return _matching(values, typed)
    if option in OF_FIELDS and document:
        last = typed.rpartition(",")[2].removeprefix("-")
        return _matching(_names(document, last), last)
    if not words:
        return _matching([*all_documents(), *WORDS], typed)
    return _in_filter(document, typed.removeprefix("!")) if document else ([], typed)


def _in_filter(document: type[Document], typed: str) -> tuple[list[str], str]:
    match = _FILTER.fullmatch(typed)
    if match:
        return _matching(_values(document, match["field"]), match["value"])
    names = _names(document, typed)
    if typed in names:  # whole: an operator may follow
        longer = [name for name in names if name != typed]
        return _matching([*longer, *(typed + operator for operator in OPERATORS)], typed)
    return _matching(names, typed)


def _matching(words: Iterable[str], typed: str) -> tuple[list[str], str]:
    return [word for word in words if word.startswith(typed)], typed


def _names(document: type[Document], typed: str) -> list[str]:
    """Return the fields, of those inside another one with its name before them."""
    outer = typed.rpartition(".")[0]
    try:
        owner = field_path(document, outer).field if outer else document
    except UsageError:
        return []
    return [f"{outer}.{name}" if outer else name for name in inner_fields(owner)]


def _values(document: type[Document], name: str) -> list[str]:
    try:
        field: BaseField = element(field_path(document, name).field)
    except UsageError:
        return []
    if isinstance(field, me.BooleanField):
        return ["true", "false"]
    if isinstance(field, me.DateTimeField):
        return list(_TIMES)
    return [str(choice) for choice in field.choices or ()]
