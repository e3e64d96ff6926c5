"""A document as it was and as it is, and a migration of it in a process of its own, which a test can kill."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import mongoengine

from models.record import Record
from scraper.storage.connection import Connection


def in_pounds(value: Any) -> Decimal:
    """Return a price that was kept as a text."""
    return Decimal(str(value).removeprefix("£"))


class Before(Record):
    """A thing as it was."""

    meta = {"collection": "things"}  # noqa: RUF012
    code = mongoengine.StringField(required=True, key=True)
    label = mongoengine.StringField(index=True)
    price = mongoengine.StringField()


class Now(Record):
    """A thing as it is."""

    meta = {"collection": "things"}  # noqa: RUF012
    sku = mongoengine.StringField(required=True, key=True, was="code")
    title = mongoengine.StringField(index=True, was=("name", "label"))
    price = mongoengine.Decimal128Field(convert=in_pounds)
    weight = mongoengine.FloatField()


if __name__ == "__main__":
    from support import configured

    from scraper.storage.migration import renames, retypes
    from scraper.storage.migration.migration import Migration

    renames.BATCH = retypes.BATCH = 20
    config = configured(SWATHE_MONGODB_DATA_DIR=sys.argv[1], SWATHE_MONGODB_DATABASE=sys.argv[2])
    with Connection(config.mongodb) as database:
        Migration(database, Now).apply()
