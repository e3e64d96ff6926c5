"""Show how far long work has come: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from rich.progress import track

from scraper.cli.output import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

LINE_EVERY_S = 10.0


def tracked(things: Sequence[T], what: str) -> Iterator[T]:
    """Yield the things; say on standard error, in words such as `Reading pages`, how many there have been."""
    if errors.is_terminal:
        yield from track(things, what, console=errors, transient=True)
        return
    said_at = time.monotonic()
    for number, thing in enumerate(things, 1):
        yield thing
        if time.monotonic() - said_at > LINE_EVERY_S:
            said_at = time.monotonic()
            errors.print(f"{what}: {number} of {len(things)}", markup=False)
