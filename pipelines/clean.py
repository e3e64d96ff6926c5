"""The first step: turn the raw texts of a page into values, as each field of the document says."""

from __future__ import annotations

from functools import lru_cache

from models.cleaners import canonical_url
from models.record import Found, schema_of
from scraper.crawl.page_item import PageRecords, RecordStep


class CleanPipeline(RecordStep):
    """Fill each record's `values`; what cannot be read becomes a fault of its field, never an exception."""

    def process_item(self, item: object) -> PageRecords:
        """Return the page with its values; raise TypeError for anything that is not the records of a page."""
        if not isinstance(item, PageRecords):
            raise TypeError(
                f"a spider yielded a {type(item).__name__}, expected a record: "
                f"yield Document.found(response, field=…) with a document of models/"
            )
        for found in item.records:
            clean(found)
        return item


def clean(found: Found) -> None:
    """Fill the values of one record, and its faults."""
    cleaners = schema_of(found.document).cleaners
    for name, raw in found.raw.items():
        cleaner = cleaners.get(name)
        try:
            found.values[name] = raw if cleaner is None or raw is None else cleaner(raw, found.base_url or found.url)
        except ValueError as fault:
            found.faults[name] = str(fault)
        except Exception as error:  # noqa: BLE001 - a cleaner's own bug refuses this record, with its name, and no other
            found.faults[name] = f"its cleaner raised {type(error).__name__}: {error}"
    try:
        found.values["url"] = _page_address(found.url)
    except ValueError as fault:
        found.faults["url"] = str(fault)


@lru_cache(maxsize=1024)
def _page_address(url: str) -> str | None:
    """Return the canonical address of a page, once for all of its records."""
    return canonical_url(url, url)
