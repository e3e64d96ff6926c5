"""Books as a page gives them, cleaned and validated, for tests of what becomes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from models.books import Book
from pipelines.clean import clean
from pipelines.validate import validate

if TYPE_CHECKING:
    from models.record import Found


class PageOf:
    url = "http://127.0.0.1/1"


def book(upc: str, price: str, **raw: Any) -> Found:
    given = {"title": "Sea", "currency": "GBP", "in_stock": True, **raw}
    found = Book.found(PageOf(), upc=upc, price=Decimal(price), **given)
    clean(found)
    validate(found)
    assert not found.faults
    return found
