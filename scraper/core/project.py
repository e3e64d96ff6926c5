"""A guard against running somebody else's `models`, or a stale installed copy of ours.

The four package names are generic and top-level. Python takes the first match on `sys.path`, so another distribution's
package of the same name, or a copy left by `pip install .`, would run silently in place of this project's.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from scraper.errors import ProjectError

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that this code runs from."""

PACKAGES = ("scraper", "spiders", "pipelines", "models")


def check_origin(folder: Path | None = None) -> None:
    """Raise ProjectError unless all four packages are this checkout's and `folder` is not inside another checkout.

    `folder` is where the command was started; None is the current one.
    """
    for name in PACKAGES:
        found, expected = _package_folder(name), ROOT / name
        if found != expected:
            raise ProjectError(
                f"the package '{name}' would come from {found}, expected {expected}: another distribution ships that "
                f"name; run Swathe in a virtual environment of its own (`make install`)"
            )
    checkout = _checkout_above(folder or Path.cwd())
    if checkout is not None and checkout != ROOT:
        raise ProjectError(
            f"this is the copy of Swathe in {ROOT}, but you are in the checkout {checkout}: "
            f"run its own `python main.py`, or install it with `pip install --editable .`"
        )
    if not (ROOT / "config.ini").is_file():
        raise ProjectError(
            f"{ROOT} holds an installed copy of Swathe without its config.ini: "
            f"Swathe runs from its checkout; install that with `pip install --editable .`"
        )


def swathe_version() -> str:
    """Return the installed version, or 0 when run from a checkout that was never installed."""
    # What reads the metadata of packages takes as long to import as Python itself to start; few commands need it.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("swathe")
    except PackageNotFoundError:
        return "0"


def _package_folder(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent


def _checkout_above(folder: Path) -> Path | None:
    """Return the nearest folder at or above `folder` that holds a Swathe checkout."""
    for candidate in (folder, *folder.parents):
        if (candidate / "scrapy.cfg").is_file() and (candidate / "scraper" / "core" / "project.py").is_file():
            return candidate.resolve()
    return None
