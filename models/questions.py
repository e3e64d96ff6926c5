"""The questions asked of records in Python: a QuerySet for each kind of document, with a name for each question.

They chain: `Book.objects.present().in_stock().cheaper_than(20)`. A QuerySet asks MongoDB when it is looped over, so
that an open connection is needed by then (`scraper.storage.connection`).
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

from mongoengine import QuerySet

from models.cleaners.text import plain_text

if TYPE_CHECKING:
    from datetime import datetime

    from bson import ObjectId


_WORD = re.compile(r"\w(?:\S*\w)?")
"""Characters without a space, less the punctuation around them."""


def text_search(words: str) -> dict[str, Any]:
    """Return the MongoDB filter for texts that hold every one of `words`, in any case, with or without accents.

    Whole words count, and nothing in them is an operator; raise ValueError when there is none.

    >>> text_search('sea -"well-known!')
    {'$text': {'$search': '"sea" "well-known"'}}
    """
    found = _WORD.findall((plain_text(words) or "").replace('"', " ").replace("\\", " "))
    if not found:
        raise ValueError(f"a text search for {words!r} has no word in it, expected letters or digits")
    return {"$text": {"$search": " ".join(f'"{word}"' for word in found)}}


def as_stored(asked: Any) -> Any:
    r"""Return a text, or each in a list, in the form that texts are stored in; anything else as it is.

    >>> as_stored(["cafe\u0301", 5])
    ['café', 5]
    """
    if isinstance(asked, list | tuple):
        return [as_stored(part) for part in asked]
    return plain_text(asked) or asked if isinstance(asked, str) else asked


class Questions(QuerySet):
    """Base of the QuerySets here."""

    def keep(self, **conditions: Any) -> Self:
        """Keep the documents that meet MongoEngine's `conditions`, with texts in the form of stored ones."""
        kept: Self = self.filter(**{name: as_stored(asked) for name, asked in conditions.items()})
        return kept


class RecordQuerySet(Questions):
    """What can be asked of every record."""

    def present(self) -> Self:
        """Keep the records that exist."""
        return self.keep(gone_at=None)

    def gone(self) -> Self:
        """Keep the records that a complete run no longer found."""
        return self.keep(gone_at__ne=None)

    def changed_since(self, when: datetime) -> Self:
        """Keep the records that are new or have changed at `when` or later (aware, or UTC)."""
        return self.keep(changed_at__gte=when)

    def seen_by(self, run: ObjectId) -> Self:
        """Keep the records that a run was the last to see."""
        return self.keep(run=run)

    def on_page(self, url: str) -> Self:
        """Keep the records that were seen last on a page."""
        return self.keep(url=url)

    def to_arrow(self) -> Any:
        """Return the records as a pyarrow.Table, with exact decimals and aware times."""
        from models.frames import arrow_table  # stands on the records, which name this class

        return arrow_table(self)

    def to_pandas(self) -> Any:
        """Return the records as a pandas.DataFrame; raise ImportError when pandas is not installed."""
        if find_spec("pandas") is None:
            raise ImportError("pandas is not installed, which to_pandas() needs: `pip install pandas`")
        return self.to_arrow().to_pandas()

    def containing(self, words: str) -> Self:
        """Keep the records whose searched texts hold every one of `words`; raise ValueError without a word."""
        return self.keep(__raw__=text_search(words))


class RunQuerySet(Questions):
    """What can be asked of runs."""

    def of(self, spider: str) -> Self:
        """Keep the runs of a spider."""
        return self.keep(spider=spider)

    def complete(self) -> Self:
        """Keep the runs that took everything."""
        return self.keep(verdict="complete")

    def incomplete(self) -> Self:
        """Keep the runs that are known to lack something."""
        return self.keep(verdict="incomplete")

    def running(self) -> Self:
        """Keep the runs that are under way."""
        return self.keep(state="running")

    def broken_off(self) -> Self:
        """Keep the runs that failed, were interrupted or were lost."""
        return self.keep(state__in=("failed", "interrupted", "lost"))

    def since(self, when: datetime) -> Self:
        """Keep the runs that were started at `when` or later (aware, or UTC)."""
        return self.keep(started_at__gte=when)

    def latest(self) -> Any:
        """Return the run that was started last, or None."""
        return self.order_by("-started_at").first()


class ChangeQuerySet(Questions):
    """What can be asked of the history."""

    def of(self, record: Any) -> Self:
        """Keep the changes of one record, a document or its id."""
        return self.keep(record=getattr(record, "id", record))

    def since(self, when: datetime) -> Self:
        """Keep the changes that were made at `when` or later (aware, or UTC)."""
        return self.keep(when__gte=when)

    def seen_by(self, run: ObjectId) -> Self:
        """Keep the changes that a run saw."""
        return self.keep(run=run)

    def of_field(self, field: str) -> Self:
        """Keep the changes of one field, by its name in MongoDB."""
        return self.keep(field=field)


class RejectedQuerySet(Questions):
    """What can be asked of refused items."""

    def of(self, records: str) -> Self:
        """Keep the items that were meant for a collection."""
        return self.keep(records=records)

    def seen_by(self, run: ObjectId) -> Self:
        """Keep the items that a run was the last to see."""
        return self.keep(run=run)

    def at_fault(self, field: str) -> Self:
        """Keep the items with a fault in a field."""
        return self.keep(faults__field=field)
