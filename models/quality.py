"""What a run measured of itself, so that later runs can be held against it."""

from __future__ import annotations

from mongoengine import (
    DictField,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    FloatField,
    IntField,
    ListField,
    StringField,
)


class RecordsQuality(EmbeddedDocument):
    """The records of one collection, as often as pages showed them; a record that two pages show counts twice."""

    collection = StringField(required=True)
    found = IntField(default=0)
    new = IntField(default=0)
    changed = IntField(default=0)
    refused = IntField(default=0)
    unseen = IntField(default=0)
    filled = DictField()
    faults = DictField()
    changes = DictField()
    segments = ListField(DictField())
    """The values of the document's `segment` field, each with how many different records the run stored: dicts of
    `value` and `count`, since a value may be no name of a field."""
    commonest = DictField()
    """By field: in how many different records its commonest value stands; of fields with a value in one or more."""
    filled_once = DictField()
    """By field: how many different records have a value, of which `commonest` is a part."""
    newest = DictField()
    """By field that holds a time: the latest one (UTC) that stands in a record which the run stored."""


class SelectorUse(EmbeddedDocument):
    """How often a selector of the spider was asked for, and matched nothing."""

    selector = StringField(required=True)
    asked = IntField(default=0)
    missed = IntField(default=0)


class Quality(EmbeddedDocument):
    """The figures of a run that its counts do not have.

    - `bytes`: size of all answers, as they came over the network;
    - `duration_s`: from the start of the run to the end of its last page;
    - `records`: by collection, how many were found, and of these new, changed, refused; how many that exist were
      `unseen`; and by field, in how many it had a value (`filled`), was at fault (`faults`), was changed (`changes`);
    - `lists`: of each list that the site names, where there are several, how many different entries it showed: dicts of
      `value` (its name) and `count`;
    - `selectors`: those of the spider.
    """

    bytes = IntField(default=0)
    duration_s = FloatField(default=0.0)
    records = EmbeddedDocumentListField(RecordsQuality)
    lists = ListField(DictField())
    selectors = EmbeddedDocumentListField(SelectorUse)
