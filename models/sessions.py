"""Logins that last: the cookies of a session, encrypted, for the next crawls of the spider."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import BinaryField, DateTimeField, Document, StringField


class KeptSession(Document):
    """The session of a spider on one site; `_id` is both.

    `account` is a digest of the user, empty for cookies of a browser.
    """

    meta: ClassVar = {"collection": "sessions", "auto_create_index": False}

    id = StringField(primary_key=True)
    spider = StringField(required=True)
    site = StringField(required=True)
    account = StringField(default="")
    cookies = BinaryField(required=True)
    saved_at = DateTimeField(required=True)
