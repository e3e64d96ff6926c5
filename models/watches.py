"""What watches have told: notices, and in their parts the id of every change, so that none is told twice."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from models.delivery import Delivered


class Notice(Delivered):
    """One message of a watch, about all changes that were there at once. A unique index lets a part be in one only."""

    meta: ClassVar = {"collection": "notices", "auto_create_index": False}

    watch = StringField(required=True, index=True)
    line = StringField()
    at = DateTimeField(required=True, index=True)
    total = IntField(required=True)
    counts = DictField()
    """How many entered, left and so on."""
    first = ListField(DictField())
    """The first ten, as they are told."""
    parts = ListField(ObjectIdField())


class NoticePart(Document):
    """Some hundred changes that a watch tells. A unique index lets a change be in one part of a watch only."""

    meta: ClassVar = {"collection": "notice_parts", "auto_create_index": False}

    watch = StringField(required=True)
    at = DateTimeField(required=True, index=True)
    open = BooleanField()
    """Whether it is in no notice yet; absent once it is."""
    counts = DictField()
    first = ListField(DictField())
    tells = ListField(StringField())
    """The id of each change."""
