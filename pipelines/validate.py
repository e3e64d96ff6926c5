"""The second step: hold the clean values against the document's fields, and name every field at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mongoengine.errors import ValidationError

from models.record import WHOLE_RECORD, Found, Record, schema_of
from scraper.crawl.page_item import RecordStep

if TYPE_CHECKING:
    from mongoengine.base import BaseField

    from scraper.crawl.page_item import PageRecords

MISSING = "nothing was found, expected a value"


class ValidatePipeline(RecordStep):
    """Let each MongoEngine field validate its value; a record with faults goes on, to be kept in `rejected`."""

    def process_item(self, item: PageRecords) -> PageRecords:
        """Return the page; each of its records has what MongoDB is to hold, or all of its faults."""
        for found in item.records:
            validate(found)
        return item


def validate(found: Found) -> None:
    """Fill what MongoDB is to hold of one record, and its faults.

    This is what `Document.validate()` does, without building a document first, which costs three times as much. Only a
    document with a `clean()` of its own, for rules between fields, is built. MongoEngine's fields would make of a value
    of another type what they can: before they see it, each takes it exactly (`models.exact`), or it is a fault.
    """
    _take_exactly(found)
    if found.document.clean is not Record.clean and not found.faults:
        _apply_rules_between_fields(found)
        _take_exactly(found)
    schema, values = schema_of(found.document), found.values
    for name, field in schema.fields.items():
        if name in found.faults or (name not in values and not field.required):
            continue
        value = values.get(name)
        if value is None and field.required:
            found.faults[name] = MISSING
        elif value is not None and (problem := _problem(field, value)):
            found.faults[name] = problem
        else:
            as_is = value is None or name in schema.as_is
            found.stored[schema.columns[name]] = value if as_is else field.to_mongo(value)


def _take_exactly(found: Found) -> None:
    values = found.values
    for name, read in schema_of(found.document).exact.items():
        value = values.get(name)
        if value is not None and name not in found.faults:
            try:
                values[name] = read(value)
            except ValueError as fault:
                found.faults[name] = str(fault)


def _problem(field: BaseField, value: Any) -> str:
    """Return what MongoEngine says against a value, or an empty text."""
    try:
        field._validate(value)
    except ValidationError as error:
        return str(error.to_dict() or error.message) if error.errors else str(error.message)
    except Exception as error:  # noqa: BLE001 - MongoEngine's fields raise what they like for a value of another type
        return f"{type(error).__name__}: {error}"
    return ""


def _apply_rules_between_fields(found: Found) -> None:
    """Run the document's own `clean()`, which may change values or raise ValidationError."""
    try:
        record = found.document(**found.values)
        record.clean()
    except ValidationError as error:
        faults = error.to_dict() or {WHOLE_RECORD: error.message}
        found.faults.update({WHOLE_RECORD if name == "__all__" else name: str(what) for name, what in faults.items()})
    except Exception as error:  # noqa: BLE001 - a bug in it refuses this record, and no other
        found.faults[WHOLE_RECORD] = f"{found.document.__name__}.clean() raised {type(error).__name__}: {error}"
    else:
        found.values = {name: getattr(record, name) for name in found.values}
