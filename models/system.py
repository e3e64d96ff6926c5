"""What Swathe keeps about its own work: runs, changes of records, and items that were refused."""

from __future__ import annotations

from typing import ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    DynamicField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
)

from models.quality import Quality
from models.questions import ChangeQuerySet, RejectedQuerySet, RunQuerySet

LIMITS = ("max_pages", "max_depth", "since_known")
"""Arguments of a crawl that are whole numbers, and leave something out instead of saying what is crawled."""


class RunCounts(EmbeddedDocument):
    """What a run has done so far."""

    pages = IntField(default=0)
    not_modified = IntField(default=0)
    pages_same = IntField(default=0)
    passed_over = IntField(default=0)
    requests = IntField(default=0)
    items_new = IntField(default=0)
    items_changed = IntField(default=0)
    items_unchanged = IntField(default=0)
    items_refused = IntField(default=0)
    items_gone = IntField(default=0)
    data_pages = IntField(default=0)
    browser_pages = IntField(default=0)
    retries = IntField(default=0)
    dead_pages = IntField(default=0)
    errors = IntField(default=0)


class Problem(EmbeddedDocument):
    """A page that failed, or a record of it, at most one line; `scraper/core/failed_page.py` has the reasons."""

    url = StringField()
    reason = StringField()
    what = StringField(required=True)


class SeenList(EmbeddedDocument):
    """A list of the site as a run has seen it."""

    start = StringField(required=True)
    pages = IntField()
    entries = IntField()
    stated_total = IntField()
    stated_pages = IntField()
    end = StringField()
    against = StringField()


class Run(Document):
    """One crawl, from its start to its verdict; or a replay of stored pages, or a redrive of refused items."""

    meta: ClassVar = {"collection": "runs", "auto_create_index": False, "queryset_class": RunQuerySet}

    kind = StringField(choices=("crawl", "replay", "redrive"), default="crawl")
    spider = StringField(required=True, index=True)
    arguments = DictField()
    state = StringField(required=True, choices=("running", "finished", "failed", "interrupted", "lost"), index=True)
    verdict = StringField(choices=("complete", "incomplete", "unknown"), index=True)
    reasons = ListField(StringField())
    notes = ListField(StringField())
    suspect = BooleanField(default=False)
    deviations = ListField(StringField())
    exit_code = IntField()
    started_at = DateTimeField(required=True, index=True)
    ended_at = DateTimeField()
    heartbeat_at = DateTimeField(required=True)
    counts = EmbeddedDocumentField(RunCounts, default=RunCounts)
    records = DictField()
    quality = EmbeddedDocumentField(Quality)
    lists = EmbeddedDocumentListField(SeenList)
    problems = EmbeddedDocumentListField(Problem)
    cause = StringField()
    failed = DictField()
    evidence = ListField(DictField())
    host = StringField()
    pid = IntField()
    process = StringField()
    version = StringField()
    firing = StringField(index=True)
    alerts = BooleanField()
    logs = ListField(StringField())
    certificates = ListField(DictField())
    finish_reason = StringField()
    resumed = IntField()
    code = StringField()
    accepted_at = DateTimeField()
    end_told_at = DateTimeField()
    dead_letters = IntField()
    heal_told = ListField(StringField())
    frontier = DictField()
    workers = DictField()
    shares = DictField()
    progress = DictField()


class Change(Document):
    """One field of one record that got another value.

    `_id` is made of the record and the `changed_at` that the change replaced, which is also its `version`: so there is
    one change of a field per state of a record, whoever writes it and however often. The first one of an update names
    the `others` that were made with it.
    """

    meta: ClassVar = {
        "collection": "changes",
        "auto_create_index": False,
        "queryset_class": ChangeQuerySet,
        "strict": False,
    }

    id = StringField(primary_key=True)
    records = StringField(required=True)
    record = ObjectIdField(required=True, index=True)
    key = StringField()
    field = StringField(required=True)
    old = DynamicField()
    new = DynamicField()
    when = DateTimeField(required=True, index=True)
    run = ObjectIdField(index=True)
    url = StringField()
    version = DateTimeField()
    others = ListField(DictField())


class RenderDecision(Document):
    """The cheapest way that was found to read the pages of one template, and how often it was right."""

    meta: ClassVar = {"collection": "render_decisions", "auto_create_index": False}

    spider = StringField(required=True, key=True)
    template = StringField(required=True, key=True)
    tier = StringField(required=True)
    evidence = StringField()
    right = IntField(default=0)
    wrong = IntField(default=0)
    decided_at = DateTimeField(required=True)
    checked_at = DateTimeField(required=True)
    run = ObjectIdField()
    api = DictField()


class Fault(EmbeddedDocument):
    """A field that made an item be refused."""

    field = StringField(required=True)
    found = StringField()
    problem = StringField(required=True)


class Rejected(Document):
    """An item that could not be stored: why, and everything that its page showed of it."""

    meta: ClassVar = {"collection": "rejected", "auto_create_index": False, "queryset_class": RejectedQuerySet}

    fingerprint = StringField(required=True, key=True)
    records = StringField(required=True, index=True)
    url = StringField(required=True)
    base_url = StringField()
    encoding = StringField()
    faults = EmbeddedDocumentListField(Fault)
    raw = DictField()
    altered = ListField(StringField())
    added = ListField(StringField())
    spider = StringField()
    first_seen = DateTimeField(required=True)
    last_seen = DateTimeField(required=True, index=True)
    run = ObjectIdField(index=True)


class Redriven(Document):
    """The trace of a refused item that left `rejected`; it has the item's own id."""

    meta: ClassVar = {"collection": "redriven", "auto_create_index": False}

    fingerprint = StringField(required=True)
    records = StringField(required=True, index=True)
    key = StringField()
    url = StringField()
    source = StringField(required=True, choices=("page", "raw"))
    outcome = StringField(required=True)
    when = DateTimeField(required=True, index=True)
    run = ObjectIdField(index=True)
    seen_at = DateTimeField()
    seen_by = ObjectIdField()
