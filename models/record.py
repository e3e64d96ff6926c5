"""The base of every record: what all records have, and how a document says its key, its cleaning and its indexes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from reprlib import Repr
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from mongoengine import (
    BooleanField,
    DateTimeField,
    Document,
    IntField,
    ListField,
    ObjectIdField,
    StringField,
    UUIDField,
)

from models.addresses import UTF8
from models.cleaning import cleaner_of, noise_of
from models.exact import as_given, exact_reader
from models.questions import RecordQuerySet

if TYPE_CHECKING:
    from collections.abc import Callable

    from mongoengine.base import BaseField

BOOKKEEPING = frozenset({"url", "first_seen", "last_seen", "changed_at", "gone_at", "run"})
"""Fields that Swathe itself fills; they say where and when a record was seen, not what it is."""

UNTOLD = "_untold"
"""Field of a new record, or of a change, with the listeners that it has not been told to; absent once it is told."""

WHOLE_RECORD = "(record)"
"""Stands for the field when a fault is of the record as a whole."""

SHORT = Repr()
SHORT.maxstring = SHORT.maxother = 80
"""How values are shown."""

JOINT = " / "
"""Stands between the values of a key that has several."""

KEY_FIELDS = (StringField, IntField, DateTimeField, BooleanField, ObjectIdField, UUIDField)
"""Fields whose values can be compared for sure."""


class Page(Protocol):
    """Anything that has the URL of the page a record was found on, such as a Scrapy response."""

    @property
    def url(self) -> str:
        """Absolute URL."""
        ...


class Record(Document):
    """Base of the documents that spiders store.

    A field says everything about itself, with MongoEngine's own arguments and eight more:

    - `clean=`: the function that turns the page's raw value into the field's (see `models.cleaners`), or a list of
      them, each of which takes what the one before it gave;
    - `key=True`: the field is (part of) what tells one record from another;
    - `index=True`: queries filter or sort by it;
    - `search=True`: a text search looks into it;
    - `track=False`: its value is kept up to date, but another one is no change of the record;
    - `ignore=`: what is noise and neither a change nor written (see `models.noise`);
    - `was=`: the name that the field had before, or a tuple of them, for `swathe migrate`;
    - `convert=`: the function that makes the field's value from a stored one of another type; else `clean` does.
    """

    meta: ClassVar[dict[str, Any]] = {
        "abstract": True,
        "auto_create_index": False,
        "queryset_class": RecordQuerySet,
        "strict": False,
    }

    url = StringField(required=True, index=True)
    first_seen = DateTimeField()
    last_seen = DateTimeField()
    changed_at = DateTimeField(index=True)
    gone_at = DateTimeField(index=True)
    run = ObjectIdField()

    def __repr__(self) -> str:
        """Show what the record holds, long values shortened."""
        held = ((name, getattr(self, name, None)) for name in schema_of(type(self)).content)
        shown = ", ".join(f"{name}={SHORT.repr(value)}" for name, value in held if value not in (None, []))
        return f"{type(self).__name__}({shown})"

    __str__ = __repr__

    @classmethod
    def found(cls, page: Page, /, **raw: Any) -> Found:
        """Return what a page shows of one record, raw; the pipelines clean, validate and store it.

        A field that is not named stays as it is in the database; one given as None is stored as null.
        """
        unknown = raw.keys() - schema_of(cls).content
        if unknown:
            raise TypeError(
                f"{cls.__name__} has no field '{min(unknown)}': expected some of {', '.join(schema_of(cls).content)}"
            )
        base = getattr(page, "base_url", "")
        is_own = base == page.url and getattr(base, "encoding", UTF8) == UTF8
        return Found(cls, page.url, raw, base_url="" if is_own else base)


@dataclass(slots=True)
class Found:
    """One record as a page shows it, on its way through the pipelines."""

    document: type[Record]
    url: str
    raw: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    """Clean values by field, filled by the clean step."""
    faults: dict[str, str] = field(default_factory=dict)
    """What is wrong, by field; a record with a fault is refused."""
    stored: dict[str, Any] = field(default_factory=dict)
    """What MongoDB is to hold, by the field's name there; filled by the validate step."""
    stored_as: Any = None
    """The record's `_id`, once it is stored."""
    added: frozenset[str] = frozenset()
    """List fields whose values are added to those that the record has."""
    base_url: str = ""
    """What the page's links are relative to (a BaseUrl), where that is not `url`, or their queries not in UTF-8."""

    @property
    def lacks(self) -> list[str]:
        """The required fields for which the page shows nothing."""
        return [name for name in schema_of(self.document).required if name in self.raw and not self.raw[name]]

    @property
    def identity(self) -> tuple[str, ...]:
        """The document and the raw values of its key."""
        return (self.document.__name__, *(str(self.raw.get(name)) for name in schema_of(self.document).key))

    def adding(self, *fields: str) -> Found:
        """Let the values of list fields be added to those that the record has, where a page shows only some of them.

        Values are then never removed: what the site drops later stays.
        """
        wrong = [name for name in fields if not isinstance(schema_of(self.document).fields.get(name), ListField)]
        if wrong:
            raise TypeError(f"{self.document.__name__}.{wrong[0]} is no ListField: values can be added to a list alone")
        self.added = frozenset(fields)
        return self

    @property
    def shown(self) -> dict[str, Any]:
        """The record as others see it: its clean values, or the raw ones before the clean step."""
        return self.values or {**self.raw, "url": self.url}

    def __getitem__(self, name: str) -> Any:
        """Return the value of a field; raise KeyError for one that is not set."""
        return self.shown[name]

    def __setitem__(self, name: str, value: Any) -> None:
        """Give a field another value, as pipelines do; raise KeyError for one that the document does not have."""
        if name != "url" and name not in schema_of(self.document).content:
            raise KeyError(f"{self.document.__name__} has no field '{name}'")
        if self.values:
            self.values[name] = value
        elif name == "url":
            self.url = value
        else:
            self.raw[name] = value

    def __delitem__(self, name: str) -> None:
        """Forget the value of a field; raise KeyError for one that is not set."""
        del (self.values or self.raw)[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a field, or the default when it is not set."""
        return self.shown.get(name, default)

    def __contains__(self, name: object) -> bool:
        """Return whether a field is set."""
        return name in self.shown

    def __repr__(self) -> str:
        """Show the record short enough for a log line."""
        return f"{self.document.__name__} of {self.url}"


@dataclass(frozen=True, slots=True)
class Check:
    """How the value of one field is held against it."""

    name: str
    column: str
    field: BaseField
    read: Callable[[Any], Any] | None
    """Takes a value exactly, see `Schema.exact`; None where any is taken as it is."""
    is_required: bool
    is_as_is: bool
    is_plain: Callable[[Any], bool] | None
    """Tells most valid values at once, without the field; None where it cannot be told."""


@dataclass(frozen=True)
class Schema:
    """What a document's fields say, gathered once per document."""

    collection: str
    key: tuple[str, ...]
    content: tuple[str, ...]
    """The record's own fields, in the order in which the document names them."""
    required: tuple[str, ...]
    indexes: tuple[str, ...]
    searched: tuple[str, ...]
    """The fields that a text search looks into."""
    cleaners: dict[str, Callable[[Any, str], Any]]
    """Field name to a function of the raw value and the address that the page's links are relative to."""
    exact: dict[str, Callable[[Any], Any]]
    """Field name to the function that takes a value exactly, or raises ValueError (see `models.exact`)."""
    segment: str
    """The field by whose values the records of a run are counted; empty without one."""
    fields: dict[str, BaseField]
    columns: dict[str, str]
    """Field name to the name it has in MongoDB."""
    as_is: frozenset[str]
    """Fields whose valid values are what MongoDB holds."""
    untracked: frozenset[str]
    """Names in MongoDB of the fields without a history."""
    noise: dict[str, Callable[[Any, Any], bool]]
    """Name in MongoDB to a function of the old and the new value: whether they differ by noise only."""

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """How each field's value is validated, in the order of the fields."""
        return tuple(
            Check(
                name,
                self.columns[name],
                field,
                None if (read := self.exact.get(name)) is as_given else read,
                field.required,
                name in self.as_is,
                _plain_test(field),
            )
            for name, field in self.fields.items()
        )


def schema_of(document: Any) -> Schema:
    """Return the schema of a document class; raise TypeError when a record's key is missing or cannot be one."""
    return _gather(document)


def key_text(document: type[Record], record: dict[str, Any]) -> str:
    """Return the values of a record's key as one text."""
    schema = schema_of(document)
    return JOINT.join(str(record.get(schema.columns[name])) for name in schema.key)


def forget_schemas() -> None:
    """Gather the schemas anew: a document has got another field."""
    _gather.cache_clear()


@cache
def _gather(document: Any) -> Schema:
    fields = {name: value for name, value in document._fields.items() if name != "id"}
    content = tuple(name for name in fields if name not in BOOKKEEPING)
    key = tuple(name for name in content if getattr(fields[name], "key", False))
    if issubclass(document, Record):
        if not key:
            raise TypeError(f"{document.__name__} names no key: give `key=True` to the fields that tell records apart")
        optional = [name for name in key if not fields[name].required]
        if optional:
            raise TypeError(f"{document.__name__}.{optional[0]} is part of the key: give it `required=True` too")
        unfit = [name for name in key if not isinstance(fields[name], KEY_FIELDS)]
        if unfit:
            expected = ", ".join(kind.__name__ for kind in KEY_FIELDS)
            raise TypeError(f"{document.__name__}.{unfit[0]} cannot be part of the key: expected one of {expected}")
        if UNTOLD in {known.db_field for known in fields.values()}:
            raise TypeError(f"{document.__name__} has a field '{UNTOLD}' in MongoDB, which is Swathe's: rename it")
        idle = [name for name in key if hasattr(fields[name], "track") or hasattr(fields[name], "ignore")]
        if idle:
            raise TypeError(
                f"{document.__name__}.{idle[0]} is part of the key and never changes: drop track= and ignore="
            )
    segment = str(document._meta.get("segment", ""))
    if segment and segment not in content:
        raise TypeError(
            f"{document.__name__} has `segment` '{segment}' in its meta: expected one of {', '.join(content)}"
        )
    return Schema(
        segment=segment,
        collection=document._get_collection_name(),
        key=key,
        content=content,
        required=tuple(name for name in content if fields[name].required),
        indexes=tuple(name for name in fields if getattr(fields[name], "index", False)),
        searched=tuple(name for name in fields if getattr(fields[name], "search", False)),
        cleaners={name: cleaner for name, value in fields.items() if (cleaner := cleaner_of(value)) is not None},
        exact={name: reader for name, value in fields.items() if (reader := exact_reader(value)) is not None},
        fields=fields,
        columns={name: value.db_field for name, value in fields.items()},
        as_is=frozenset(name for name in fields if _is_as_is(fields[name])),
        untracked=frozenset(fields[name].db_field for name in content if not getattr(fields[name], "track", True)),
        noise={fields[name].db_field: rule for name in content if (rule := noise_of(fields[name])) is not None},
    )


def _plain_test(field: BaseField) -> Callable[[Any], bool] | None:
    """Return the test that a field's value is a text, or a list of texts, where the field asks for nothing more."""
    is_free = not field.choices and field.validation is None
    if type(field) is StringField and is_free and field.max_length is field.min_length is field.regex is None:
        return _is_text
    if type(field) is ListField and is_free and field.max_length is None and field.field is not None:
        return _is_texts if _plain_test(field.field) is _is_text else None
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    # An empty list may be one that is required.
    return type(value) is list and bool(value) and all(map(_is_text, value))


def _is_as_is(field: BaseField) -> bool:
    """Return whether a field's `to_mongo` would return the value itself; it takes its time to find that out."""
    return type(field) is StringField or (type(field) is ListField and type(field.field) is StringField)
