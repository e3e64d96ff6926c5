"""Books of a shop."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import BooleanField, Decimal128Field, IntField, StringField

from models import cleaners
from models.record import Record


class Book(Record):
    """A book as its product page offers it."""

    meta: ClassVar = {"collection": "books"}

    upc = StringField(required=True, key=True, clean=cleaners.one_line)
    title = StringField(required=True, clean=cleaners.one_line, index=True)
    price = Decimal128Field(required=True, min_value=0, clean=cleaners.amount, index=True)
    currency = StringField(required=True, clean=cleaners.currency_code)
    in_stock = BooleanField(required=True, clean=cleaners.in_stock)
    stock = IntField(min_value=0, clean=cleaners.count)
    rating = IntField(min_value=1, max_value=5, clean=cleaners.rating)
    category = StringField(clean=cleaners.one_line, index=True)
    description = StringField(clean=cleaners.one_line)
    reviews = IntField(min_value=0, clean=cleaners.count)
    image_url = StringField(clean=cleaners.canonical_url)
