"""What came of the last time each page was read: enough to do without it while it stays the same."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import BinaryField, DateTimeField, DictField, Document, StringField


class Visit(Document):
    """A page as it was read last by one spider. Its `_id` is made of both."""

    meta: ClassVar = {"collection": "visits", "auto_create_index": False}

    id = BinaryField(primary_key=True)
    spider = StringField(required=True, index=True)
    url = StringField(required=True)
    code = StringField(required=True)
    """The spiders, documents and pipelines that read it; what others made of a page is not taken over."""
    given = BinaryField()
    """What tells the values that its request came with, which its records may have; empty without any."""
    etag = StringField()
    last_modified = StringField()
    digest = BinaryField(required=True)
    """What tells what was read of the page from what else could be."""
    records = DictField()
    """The records it showed: a list of `_id` by the name of their collection."""
    measured = DictField()
    """How many of them had a value, by the names of collections and fields."""
    onward = BinaryField()
    """The requests it led to and what it told of its list, as JSON, compressed with Zstandard."""
    read_at = DateTimeField(required=True)
