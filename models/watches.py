"""What watches have told: a message with all its changes, so that none is told twice."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import DateTimeField, DictField, Document, IntField, ListField, StringField


class Notice(Document):
    """One message of a watch, about as many changes as were there at once.

    A unique index lets each change be in one notice of a watch only: inserting the notice is what claims them all.
    """

    meta: ClassVar = {"collection": "notices", "auto_create_index": False, "strict": False}

    watch = StringField(required=True, index=True)
    line = StringField(required=True)
    at = DateTimeField(required=True, index=True)
    total = IntField(required=True)
    counts = DictField()
    """How many entered, left and so on."""
    first = ListField(DictField())
    """The first ten, as they are told."""
    tells = ListField(StringField())
    """The id of each change."""

    to_tell = ListField(StringField())
    told = ListField(StringField())
    tries = IntField(default=0)
    next_try_at = DateTimeField(required=True, index=True)
