"""What the web page keeps: who may come in, as digests of their secrets, and what was done by way of it."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import BooleanField, DateTimeField, Document, IntField, StringField


class WebAccess(Document):
    """What lets somebody in; `_id` is the SHA-256 of the secret, which is nowhere.

    A `login` is good for one session, a `session` is what a browser has, a `token` what a program or a person has.
    """

    meta: ClassVar = {"collection": "web_access", "auto_create_index": False}

    id = StringField(primary_key=True)
    kind = StringField(required=True, choices=("login", "session", "token"))
    role = StringField(required=True, choices=("read", "operate"))
    name = StringField(required=True)
    made_at = DateTimeField(required=True)
    expires_at = DateTimeField()
    """None: it is good until it is revoked."""


class WebServer(Document):
    """A process that serves the page, and the address that browsers have for it."""

    meta: ClassVar = {"collection": "web_servers", "auto_create_index": False}

    address = StringField(required=True)
    started_at = DateTimeField(required=True)
    host = StringField(required=True)
    pid = IntField(required=True)
    process = StringField()


class WebAction(Document):
    """The audit: one thing that somebody did, or tried to, by the page or the API.

    A unique index lets one action on one target be `under_way` at a time.
    """

    meta: ClassVar = {"collection": "web_actions", "auto_create_index": False}

    action = StringField(required=True)
    target = StringField(required=True)
    who = StringField(required=True)
    at = DateTimeField(required=True, index=True)
    ended_at = DateTimeField()
    outcome = StringField()
    under_way = BooleanField()
