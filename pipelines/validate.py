"""The second step: hold the clean values against the document's fields, and name every field at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mongoengine.errors import ValidationError

from models.record import WHOLE_RECORD, Check, Found, Record, schema_of
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
    schema, faults = schema_of(found.document), found.faults
    if found.document.clean is not Record.clean:
        for check in schema.checks:
            _read(check, found.values, faults)
        if not faults:
            _apply_rules_between_fields(found)
    values, stored = found.values, found.stored
    for check in schema.checks:
        name = check.name
        value = _read(check, values, faults)
        if name in faults:
            continue
        if value is None:
            if check.is_required:
                faults[name] = MISSING
            elif name in values:
                stored[check.column] = None
            continue
        is_plain = check.is_plain is not None and check.is_plain(value)
        if not is_plain and (problem := _problem(check.field, value)):
            faults[name] = problem
        else:
            stored[check.column] = value if check.is_as_is else check.field.to_mongo(value)


def _read(check: Check, values: dict[str, Any], faults: dict[str, str]) -> Any:
    """Return the value of a field, taken exactly; None where there is none, or what is no value of the field."""
    name = check.name
    value = values.get(name)
    if value is not None and check.read is not None and name not in faults:
        try:
            value = values[name] = check.read(value)
        except ValueError as fault:
            faults[name] = str(fault)
    return value


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
