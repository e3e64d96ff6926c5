"""Judge a run by what it did, since Scrapy calls nearly every crawl 'finished' and exits 0."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, cast

from scraper.core.text import counted
from scraper.errors import EXIT_COMPLETE, EXIT_FAILED, EXIT_INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.core.failed_page import Reason

State = Literal["finished", "failed", "interrupted"]
Completeness = Literal["complete", "incomplete", "unknown"]

LIMIT = ("pages was reached", "page was reached", "deeper than max_depth")
"""How the reasons end that name what a crawl was told to leave out."""

LASTING = ("was refused", "were refused", *LIMIT)
"""How the reasons end that another try would only give again."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a run when it ends."""

    finish_reason: str
    """Scrapy's word for why the crawl ended, such as 'finished' or 'shutdown'."""
    pages: int = 0
    items_stored: int = 0
    items_refused: int = 0
    items_dropped: int = 0
    """Items that pipelines which are not Swathe's dropped."""
    first_dropped: str = ""
    """Why the first of them was."""
    dead_pages: int = 0
    first_dead_page: str = ""
    failed: Mapping[str, int] = field(default_factory=dict)
    """How many pages and records failed, by reason, in the order of REASONS."""
    callback_errors: int = 0
    item_errors: int = 0
    unstored_requests: int = 0
    """Requests that the spider made and that cannot be kept."""
    first_problem: str = ""
    """The first page or item that failed, in one line."""
    database_error: str = ""
    page_limit: int | None = None
    """The limit on pages, when the run came up against it."""
    links_too_deep: int = 0
    """Links left out because of `max_depth`."""
    gaps: tuple[str, ...] = ()
    """What the lists and records show to be missing."""
    doubts: tuple[str, ...] = ()
    """What speaks against the run having taken everything, without proving it."""
    is_empty: bool = False
    """Whether the site itself says that it has no record."""
    deviations: tuple[str, ...] = ()
    """What makes the run suspect: it is unlike the last complete ones."""
    forced: bool = False
    """Whether the crawl was stopped at once, with pages and records in flight."""
    ended_early: str = ""
    """Why the crawl ended itself before it was done, such as a used-up budget."""


@dataclass(frozen=True)
class Verdict:
    """How a run ended and whether it took everything, with reasons a person can act on."""

    state: State
    completeness: Completeness
    reasons: list[str] = field(default_factory=list)
    suspect: bool = False
    """Whether the run is unlike the last complete ones."""
    cause: Reason | Literal[""] = ""
    """Why it is not complete, in one word; empty for one that is, or that was stopped."""

    @property
    def word(self) -> str:
        """How the run ended, in a word or two."""
        word = self.completeness if self.state == "finished" else self.state
        return f"{word}, suspect" if self.suspect else word

    @property
    def exit_code(self) -> int:
        """The exit code of `crawl`: 0 complete, 1 failed, 3 incomplete or unknown."""
        if self.state == "failed":
            return EXIT_FAILED
        return EXIT_COMPLETE if self.completeness == "complete" else EXIT_INCOMPLETE


def judge(evidence: Evidence) -> Verdict:
    """Return the verdict on a run; the rules are the table in docs/reference/runs.md."""
    verdict = _verdict(evidence)
    return replace(verdict, cause=_cause(evidence, verdict))


def _cause(evidence: Evidence, verdict: Verdict) -> Reason | Literal[""]:
    """Return what most of the failed pages failed for; without any, what the site showed instead of records."""
    if verdict.completeness == "complete" or verdict.state == "interrupted" or evidence.database_error:
        return ""
    if evidence.failed:
        return cast("Reason", max(evidence.failed, key=evidence.failed.__getitem__))
    if verdict.state == "failed":
        return "own-code"
    if not evidence.items_stored:
        return "layout-changed" if evidence.items_refused else "empty"
    return "layout-changed" if evidence.deviations else "partly-read"


def _verdict(evidence: Evidence) -> Verdict:
    failure = _failure(evidence)
    if failure:
        return Verdict("failed", "incomplete", [failure])
    reasons = _gaps(evidence)
    if evidence.ended_early:
        return Verdict("interrupted", "incomplete", [evidence.ended_early, *reasons])
    if evidence.finish_reason == "shutdown" or evidence.forced:
        how = "stopped at once, records in flight are not stored" if evidence.forced else "stopped before its end"
        return Verdict("interrupted", "incomplete", [how, *reasons])
    doubts, suspect = [*dict.fromkeys(evidence.doubts + evidence.deviations)], bool(evidence.deviations)
    if reasons:
        return Verdict("finished", "incomplete", [*reasons, *doubts], suspect)
    if not evidence.items_stored and not evidence.is_empty:
        doubts.insert(0, _nothing(evidence))
    return Verdict("finished", "unknown" if doubts else "complete", doubts, suspect)


def is_lasting(reason: str) -> bool:
    """Return whether what a reason names is as it is meant or will be the same next time, so that no new try helps.

    >>> is_lasting("3 records were refused"), is_lasting("1 page could not be read")
    (True, False)
    """
    return reason.endswith(LASTING)


def is_limit(reason: str) -> bool:
    """Return whether a reason names a limit that the crawl was given, and nothing that went wrong.

    >>> is_limit("the limit of 20 pages was reached"), is_limit("1 record was refused")
    (True, False)
    """
    return reason.endswith(LIMIT)


def dropped_items(count: int, why: str) -> str:
    """Say how many items were dropped by pipelines that are not Swathe's, and why the first was."""
    return f"{count} item{'s were' if count > 1 else ' was'} dropped by an item pipeline: {why}"


def _nothing(evidence: Evidence) -> str:
    if evidence.items_dropped:
        return f"no record was stored: {dropped_items(evidence.items_dropped, evidence.first_dropped)}"
    if not evidence.pages:
        return "no page was asked for: give the spider `start_urls`, or a `start()` that yields requests"
    return f"no record was found on {counted(evidence.pages, 'page')}: did the layout change?"


def _failure(evidence: Evidence) -> str:
    """Return why the run is worth nothing, or an empty text."""
    if evidence.database_error:
        return evidence.database_error
    if evidence.ended_early:
        return ""
    if evidence.finish_reason not in ("finished", "shutdown") and not evidence.finish_reason.startswith("closespider"):
        cause = {
            "start_error": "the spider's start() raised an error",
            "memusage_exceeded": "more memory than [crawl] memory_limit_mb was needed",
        }
        return cause.get(evidence.finish_reason, f"Scrapy ended it: {evidence.finish_reason}")
    errors = evidence.dead_pages + evidence.callback_errors + evidence.item_errors + evidence.unstored_requests
    if not evidence.items_stored and errors and evidence.finish_reason == "finished":
        return f"nothing was stored: {evidence.first_problem}"
    return ""


def _gaps(evidence: Evidence) -> list[str]:
    """Return what is known to be missing."""
    counts = [
        (evidence.dead_pages, "page could not be read", "pages could not be read"),
        (evidence.callback_errors, "page raised an error in the spider", "pages raised an error in the spider"),
        (evidence.item_errors, "record could not be stored", "records could not be stored"),
        (evidence.unstored_requests, "request could not be kept", "requests could not be kept"),
        (evidence.items_refused, "record was refused", "records were refused"),
    ]
    reasons = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    if evidence.first_dead_page:
        reasons[0] += (
            f": {evidence.first_dead_page}" if evidence.dead_pages == 1 else f", the first: {evidence.first_dead_page}"
        )
    if evidence.page_limit is not None:
        reasons.append(f"the limit of {counted(evidence.page_limit, 'page')} was reached")
    if evidence.links_too_deep:
        links = "link was" if evidence.links_too_deep == 1 else "links were"
        reasons.append(f"{evidence.links_too_deep} {links} deeper than max_depth")
    if evidence.finish_reason.startswith("closespider"):
        reasons.append(f"Scrapy's {evidence.finish_reason.upper()} was reached")
    return [*reasons, *evidence.gaps]
