"""Modules of a project that cannot be imported: each is left out alone, and named with file, line and cause."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

LONGEST = 200
NOT_OWN = ("scraper", ".venv")
"""What lies beside a project's package in a checkout, and is not where its faults are."""


@dataclass(frozen=True)
class Broken:
    """A file that is left out; line 0 when the fault is of the file as a whole."""

    file: str
    line: int
    cause: str

    def __str__(self) -> str:
        """Return file, line and cause as one line."""
        return f"{self.file}{f' line {self.line}' if self.line else ''}: {self.cause}"


BROKEN: dict[str, Broken] = {}
"""What this process could not import, by module."""


def import_part(module: str) -> ModuleType | None:
    """Import a module of a project; None when that fails, and `BROKEN` says why."""
    try:
        found = import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's module may raise
        BROKEN[module] = Broken(*_place(module, error), cause_of(error))
        return None
    BROKEN.pop(module, None)
    return found


def import_parts(package: str, *, deep: bool = False) -> Iterator[ModuleType]:
    """Import a package or module and the modules in it, `deep` those of its packages too; yield those that can be."""
    found = import_part(package)
    if found is None:
        return
    yield found
    for inner in iter_modules(getattr(found, "__path__", ()), f"{package}."):
        if deep:
            yield from import_parts(inner.name, deep=True)
        elif (module := import_part(inner.name)) is not None:
            yield module


def note_broken(module: str, line: int, error: Exception) -> None:
    """Leave out a module that was imported, but holds what cannot be used."""
    BROKEN[module] = Broken(_shown(Path(str(sys.modules[module].__file__)), module), line, cause_of(error))


def cause_of(error: BaseException) -> str:
    """Return what an exception says, as one line."""
    said = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    return f"{type(error).__name__}: {said}"[:LONGEST] if said else type(error).__name__


def _place(module: str, error: BaseException) -> tuple[str, int]:
    """Return the file and line at fault: the last of the project's own that the error came through."""
    if isinstance(error, SyntaxError) and error.filename:
        return _shown(Path(error.filename), module), error.lineno or 0
    own = _base(module)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if own and file.is_relative_to(own) and file.relative_to(own).parts[0] not in NOT_OWN:
            return _shown(file, module), frame.lineno or 0
    return module, 0


def _base(module: str) -> Path | None:
    """Return the folder that holds a module's top-level package."""
    spec = find_spec(module.partition(".")[0])
    return Path(spec.origin).parent.parent if spec and spec.origin else None


def _shown(file: Path, module: str) -> str:
    """Return a file as it is shown: relative to the project's folder where it is in it."""
    base = _base(module)
    return str(file.relative_to(base)) if base and file.is_relative_to(base) else str(file)
