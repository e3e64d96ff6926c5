"""What is kept with every message to people until all who are to have it have taken it."""

from __future__ import annotations

from typing import Any, ClassVar

from mongoengine import DateTimeField, Document, IntField, ListField, StringField


class Delivered(Document):
    """A document that is told. Targets are kept as digests of their addresses, which are secrets.

    `to_tell` are those that have not taken it, `told` those that have; who moves `next_try_at` ahead may try.
    """

    meta: ClassVar[dict[str, Any]] = {"abstract": True}

    to_tell = ListField(StringField())
    told = ListField(StringField())
    tries = IntField(default=0)
    next_try_at = DateTimeField(required=True, index=True)
