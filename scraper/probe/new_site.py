"""A new site: how its spider and model are called, what may not be overwritten, and what is written."""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mongoengine.base import get_document
from mongoengine.errors import NotRegistered
from w3lib.url import safe_url_string

from models.registry import all_documents, record_documents
from scraper.core.atomic_file import write_files
from scraper.core.project import ROOT, project
from scraper.errors import UsageError, expected_one_of
from scraper.fetch.http.credentials import without_account

if TYPE_CHECKING:
    from scrapy.spiderloader import SpiderLoaderProtocol

TEMPLATES = {
    "list": "records on list pages",
    "pages": "list pages, and a page of each record",
    "api": "a JSON API",
}
MODEL_TEMPLATE = "model"

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}", re.ASCII)
"""A module's name; a longer one would not leave room for a line of code."""

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
"""Begins an address; digits behind the colon are the port of one without a scheme."""

HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?")


def template_text(name: str) -> str:
    """Return a template of a spider; raise UsageError, naming the ones there are."""
    if name not in TEMPLATES:
        raise UsageError(f"there is no template {name!r}: {expected_one_of(name, TEMPLATES)}")
    return _read(name)


def site_address(url: str) -> str:
    """Return the address at which a crawl of a new site starts; raise UsageError for one that is not http(s).

    >>> [site_address(url) for url in ("conference.example", "localhost:8100/books/", "http://a.example/?q=ä b")]
    ['https://conference.example/', 'https://localhost:8100/books/', 'http://a.example/?q=%C3%A4%20b']
    """
    if (shown := without_account(url)) != url:
        raise UsageError(f"the URL has a user and password in it, expected {shown}: they are sent nowhere")
    full = url if SCHEME.match(url) else f"https://{url.removeprefix('//')}"
    try:
        parts = urlsplit(safe_url_string(full))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    known = bool(HOST.fullmatch(host)) or ":" in host
    if full != url and "." not in host and host != "localhost":
        known = False
    if not known or port == 0 or parts.scheme not in ("http", "https"):
        raise UsageError(f"the URL is {url!r}, expected an address such as https://conference.example/programme/")
    return parts._replace(path=parts.path or "/").geturl()


@dataclass(frozen=True)
class NewSite:
    """A site that is to be added, after its name, address and template were found good."""

    name: str
    url: str
    template: str

    @classmethod
    def checked(cls, name: str, url: str, template: str) -> NewSite:
        """Return the site; raise UsageError when it cannot be written as Python, whatever exists already."""
        template_text(template)
        site = cls(name, site_address(url), template)
        if not NAME.fullmatch(site.module):
            raise UsageError(
                f"the name is {name!r}, expected up to 48 letters, digits, '-' and '_' after a letter: job-offers"
            )
        if keyword.iskeyword(site.module) or keyword.iskeyword(site.document):
            raise UsageError(f"the name is {name!r}, expected one that is no word of Python's: choose another")
        if site._imported & {site.document, site.spider_class}:
            raise UsageError(f"the name is {name!r}, but the spider imports something of that name: choose another")
        return site

    @property
    def module(self) -> str:
        """The name of its modules and of its collection.

        >>> NewSite("Job-offers.example", "", "list").module
        'job_offers_example'
        """
        return re.sub("[-.]", "_", self.name).lower()

    @property
    def document(self) -> str:
        """The class of its records: the name in capitalized words.

        >>> NewSite("job-offers", "", "list").document
        'JobOffers'
        """
        return "".join(part[:1].upper() + part[1:] for part in re.split(r"[-._]", self.name))

    @property
    def spider_class(self) -> str:
        """The class of its spider."""
        return f"{self.document}Spider"

    @property
    def model(self) -> str:
        """Dotted path of its model."""
        return project().module(f"models.{self.module}")

    @property
    def model_file(self) -> Path:
        """Where the model is written."""
        return project().path("models") / f"{self.module}.py"

    @property
    def spider_file(self) -> Path:
        """Where the spider is written."""
        return project().path("spiders") / f"{self.module}.py"

    @cached_property
    def texts(self) -> dict[Path, str]:
        """What is written, by file."""
        values = {"name": self.name, "module": self.module, "document": self.document, "url": self.url}
        values["model"] = self.model
        templates = {self.model_file: MODEL_TEMPLATE, self.spider_file: self.template}
        return {file: Template(_read(template)).substitute(values) for file, template in templates.items()}

    def check_free(self, loader: SpiderLoaderProtocol, *, force: bool) -> None:
        """Raise UsageError when something has the site's names already; `force` gives up its two files alone."""
        here = project()
        if not here.package and here.folder != ROOT:
            raise UsageError(
                f"{here.folder} has the bundled spiders alone: make a project of yours, `swathe init NAME`"
            )
        own = [document for document in record_documents().values() if document.__module__ == self.model]
        if not own and find_spec(self.model):
            raise UsageError(f"{self.model} is no model of a site: choose another name")
        for file in () if force else self.texts:
            # A package such as models/cleaners would be imported in place of a module of its name.
            for taken in (file, file.with_suffix("")):
                if taken.exists():
                    shown = taken.relative_to(project().folder)
                    raise UsageError(f"{shown} exists already: choose another name, or overwrite it with --force")
        spider = loader.load(self.name) if self.name in loader.list() else None
        if spider is not None and spider.__module__ != project().module(f"spiders.{self.module}"):
            raise UsageError(f"spider '{self.name}' exists already, in {spider.__module__}: choose another name")
        clashing = [all_documents().get(self.module), _document_called(self.document)]
        for document in clashing:
            if document is not None and document not in own:
                raise UsageError(
                    f"the records would be called like those of {document.__module__}.{document.__name__}: "
                    f"choose another name"
                )

    def write(self) -> None:
        """Write the model and the spider; raise SwatheError, leaving nothing new behind, when that cannot be done."""
        write_files(self.texts)

    @property
    def _imported(self) -> set[str]:
        """The names that the two modules import from others."""
        nodes = [node for text in self.texts.values() for node in ast.walk(ast.parse(text))]
        imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module != self.model]
        return {alias.name for node in imports for alias in node.names}


def _document_called(name: str) -> Any:
    """Return the document that MongoEngine knows under a name, of which it keeps but one; None when it knows none."""
    try:
        return get_document(name)
    except NotRegistered:
        return None


def _read(template: str) -> str:
    return Path(__file__).with_name("templates").joinpath(f"{template}.tmpl").read_text(encoding="utf-8")
