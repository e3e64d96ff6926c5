"""Quotes and their authors."""

from __future__ import annotations

from typing import ClassVar, Self

from mongoengine import DateTimeField, ListField, StringField

from models import cleaners
from models.questions import RecordQuerySet
from models.record import Record


class QuoteQuerySet(RecordQuerySet):
    """What can be asked of quotes."""

    def by_author(self, name: str) -> Self:
        """Keep the quotes of one author."""
        return self.keep(author=name)

    def tagged(self, *tags: str) -> Self:
        """Keep the quotes that have every one of `tags`."""
        return self.keep(tags__all=tags)


class Quote(Record):
    """A saying and who said it."""

    meta: ClassVar = {"collection": "quotes", "queryset_class": QuoteQuerySet}

    text = StringField(required=True, key=True, clean=cleaners.unquoted, search=True)
    author = StringField(required=True, key=True, clean=cleaners.one_line, index=True, search=True)
    tags = ListField(StringField(), clean=cleaners.labels, index=True)
    goodreads_url = StringField(clean=cleaners.canonical_url)


class Author(Record):
    """A person who is quoted."""

    meta: ClassVar = {"collection": "authors"}

    name = StringField(required=True, key=True, clean=cleaners.one_line, search=True)
    born_date = DateTimeField(clean=cleaners.day(order="MDY"), index=True)
    born_location = StringField(clean=cleaners.without_prefix("in "))
    description = StringField(clean=cleaners.one_line, search=True)
