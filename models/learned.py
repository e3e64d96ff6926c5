"""Documents of items that no model describes: their fields are learned from the items themselves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    Document,
    DynamicField,
    FloatField,
    IntField,
    ListField,
    StringField,
)

from models.exact import INTEGERS
from models.record import BOOKKEEPING, UNTOLD, Record, forget_schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mongoengine.base import BaseField
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

ITEM_ID = "item_id"

ANY, NOTHING = "any", "nothing"
FIELDS: dict[str, Callable[[str], BaseField]] = {
    "text": lambda column: StringField(db_field=column),
    "whole": lambda column: IntField(db_field=column),
    "number": lambda column: FloatField(db_field=column),
    "truth": lambda column: BooleanField(db_field=column),
    "time": lambda column: DateTimeField(db_field=column),
    "texts": lambda column: ListField(StringField(), db_field=column),
    ANY: lambda column: DynamicField(db_field=column),
    NOTHING: lambda column: DynamicField(db_field=column),
}
"""What a field of items was seen to hold, and the field of a document that holds the same."""

MOST_FIELDS = 500
"""Different fields of one spider's items; more are keys that are data, which belong into one field."""


class ItemKind(Document):
    """What is known of a collection of items: whose they are, and what each field holds."""

    meta: ClassVar = {"collection": "item_kinds", "auto_create_index": False}

    id = StringField(primary_key=True)
    spiders = ListField(StringField())
    columns = ListField(DynamicField())
    """Dicts of `name` and `kind`, since a field may be called as no field of MongoDB's may."""


class LearnedRecord(Record):
    """Base of the documents that items made. A value stays as the spider gave it."""

    meta: ClassVar[dict[str, Any]] = {"abstract": True}

    item_id = StringField(required=True, key=True)
    """What tells one item from another: the values of the spider's `item_key`, or a hash of the whole item."""

    columns: ClassVar[dict[str, str]] = {}
    """What each field holds, by its name in the item."""
    spiders: ClassVar[set[str]] = set()
    is_news: ClassVar[bool] = False
    """Whether something was learned that MongoDB has not been told."""

    @classmethod
    def learn(cls, columns: Mapping[str, str], spider: str) -> None:
        """Take in what the fields of an item hold; raise ValueError when they are too many."""
        known = {name: joined(cls.columns.get(name, NOTHING), kind) for name, kind in columns.items()}
        if known.items() <= cls.columns.items() and spider in cls.spiders:
            return
        if len(known.keys() | cls.columns.keys()) > MOST_FIELDS:
            raise ValueError(
                f"items of '{cls._get_collection_name()}' have more than {MOST_FIELDS} different fields: "
                f"put what is data into one field, or declare a document"
            )
        fields, names = dict(cls._fields), dict(cls._db_field_map)
        for name, kind in known.items():
            field = FIELDS[kind](column_of(name))
            field.name, field.owner_document = attribute_of(name), cls
            fields[field.name], names[field.name] = field, field.db_field
            setattr(cls, field.name, field)
        # Replaced as a whole: another thread may be going through them.
        cls._fields, cls._db_field_map = fields, names
        cls._reverse_db_field_map = {column: name for name, column in names.items()}
        cls._fields_ordered = tuple(fields)
        cls.columns = {**cls.columns, **known}
        cls.spiders = {*cls.spiders, spider}
        cls.is_news = True
        forget_schemas()

    @classmethod
    def tell(cls, database: Mongo) -> None:
        """Let other processes, and later ones, know what was learned. Blocks."""
        columns = [{"name": name, "kind": kind} for name, kind in cls.columns.items()]
        database[ItemKind._get_collection_name()].update_one(
            {"_id": cls._get_collection_name()},
            {"$set": {"columns": columns}, "$addToSet": {"spiders": {"$each": sorted(cls.spiders)}}},
            upsert=True,
        )
        cls.is_news = False


_learned: dict[str, type[LearnedRecord]] = {}


def learned_document(collection: str) -> type[LearnedRecord]:
    """Return the document of a collection of items, a new one when nothing is known of it."""
    if collection not in _learned:
        own = {"meta": {"collection": collection}, "__module__": __name__, "__doc__": "Items as a spider gave them."}
        _learned[collection] = type(collection, (LearnedRecord,), {**own, "columns": {}, "spiders": set()})
    return _learned[collection]


def learned_documents() -> dict[str, type[LearnedRecord]]:
    """Return what is known of items, by the name of their collection."""
    return dict(_learned)


def recall(database: Mongo) -> None:
    """Take in what earlier crawls have learned. Blocks."""
    for kind in database[ItemKind._get_collection_name()].find():
        document = learned_document(kind["_id"])
        columns = {column["name"]: column["kind"] for column in kind["columns"]}
        for spider in kind["spiders"]:
            document.learn(columns, spider)
        document.is_news = False


def holds(value: Any) -> str:
    """Return what a value is, in a word of FIELDS; raise ValueError for a number that MongoDB cannot hold."""
    if value is None:
        return NOTHING
    if isinstance(value, int) and not isinstance(value, bool) and value not in INTEGERS:
        raise ValueError(f"{str(value)[:60]} is out of range, expected a whole number of at most 64 bits")
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "truth"),
        (int, "whole"),
        (float, "number"),
        (str, "text"),
        (datetime, "time"),
    )
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "texts"
    return next((kind for type_, kind in kinds if isinstance(value, type_)), ANY)


def joined(one: str, other: str) -> str:
    """Return what holds both."""
    if NOTHING in (one, other) or one == other:
        return other if one == NOTHING else one
    return "number" if {one, other} == {"whole", "number"} else ANY


def attribute_of(name: str) -> str:
    """Return the name of a document's field for a field of items; what all records have keeps its own."""
    return f"{name}_" if hasattr(Record, name) or name in ("id", ITEM_ID, *BOOKKEEPING) else name


def column_of(name: str) -> str:
    """Return the name in MongoDB; it is another one only where Swathe's own fields have it."""
    return f"{name}_" if name in BOOKKEEPING or name in (ITEM_ID, UNTOLD) else name


def unfit_names(names: Iterable[Any]) -> dict[str, str]:
    """Return what is wrong with names of fields, by the name; the numbers of a list and the like are no names."""
    return {
        str(name): "is no name of a field: expected a text without `.`, without `$` in front, and not `_id`"
        for name in names
        if not isinstance(name, str) or not name or name == "_id" or name.startswith("$") or "." in name or "\0" in name
    }
