"""The project that a command works in, found as Scrapy finds it, and the guard against running somebody else's code.

Swathe's packages have generic names and are top-level. Python takes the first match on `sys.path`, so another
distribution's package of the same name, or a copy left by `pip install .`, would run silently in place of ours.
"""

from __future__ import annotations

import configparser
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import models
from scraper.errors import ProjectError

VERSION = "0.1.0"
"""The version of Swathe: that of the wheel, and of the changelog's first heading."""

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds Swathe's own packages: a checkout, or where pip installs to."""

PACKAGES = ("scraper", "spiders", "pipelines", "models")
"""Swathe's own packages; each says so in the first line of its `__init__.py`."""

BUNDLED = "scraper.settings"
"""The settings of a project whose spiders, models and pipelines are the bundled ones: a checkout, or the demo's."""

MARKER = "scrapy.cfg"

SETTINGS_ENV = "SCRAPY_SETTINGS_MODULE"
"""Names the settings as scrapy.cfg does, and wins, as in Scrapy. scrapyd sets it for an egg: its code is elsewhere."""


@dataclass(frozen=True)
class Project:
    """A folder with a scrapy.cfg: it holds the configuration and, unless another is named, the data folder."""

    folder: Path
    settings: str = BUNDLED
    """Dotted path of Scrapy's settings, as scrapy.cfg has it."""

    @property
    def package(self) -> str:
        """Dotted path of the package with the project's spiders and models; empty when they are the bundled ones."""
        return "" if self.settings == BUNDLED else self.settings.rpartition(".")[0]

    def module(self, name: str) -> str:
        """Return the dotted path of a part, such as `shop.spiders`; the bundled ones are top-level."""
        return f"{self.package}.{name}" if self.package else name

    def path(self, name: str) -> Path:
        """Return the file or folder of a part, such as `spiders`."""
        return self.folder.joinpath(*self.package.split("."), name) if self.package else ROOT / name


_entered: Project | None = None


def project() -> Project:
    """Return the project that was entered, or the one here; raise ProjectError when there is none."""
    found = _entered or enter_project()
    if found is None:
        raise ProjectError(
            f"there is no project here: {Path.cwd()} has no {MARKER}, nor has any folder above it: "
            f"change into a project's folder, or make one with `swathe init NAME`"
        )
    return found


def enter_project(folder: Path | None = None) -> Project | None:
    """Make the project at or above `folder` (default: the current one) that of this process, and return it.

    None when there is none. Its folder is appended to `sys.path`, as Scrapy does. Raise ProjectError when a package
    would not be Swathe's or the project's own.
    """
    global _entered
    for name in PACKAGES:
        _check_own(name)
    found = find_project(folder or Path.cwd())
    if found is not None and found.package:
        if str(found.folder) not in sys.path:
            sys.path.append(str(found.folder))
        _check_package(found)
    _entered = found
    models.RECORDS_IN = found.module("models") if found else ""
    return found


def find_project(start: Path) -> Project | None:
    """Return the project of the nearest scrapy.cfg at or above a folder, else the checkout that this code is in."""
    for folder in (start, *start.parents):
        if (folder / MARKER).is_file():
            _check_checkout(folder.resolve())
            return _read(folder.resolve() / MARKER)
    return Project(ROOT) if (ROOT / MARKER).is_file() else None


def command(*arguments: str) -> list[str]:
    """Return the command line for Swathe in a process of its own, to be started in the project's folder."""
    # Nothing in the project's folder is to be imported in place of a package. A checkout need not be installed.
    program = [str(ROOT / "main.py")] if (ROOT / "main.py").is_file() else ["-P", "-m", "scraper"]
    return [sys.executable, *program, *arguments]


def _read(file: Path) -> Project:
    """Read what scrapy.cfg names; raise ProjectError for a fault in it, or when a newer Swathe has made it."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8"), source=str(file))
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        raise ProjectError(f"{file} cannot be read ({' '.join(str(error).split())}): correct it") from None
    made_by = parser.get("swathe", "version", fallback="")
    if _numbers(made_by) > _numbers(VERSION):
        raise ProjectError(
            f"{file.parent} is a project of Swathe {made_by}, found Swathe {VERSION}: `pip install -U swathe`"
        )
    name = os.environ.get("SCRAPY_PROJECT", "default")
    settings = os.environ.get(SETTINGS_ENV) or parser.get("settings", name, fallback="").strip()
    if settings != BUNDLED and not _is_of_a_package(settings):
        raise ProjectError(
            f"{file} has '{settings}' as '{name}' under [settings], expected the settings of the project's own "
            f"package, such as default = shop.settings ({', '.join(PACKAGES)} are Swathe's)"
        )
    return Project(file.parent, settings)


def _is_of_a_package(settings: str) -> bool:
    first, *others = settings.split(".")
    return bool(others) and first not in PACKAGES and all(part.isidentifier() for part in (first, *others))


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, to compare it by."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _check_own(name: str) -> None:
    found, expected = _package_folder(name), ROOT / name
    if found == expected and "Swathe" in (expected / "__init__.py").read_text(encoding="utf-8").partition("\n")[0]:
        return
    where = f"come from {found}" if found != expected else f"be another distribution's, which pip has put into {found}"
    raise ProjectError(
        f"the package '{name}' would {where}, expected {'Swathe' if found == expected else expected}: another "
        f"distribution or folder has that name; rename it, or run Swathe in a virtual environment of its own"
    )


def _check_package(project: Project) -> None:
    """Raise ProjectError unless the project's package is the one in its folder."""
    name = project.package.partition(".")[0]
    found, expected = _package_folder(name), project.folder / name
    if found != expected and not (found and os.environ.get(SETTINGS_ENV)):
        raise ProjectError(
            f"the package '{name}' would come from {found or 'nowhere'}, expected {expected}, as {MARKER} says: "
            f"rename it, or put it there"
        )


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent


def _check_checkout(folder: Path) -> None:
    """Raise ProjectError when a folder is a checkout of Swathe, but not the one that this code runs from."""
    if folder != ROOT and (folder / "scraper" / "core" / "project.py").is_file():
        raise ProjectError(
            f"this is the copy of Swathe in {ROOT}, but you are in the checkout {folder}: "
            f"run its own `python main.py`, or install it with `pip install --editable .`"
        )
