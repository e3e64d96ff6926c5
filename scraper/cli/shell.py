"""What the shell completes (Tab, after `swathe --install-completion`): spiders, records, fields and their values.

A completion must not get in the way: it starts no database, and what goes wrong completes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer
from pymongo.errors import PyMongoError

from scraper.core.config import load_config
from scraper.errors import SwatheError

if TYPE_CHECKING:
    from scraper.core.config import Config

_SPLIT = re.compile(r" ?(![=~:]|<=|>=|[=<>~:])(?: |$)")
"""An operator as bash hands it over: a word of its own."""

MOST_VALUES, VALUES_MS = 50, 500
"""Values of a field that are offered, and how long they may take to be found."""


def spider_names(incomplete: str) -> list[str]:
    """Return the spiders whose names begin so."""
    from scraper.spider.loader import all_spiders

    try:
        return [name for name in all_spiders() if name.startswith(incomplete)]
    except SwatheError:
        return []


def record_names(incomplete: str) -> list[str]:
    """Return the collections whose names begin so."""
    from models.registry import all_documents

    return [name for name in all_documents() if name.startswith(incomplete)]


def filter_words(context: typer.Context, incomplete: str) -> list[str]:
    """Return what can go on a filter of the records that were named: fields, operators, values."""
    from scraper.cli.completing import suggestions

    before = [str(context.params.get("records") or ""), *(context.params.get("filters") or ())]
    line = _SPLIT.sub(r"\1", " ".join([*before, incomplete]))
    try:
        words, typed = suggestions(line, {})
        words = words or _stored(before[0], line.rpartition(" ")[2], typed)
    except SwatheError:
        return []
    # bash takes the operator for a word of its own, other shells leave it to the value.
    head = incomplete.removesuffix(typed) if incomplete.endswith(typed) else ""
    return [f"{head}{word}" for word in words]


def _stored(records: str, condition: str, typed: str) -> list[str]:
    """Return values of a field that are in the database and begin so, if it is up."""
    from models.registry import all_documents
    from scraper.query.fields import field_path

    name = re.split(r"[!=<>~:]", condition, maxsplit=1)[0]
    document, config = all_documents().get(records), load_config()
    if document is None or name == condition or not _is_up(config):
        return []
    from scraper.storage.connection import connection_to

    column = field_path(document, name).column
    stages: list[dict[str, Any]] = [
        {"$unwind": f"${column}"},
        {"$match": {column: {"$regex": f"^{re.escape(typed)}"}}},
        {"$group": {"_id": f"${column}"}},
        {"$sort": {"_id": 1}},
        {"$limit": MOST_VALUES},
    ]
    try:
        with connection_to(config.mongodb) as database:
            return [str(row["_id"]) for row in database[records].aggregate(stages, maxTimeMS=VALUES_MS)]
    except PyMongoError:
        return []


def _is_up(config: Config) -> bool:
    from scraper.storage.embedded.folder import DataFolder

    return bool(config.mongodb.uri.get_secret_value()) or DataFolder(config.mongodb.data_dir).answers()
