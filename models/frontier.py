"""The requests of a crawl that is under way, and what came of them: what a crawl needs to go on after a crash."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    IntField,
    ObjectIdField,
    StringField,
)

PENDING, LEASED, DONE, DEAD = "pending", "leased", "done", "dead"


class QueuedRequest(Document):
    """One request of one run. Its `_id` is the run's followed by the request's fingerprint: adding is deduplicating."""

    meta: ClassVar = {"collection": "frontier", "auto_create_index": False}

    id = BinaryField(primary_key=True)
    run = ObjectIdField(required=True)
    url = StringField(required=True)
    state = StringField(required=True, choices=(PENDING, LEASED, DONE, DEAD))
    listed = BooleanField()
    """Set unless it is done: the index holds these alone, so that what is done costs nothing."""
    priority = IntField()
    seq = IntField()
    """When it was added, in nanoseconds: of one priority the latest goes first, as in Scrapy."""
    not_before = DateTimeField()
    request = StringField()
    """The request as JSON; removed once it is done."""
    owner = StringField()
    """The worker that has it, or that had it when it ended."""
    taken = IntField()
    """How often it was taken up."""
    alone = IntField()
    """How often it was begun with nothing else under way, because those that took it up had died."""
    hung = StringField()
    """What its page was doing when it was seen to hang: it is not to be begun again."""
    error = StringField()
    """Why it is dead."""
    reason = StringField()
    """The same in one word, see `scraper/core/failed_page.py`."""
    order = IntField()
    """When it ended, in nanoseconds."""
    tally = DictField()
    """What it added to the run's statistics."""
    notes = DictField()
    """What it showed that speaks against the run."""
    event = StringField()
    """The ListEvent as JSON, when it was a page of a list."""
    depth = IntField()
    """How far from the start a page of a list is."""
