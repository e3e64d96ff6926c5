"""What a view is: one function that gathers, one template that shows; the page, its JSON and the API are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel


@dataclass(frozen=True)
class View:
    """A page and its data."""

    path: str
    """With the names of its parts in braces; `.json` after it, or /api/v1 before it, is the same as JSON."""
    template: str
    gather: Callable[..., dict[str, Any]]
    """Takes its parameters by FastAPI's rules."""
    shape: type[BaseModel]
    """What `gather` returns, as JSON."""
    about: str = ""
