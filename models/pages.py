"""Pages that were given to a spider, kept so that they can be read again; their bodies are kept once by content."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import (
    BinaryField,
    DateTimeField,
    DictField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)


class StoredRequest(EmbeddedDocument):
    """How a page was asked for, and what was to be done with it.

    `cb_kwargs` and `request_meta` are JSON. `callback` is the name of a method of the spider. It is empty
    for another function, and `cb_kwargs` is null when they are no JSON: such a page cannot be read again.
    """

    url = StringField(required=True)
    method = StringField(required=True)
    headers = DictField()
    body = BinaryField()
    callback = StringField()
    cb_kwargs = StringField()
    request_meta = StringField()


class StoredPage(Document):
    """One answer that a callback of a spider was given."""

    meta: ClassVar = {"collection": "pages", "auto_create_index": False}

    url = StringField(required=True, index=True)
    spider = StringField(required=True, index=True)
    run = ObjectIdField(required=True, index=True)
    when = DateTimeField(required=True, index=True)
    why = StringField(required=True, choices=("all", "refused", "nothing", "error"))
    fingerprint = StringField(required=True, index=True)
    request = EmbeddedDocumentField(StoredRequest, required=True)
    status = IntField(required=True)
    headers = DictField()
    kind = StringField(required=True)
    encoding = StringField()
    flags = ListField(StringField())
    body = StringField(required=True, index=True)
    """The SHA-256 of the body, which is its `_id` in `page_bodies`."""
    size = IntField(required=True)
    """Bytes of the body as it was given to the spider."""


class PageBody(Document):
    """What a page showed, compressed with Zstandard; all pages with this content refer to it."""

    meta: ClassVar = {"collection": "page_bodies", "auto_create_index": False}

    id = StringField(primary_key=True)
    zstd = BinaryField(required=True)
    size = IntField(required=True, index=True)
    """Bytes of `zstd`."""
    doomed = StringField(index=True)
    """Who is about to remove it, unless a page refers to it."""
