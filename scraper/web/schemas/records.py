"""The JSON of records, their changes, those that were refused, and the pages that were kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import mongoengine as me
from pydantic import BaseModel, Field

from models.record import schema_of
from scraper.web.schemas.base import Id, Listed, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.record import Record


class CollectionJson(Shape):
    """A collection of records."""

    records: str
    count: int
    fields: list[str]


class CollectionsJson(Shape):
    """The collections of records."""

    collections: list[CollectionJson]


class RecordRowJson(Shape):
    """A record in a list."""

    id: Id
    is_gone: bool
    values: dict[str, Any] = Field(description="By field; the schemas `Record.NAME` say what each holds.")


class RecordsJson(Listed):
    """Records that meet every filter."""

    records: str
    filters: list[str]
    text: str
    sort: str
    as_of: str
    columns: list[str]
    rows: list[RecordRowJson]
    is_cut: bool = Field(description="Whether there are more that no cursor leads to, as with `sort`.")
    after: str
    total: int
    is_more: bool = Field(description="Whether there are more than `total`, up to which they are counted.")
    fields: list[str]


class FacetValueJson(Shape):
    """A value, and how many records have it."""

    value: Any
    count: int


class FacetJson(Shape):
    """The values of a field."""

    field: str
    values: list[FacetValueJson]


class FacetsJson(Shape):
    """How often values stand in the first records that meet every filter."""

    records: str
    of: int
    facets: list[FacetJson]


class ChangeOfRecordJson(Shape):
    """One field that got another value."""

    when: datetime
    field: str
    old: Any
    new: Any
    run: str
    url: str | None = None


class ChartJson(Shape):
    """The course of a number."""

    field: str
    points: list[tuple[datetime, float | None]]
    until: datetime


class KeptPageJson(BaseModel):
    """A page that was kept."""

    id: Id = Field(alias="_id")
    when: datetime
    why: str
    status: int | None


class SeenJson(Shape):
    """When a record was seen, and by which run."""

    first_seen: datetime | None
    last_seen: datetime | None
    changed_at: datetime | None
    gone_at: datetime | None
    run: str | None


class RecordDetailJson(Shape):
    """One record."""

    records: str
    id: Id
    key: str
    url: str | None
    values: dict[str, Any]
    seen: SeenJson
    changes: list[ChangeOfRecordJson]
    has_more_changes: bool
    charts: list[ChartJson]
    pages: list[KeptPageJson]


class KnownJson(Shape):
    """One kind of thing that is known of an address."""

    title: str
    rows: list[dict[str, Any]]


class WhyJson(Shape):
    """What is known of an address."""

    url: str
    known: list[KnownJson]


class ChangeRowJson(Shape):
    """A change of a field of a record."""

    records: str
    key: str | None
    field: str
    old: Any
    new: Any
    when: datetime
    url: str | None
    record: Id
    run: str


class ChangesJson(Listed):
    """Changes, the latest first."""

    records: str
    field: str
    watches: list[str]
    changes: list[ChangeRowJson]


class WatchJson(Shape):
    """A line of [watch]."""

    name: str
    line: str


class NoticeJson(Shape):
    """What a watch has told."""

    at: datetime
    watch: str
    title: str
    body: str


class WatchesJson(Shape):
    """What the watches have told, the latest first."""

    watches: list[WatchJson]
    notices: list[NoticeJson]


class FaultJson(BaseModel):
    """A field at fault, and what its page had."""

    field: str
    problem: str
    raw: Any


class RejectedRowJson(Shape):
    """A refused item in a list."""

    id: Id
    records: str | None
    url: str | None
    spider: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    faults: list[FaultJson]


class RejectedJson(Listed):
    """Refused items, the latest first."""

    spider: str
    records: str
    total: int
    items: list[RejectedRowJson]


class RejectedItemJson(RejectedRowJson):
    """One refused item."""

    raw: dict[str, Any]
    page: Id | None


class StoredPageJson(Shape):
    """A page that was kept."""

    id: Id
    run: Id
    url: str | None
    spider: str | None
    when: datetime | None
    why: str | None
    status: int | None
    size: int | None
    encoding: str | None


KINDS: Mapping[type, dict[str, Any]] = {
    me.BooleanField: {"type": "boolean"},
    me.IntField: {"type": "integer"},
    me.FloatField: {"type": "number"},
    me.Decimal128Field: {"type": "number"},
    me.DecimalField: {"type": "number"},
    me.DateTimeField: {"type": "string", "format": "date-time"},
    me.DateField: {"type": "string", "format": "date"},
    me.ListField: {"type": "array"},
    me.DictField: {"type": "object"},
    me.EmbeddedDocumentField: {"type": "object"},
    me.ObjectIdField: {"type": "string", "pattern": "^[0-9a-f]{24}$"},
    me.StringField: {"type": "string"},
}
"""What a field is in JSON; one of another kind may be anything."""


def record_schema(document: type[Record]) -> dict[str, Any]:
    """Return the JSON schema of the records of a collection; what a record lacks, or had no field for, is null."""
    schema = schema_of(document)
    properties = {name: _kind(schema.fields[name]) for name in schema.content}
    about = (document.__doc__ or "").strip().split("\n")[0]
    return {"type": "object", "title": schema.collection, "description": about, "properties": properties}


def _kind(field: Any) -> dict[str, Any]:
    known = next((kind for of, kind in KINDS.items() if isinstance(field, of)), None)
    if known is None:
        return {}
    inner = {"items": _kind(field.field)} if known["type"] == "array" and getattr(field, "field", None) else {}
    return {**known, **inner, "type": [known["type"], "null"]}
