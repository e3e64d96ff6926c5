"""A project of one's own: what it may be called, where it may be, and the files that it begins with."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from string import Template

from scraper.core.atomic_file import write_files
from scraper.core.config.template import config_ini
from scraper.core.project import MARKER, PACKAGES, VERSION
from scraper.errors import UsageError

TEMPLATES = Path(__file__).with_name("templates") / "project"
FIRST_OPTIONS = ("mongodb.database", "crawl.contact", "crawl.delay_s", "schedule", "queries")
"""The options that one changes first: those of its config.ini."""

LONGEST = 48
OTHERS = ("tests", "test", "main", "site")
"""Names that would be in the way of the project's own files, or of Python's."""


@dataclass(frozen=True)
class NewProject:
    """A project that is to be made, after its name and folder were found good."""

    folder: Path
    package: str
    bare: bool = False

    @classmethod
    def checked(cls, name: str, *, bare: bool = False) -> NewProject:
        """Return the project of a name, which may be a path; raise UsageError when it cannot be made there."""
        folder = Path(name).absolute()
        project = cls(folder, package_of(folder.name), bare)
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file, expected a new or empty folder: choose another name")
        held = [path.name for path in folder.iterdir() if path.name != ".git"] if folder.exists() else []
        if held:
            raise UsageError(f"{folder} is not empty, {min(held)} is in it: choose another name, or an empty folder")
        return project

    def write(self) -> None:
        """Write its files, all or none; raise SwatheError when that cannot be done."""
        write_files(self.texts)

    @property
    def surrounding(self) -> Path | None:
        """The project's folder that this one would lie in; None as a rule."""
        return next((parent for parent in self.folder.parents if (parent / MARKER).is_file()), None)

    @cached_property
    def texts(self) -> dict[Path, str]:
        """What is written, by file."""
        values = {
            "package": self.package,
            "version": VERSION,
            "distribution": self.package.strip("_").replace("_", "-"),
            "compose": self.package.strip("_"),
        }
        texts = {self.folder / "config.ini": config_ini({("mongodb", "database"): self.package}, FIRST_OPTIONS)}
        for template in sorted(TEMPLATES.rglob("*.tmpl" if self.bare else "*.*")):
            if template.is_file():
                text = template.read_text(encoding="utf-8")
                texts[self._place(template)] = Template(text).substitute(values)
        return texts

    def _place(self, template: Path) -> Path:
        """Return where a template goes: `package` is the project's, and a leading `_` stands for a dot."""
        first, *others = template.relative_to(TEMPLATES).with_suffix("").parts
        first = self.package if first == "package" else re.sub("^_", ".", first)
        return self.folder.joinpath(first, *others)


def package_of(name: str) -> str:
    """Return the name of a project's package; raise UsageError for one that something else has.

    >>> package_of("Müller & Söhne Ω-shop")
    'm_ller_s_hne_shop'
    """
    package = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{LONGEST - 1}}}", package):
        raise UsageError(
            f"the name is {name!r}, expected one that begins with a letter from a to z and makes a package of "
            f"{LONGEST} letters at most, such as shop"
        )
    if package in PACKAGES:
        raise UsageError(f"the name is {name!r}, but the package '{package}' is Swathe's own: choose another name")
    if package in OTHERS or keyword.iskeyword(package) or package in sys.stdlib_module_names:
        raise UsageError(f"the name is {name!r}, but '{package}' is a word or module of Python's: choose another name")
    if (there := find_spec(package)) is not None:
        where = there.origin or "a folder on sys.path"
        raise UsageError(f"the name is {name!r}, but a package '{package}' is there ({where}): choose another name")
    return package
