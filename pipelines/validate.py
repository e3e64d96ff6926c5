"""The second step: hold the clean values against the document, and name every field at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongoengine.errors import FieldDoesNotExist, ValidationError

if TYPE_CHECKING:
    from models.record import Found

MISSING = "nothing was found, expected a value"


class ValidatePipeline:
    """Build the document and let MongoEngine validate it; a record with faults goes on, to be kept in `rejected`."""

    def process_item(self, item: Found) -> Found:
        """Return the item with its document, or with all of its faults."""
        try:
            item.record = item.document(**item.values)
            item.record.validate()
        except ValidationError as error:
            for name, problem in error.to_dict().items():
                # A field that could not be read is missing only because of that.
                item.faults.setdefault(name, _phrase(problem))
        except (FieldDoesNotExist, TypeError, ValueError, ArithmeticError) as error:
            item.faults.setdefault("(record)", f"{item.document.__name__} cannot be built of it: {error}")
        return item


def _phrase(problem: object) -> str:
    """Say what MongoEngine means by its messages in the words of this project."""
    return MISSING if problem == "Field is required" else str(problem)
