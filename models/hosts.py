"""What every crawl knows of a host, so that all of them together are polite to it."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import (
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    FloatField,
    IntField,
    MapField,
    StringField,
)


class HostProblem(EmbeddedDocument):
    """What a host did that made the crawls hold back."""

    at = DateTimeField(required=True)
    what = StringField(required=True)


class Host(Document):
    """A host's page of the politeness ledger: `example.org`, or `127.0.0.1:8100` with a port that is not usual.

    All times are the database server's. A time until which something holds stands with its length beside it, so that
    a clock that jumps back lengthens no wait.
    """

    meta: ClassVar = {"collection": "hosts", "auto_create_index": False}

    host = StringField(primary_key=True)
    delay_s = FloatField(default=0.0)
    """Seconds between two requests now in force: the largest of the crawl's, robots.txt's and the learned one."""
    breaker = StringField(default="closed", choices=("closed", "open", "half-open"))
    blocked_until = DateTimeField()
    blocked_why = StringField()
    blocked_s = FloatField(default=0.0)
    requests_today = IntField(default=0)
    day = StringField()
    """The day (UTC) of `requests_today`."""
    seen_at = DateTimeField()
    robots_delay_s = FloatField()
    """What robots.txt asks for by Crawl-delay or Request-rate; None when it asks for nothing."""
    learned_delay_s = FloatField(default=0.0)
    """Made longer by every 429, and slowly shorter again."""
    bad_delay_s = FloatField(default=0.0)
    """The longest delay at which the host still complained."""
    slowed_at = DateTimeField()
    eased_at = DateTimeField()
    successes = IntField(default=0)
    """Answers since the delay last changed."""
    throttled = IntField(default=0)
    """Times in a row that the host asked to be left alone."""
    failures = IntField(default=0)
    """Network errors and server errors in a row."""
    openings = IntField(default=0)
    """How often the breaker opened since the last success."""
    concurrency = IntField(default=1)
    """Requests under way at once, of all processes."""
    next_at = DateTimeField()
    """The first time not yet given to a request; it was `booked_s` ahead."""
    booked_s = FloatField(default=0.0)
    processes = MapField(DateTimeField())
    """When each process that crawls the host was last seen."""
    problems = EmbeddedDocumentListField(HostProblem)
    """The last five."""
    version = IntField(default=0)
