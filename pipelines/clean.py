"""The first step: turn the raw texts of a page into values, as each field of the document says."""

from __future__ import annotations

from models.record import Found, schema_of


class CleanPipeline:
    """Fill a found record's `values`; what cannot be read becomes a fault of its field, never an exception."""

    def process_item(self, item: object) -> Found:
        """Return the item with its values; raise TypeError for anything that is not a found record."""
        if not isinstance(item, Found):
            raise TypeError(
                f"a spider yielded a {type(item).__name__}, expected a record: "
                f"yield Document.found(response, field=…) with a document of models/"
            )
        cleaners = schema_of(item.document).cleaners
        for name, raw in (*item.raw.items(), ("url", item.url)):
            clean = cleaners.get(name)
            try:
                item.values[name] = raw if clean is None or raw is None else clean(raw, item.url)
            except ValueError as fault:
                item.faults[name] = str(fault)
        return item
