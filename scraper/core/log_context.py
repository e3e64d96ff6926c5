"""What every log line says besides its message: the run and spider of this process, the firing that is looked at."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_everywhere: dict[str, str] = {}
_here: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 - nobody writes into it


def on_every_line(**fields: str | None) -> None:
    """Have all lines of this process, of whatever library and thread, bear these fields; None takes one off."""
    for name, value in fields.items():
        _everywhere.pop(name, None)
        if value is not None:
            _everywhere[name] = value


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Have the lines that are logged inside bear these fields, too."""
    token = _here.set({**_here.get(), **fields})
    try:
        yield
    finally:
        _here.reset(token)


def fields() -> dict[str, str]:
    """Return the fields of a line that is logged here and now."""
    return {**_everywhere, **_here.get()}
