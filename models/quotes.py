"""Quotes and their authors."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import DateTimeField, ListField, StringField

from models import cleaners
from models.record import Record


class Quote(Record):
    """A saying and who said it."""

    meta: ClassVar = {"collection": "quotes"}

    text = StringField(required=True, key=True, clean=cleaners.unquoted)
    author = StringField(required=True, key=True, clean=cleaners.one_line, index=True)
    tags = ListField(StringField(), clean=cleaners.labels, index=True)
    goodreads_url = StringField(clean=cleaners.canonical_url)


class Author(Record):
    """A person who is quoted."""

    meta: ClassVar = {"collection": "authors"}

    name = StringField(required=True, key=True, clean=cleaners.one_line)
    born_date = DateTimeField(clean=cleaners.day(order="MDY"), index=True)
    born_location = StringField(clean=cleaners.without_prefix("in "))
    description = StringField(clean=cleaners.one_line)
