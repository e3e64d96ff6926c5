"""What every crawl knows of a proxy, so that none of them waits for one that another has found dead."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import DateTimeField, Document, IntField, StringField


class ProxyHealth(Document):
    """How a proxy is: `proxy.example:3128` as a whole, or `proxy.example:3128 shop.example` towards one host.

    Only one that has failed has a document. All times are the database server's.
    """

    meta: ClassVar = {"collection": "proxies", "auto_create_index": False}

    proxy = StringField(primary_key=True)
    failures = IntField(default=0)
    """Times in a row that it failed, counted once for each cool-down."""
    why = StringField()
    """What it did the last time."""
    failed_at = DateTimeField()
    cools_until = DateTimeField()
    """Until when others are preferred."""
    well_at = DateTimeField()
    """When it first passed a request on again."""
