"""What the schemas of views are made of, and of what is no view: errors, and outcomes of actions."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

Id = str
"""24 hexadecimal digits."""


class Shape(BaseModel):
    """An object that has these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Listed(Shape):
    """A list that comes a page at a time."""

    next: str = Field(description="The cursor of what follows; empty for the last page.")


class ErrorJson(Shape):
    """Why something is not to be had."""

    error: str = Field(description="One line: the thing, what was found, what was expected, the next step.")


class OutcomeJson(Shape):
    """What came of an action."""

    outcome: str
