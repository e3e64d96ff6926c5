"""What the scheduler keeps: how far each schedule was carried out, and every firing with what became of it."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    FloatField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)


class ScheduleState(Document):
    """How far a schedule was carried out; `_id` is its name.

    Each time up to `handled_until` at which it was due has a row in `firings`; none before `since` is owed.
    """

    meta: ClassVar = {"collection": "schedules", "auto_create_index": False}

    id = StringField(primary_key=True)
    timing = StringField(required=True)
    since = DateTimeField(required=True)
    handled_until = DateTimeField(required=True)


class SchedulerSeen(Document):
    """A scheduler, and when it last looked for what is due; `_id` is its owner's mark in `firings`.

    Those that `swathe schedule run --once` starts share a row on each host; `every_s` is the time between their looks.
    """

    meta: ClassVar = {"collection": "schedulers", "auto_create_index": False}

    id = StringField(primary_key=True)
    host = StringField()
    pid = IntField()
    process = StringField()
    once = BooleanField(default=False)
    every_s = FloatField()
    schedules = ListField(StringField())
    started_at = DateTimeField(required=True)
    looked_at = DateTimeField(required=True)
    stopped_at = DateTimeField()


class Attempt(EmbeddedDocument):
    """One try of a firing that is over."""

    started_at = DateTimeField(required=True)
    ended_at = DateTimeField(required=True)
    result = StringField(required=True)
    why = StringField()
    run = ObjectIdField()


class Firing(Document):
    """One time at which a schedule was due, and what became of it.

    `_id` is made of the schedule's name and that time, so that a firing exists once however many schedulers there are.
    The row holds all that a scheduler needs to carry it on. `key` is the spider with its arguments: a unique index
    lets only one firing of a key be `running`. `quiet` is one that a person asked for, and of whose end nobody else is
    told; `told` are the targets, as digests, that have taken the digest which it sends.
    """

    meta: ClassVar = {"collection": "firings", "auto_create_index": False}

    id = StringField(primary_key=True)
    schedule = StringField(required=True, index=True)
    spider = StringField(required=True)
    arguments = DictField()
    key = StringField(required=True)
    due = DateTimeField(required=True, index=True)
    start_at = DateTimeField(required=True)
    state = StringField(required=True, choices=("waiting", "running", "done", "skipped"), index=True)
    result = StringField()
    why = StringField()
    run = ObjectIdField()

    policy = StringField(required=True, choices=("skip", "queue", "replace"))
    limit_s = FloatField(default=0)
    retries = IntField(default=0)
    processes = StringField(default="1")
    retry_dead = BooleanField()
    tries = IntField(default=0)
    attempts = EmbeddedDocumentListField(Attempt)

    fired_at = DateTimeField()
    ended_at = DateTimeField()
    owner = StringField()
    lease_until = DateTimeField()
    host = StringField()
    pid = IntField()
    pid_started = IntField()
    stopping = StringField()
    kill_at = DateTimeField()
    quiet = BooleanField()
    told = ListField(StringField())

    @property
    def mark(self) -> str:
        """What tells this try from all others: its run and its process bear it."""
        return f"{self.id}#{self.tries}"
