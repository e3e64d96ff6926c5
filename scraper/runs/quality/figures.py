"""Turn what a run measured into figures that can be held against those of other runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from models.quality import RecordsQuality
    from models.system import Run


class Metric(NamedTuple):
    """What a figure is about: `kind` is a name of `scraper.runs.quality.deviations.RULES`."""

    kind: str
    records: str = ""
    """The collection, where the figure is of records."""
    field: str = ""
    """The field; of a `segment` its value, of a `list` its name."""


class Figure(NamedTuple):
    """A number of a run; for a share, `of` is how many it is a share of."""

    value: float
    of: int = 0


@dataclass(frozen=True)
class Sample:
    """The figures of one run, with what may explain them."""

    started_at: datetime
    is_complete: bool = False
    code: str = ""
    """Version of the code that made it; empty where it is not known."""
    is_accepted: bool = False
    """Whether a person has said that it is what is usual from then on."""
    figures: dict[Metric, Figure] = field(default_factory=dict)
    selectors: dict[str, Figure] = field(default_factory=dict)
    """The share of its uses in which a selector matched something."""
    faults: dict[str, dict[str, int]] = field(default_factory=dict)
    """By collection and field: in how many records the field was at fault."""
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    """By collection and field: how many changes."""


def sample_of(run: Run) -> Sample:
    """Return the figures of a run; those that it did not measure are missing."""
    figures = {Metric("count", name): Figure(count) for name, count in run.records.items()}
    quality = run.quality
    about = run.started_at, run.verdict == "complete", run.code or "", run.accepted_at is not None
    if quality is None:
        return Sample(*about, figures)
    pages = run.counts.pages
    figures[Metric("pages")] = Figure(pages + run.counts.passed_over)
    if not run.counts.not_modified and not run.counts.passed_over:
        # What unchanged pages spare says nothing about the next time they are read.
        figures |= {Metric("bytes"): Figure(quality.bytes), Metric("duration"): Figure(quality.duration_s)}
    if pages:
        figures[Metric("browser")] = Figure(min(1.0, run.counts.browser_pages / pages), pages)
    figures |= {Metric("list", field=one["value"]): Figure(one["count"]) for one in quality.lists}
    for records in quality.records:
        figures.update(_figures_of(records))
        figures.update(_ages(records, run.started_at))
    return Sample(
        *about,
        figures,
        {use.selector: Figure(1 - use.missed / use.asked, use.asked) for use in quality.selectors if use.asked},
        {records.collection: dict(records.faults) for records in quality.records},
        {records.collection: dict(records.changes) for records in quality.records},
    )


def _figures_of(records: RecordsQuality) -> Iterator[tuple[Metric, Figure]]:
    name, found = records.collection, records.found
    if not found:
        return
    for segment in records.segments:
        yield Metric("segment", name, segment["value"]), Figure(segment["count"])
    for column, filled in records.filled_once.items():
        yield Metric("same", name, column), Figure(records.commonest[column] / filled, filled)
    yield Metric("new", name), Figure(records.new / found, found)
    if records.new < found:
        yield Metric("changed", name), Figure(records.changed / found, found)
    yield Metric("refused", name), Figure(records.refused / found, found)
    known = found + records.unseen
    yield Metric("unseen", name), Figure(records.unseen / known, known)
    for column, filled in records.filled.items():
        yield Metric("filled", name, column), Figure(min(1.0, filled / found), found)


def _ages(records: RecordsQuality, started_at: datetime) -> Iterator[tuple[Metric, Figure]]:
    """Yield how many days old the newest of each field's times were; one to come, such as an event's, has no age."""
    for column, newest in records.newest.items():
        if newest <= started_at:
            yield Metric("age", records.collection, column), Figure((started_at - newest) / timedelta(days=1))
