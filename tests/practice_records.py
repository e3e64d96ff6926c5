"""The practice site's records, stored without a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bson import ObjectId
from practice import load_site

from models.record import Found
from models.registry import record_documents
from pipelines.validate import validate
from scraper.storage.records.store import Store

if TYPE_CHECKING:
    from scraper.storage.connection import Connection

RUN = ObjectId()
URLS = {name: f"http://127.0.0.1/{name}/" for name in ("quotes", "authors", "books")}


def store_practice_records(connection: Connection) -> None:
    """Store every true record of the practice site, as a run `RUN` would."""
    site = load_site()
    rows = {"quotes": site.quotes, "authors": site.authors, "books": site.books}
    store = Store(connection, RUN, "practice")
    for name, url in URLS.items():
        founds = [Found(record_documents()[name], url, row, {**row, "url": url}) for row in rows[name]]
        for found in founds:
            validate(found)
            assert not found.faults
        store.write(founds)
