"""Books of a shop."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Self

from mongoengine import BooleanField, Decimal128Field, IntField, StringField

from models import cleaners
from models.questions import RecordQuerySet
from models.record import Record


class BookQuerySet(RecordQuerySet):
    """What can be asked of books."""

    def in_stock(self) -> Self:
        """Keep the books that can be had now."""
        return self.keep(in_stock=True)

    def cheaper_than(self, price: Decimal | int) -> Self:
        """Keep the books whose price is below `price`, whatever its currency."""
        return self.keep(price__lt=Decimal(price))

    def in_category(self, category: str) -> Self:
        """Keep the books of a category."""
        return self.keep(category=category)


class Book(Record):
    """A book as its product page offers it."""

    meta: ClassVar = {"collection": "books", "queryset_class": BookQuerySet}

    upc = StringField(required=True, key=True, clean=cleaners.one_line)
    title = StringField(required=True, clean=cleaners.one_line, index=True, search=True)
    price = Decimal128Field(required=True, min_value=0, clean=cleaners.amount, index=True)
    currency = StringField(required=True, clean=cleaners.currency_code)
    in_stock = BooleanField(required=True, clean=cleaners.in_stock)
    stock = IntField(min_value=0, clean=cleaners.count)
    rating = IntField(min_value=1, max_value=5, clean=cleaners.rating)
    category = StringField(clean=cleaners.one_line, index=True)
    description = StringField(clean=cleaners.one_line, search=True)
    reviews = IntField(min_value=0, clean=cleaners.count)
    image_url = StringField(clean=cleaners.canonical_url)
