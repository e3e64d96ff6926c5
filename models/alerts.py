"""What the alerts keep: one incident for all runs in a row that go wrong in the same way, and who was told of it."""

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


class Incident(Delivered):
    """A spider with its arguments that goes wrong in one way, until a complete run; or a file that cannot be loaded.

    A unique index lets a `key` have one open incident of a `kind`. `schedule` is whose run it was, `acked_at` when a
    person said that they know, `closed_because` why it is over when no run says so.
    """

    meta: ClassVar = {"collection": "incidents", "auto_create_index": False}

    key = StringField(required=True)
    spider = StringField(required=True, index=True)
    arguments = DictField()
    kind = StringField(required=True)
    open = BooleanField(default=True)
    opened_at = DateTimeField(required=True, index=True)
    closed_at = DateTimeField()
    last_at = DateTimeField(required=True)
    times = IntField(default=1)
    why = StringField()
    cause = StringField()
    run = ObjectIdField()
    closing_run = ObjectIdField()
    closed_because = StringField()
    with_kinds = ListField(StringField())
    schedule = StringField()
    acked_at = DateTimeField()


class Mute(Document):
    """A spider, or a file, of which nobody is told until a time; `_id` is its name."""

    meta: ClassVar = {"collection": "mutes", "auto_create_index": False}

    id = StringField(primary_key=True)
    until = DateTimeField(required=True)
