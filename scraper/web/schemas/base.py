"""What the schemas of views are made of, and of what is no view: errors, and outcomes of actions."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

if TYPE_CHECKING:
    from collections.abc import Sequence

Id = str
"""24 hexadecimal digits."""


class Shape(BaseModel):
    """An object that has these fields and no others, as have the dataclasses in it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_serialization_defaults_required=True, use_attribute_docstrings=True
    )


def shape_of(kind: type, name: str, without: Sequence[str] = (), **more: Any) -> type[Shape]:
    """Return a dataclass as a shape, with some fields left out, and with more, or of another type."""
    hints = get_type_hints(kind)
    types = {one.name: hints[one.name] for one in fields(kind) if one.name not in without} | more
    required: dict[str, Any] = {field: (of, ...) for field, of in types.items()}
    return create_model(name, __base__=Shape, __doc__=kind.__doc__, **required)


class Listed(Shape):
    """A list that comes a page at a time."""

    next: str = Field(description="The cursor of what follows; empty for the last page.")


class ErrorJson(Shape):
    """Why something is not to be had."""

    error: str = Field(description="One line: the thing, what was found, what was expected, the next step.")


class OutcomeJson(Shape):
    """What came of an action."""

    outcome: str
