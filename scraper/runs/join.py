"""Find a run that is under way, to work on it beside the process that began it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from bson.errors import InvalidId

from models.system import Run
from scraper.core.code_version import code_version
from scraper.core.text import counted
from scraper.errors import EXIT_FAILED, EXIT_INCOMPLETE, UsageError
from scraper.runs.start import FORMAT, Begun, arguments_of, backend_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.spider import SiteSpider

LOOK_S = 1.0
"""How often a worker that waits looks for a run."""


def runs_under_way(**which: Any) -> list[Run]:
    """Return the runs whose requests are shared, the earliest first; `which` are fields of Run. Blocks."""
    return list(Run.objects(state="running", frontier__format__exists=True, **which).order_by("started_at"))


def run_to_join(spider: type[SiteSpider], given: Mapping[str, Any], *, wait: bool) -> Run:
    """Return the run of a spider and arguments that is under way; raise UsageError when there is none. Blocks.

    With `wait` it is waited for.
    """
    while True:
        if found := runs_under_way(spider=spider.name, arguments=arguments_of(spider, given)):
            return found[0]
        if not wait:
            raise UsageError(
                f"no crawl of '{spider.name}' with these arguments is under way: "
                f"start one with `swathe crawl {spider.name}`, or wait for it with --wait"
            )
        time.sleep(LOOK_S)


def run_with(text: str) -> Run:
    """Return the run with an id; raise UsageError unless it is under way and its requests are shared. Blocks."""
    try:
        found = runs_under_way(id=ObjectId(text))
    except InvalidId:
        raise UsageError(f"'{text}' is not the id of a run, expected 24 hex digits: `swathe runs` lists them") from None
    if not found:
        raise UsageError(f"run {text} is not under way, or does not store its requests: `swathe runs` lists the runs")
    return found[0]


def has_ended(text: str) -> bool:
    """Return whether the run with an id is there and does not run any more. Blocks."""
    return bool(Run.objects(id=text, state__ne="running").first())


def run_of(begun: Begun) -> Run:
    """Return the document of a run that this process works on; raise UsageError when it was removed. Blocks."""
    run = Run.objects(id=begun.run_id).first()
    if run is None:
        raise UsageError(f"run {begun.run_id} is no longer there: `swathe runs` lists the runs")
    assert isinstance(run, Run)
    return run


def joined(spider: type[SiteSpider], run: Run, backend: str) -> Begun:
    """Return a run to work on beside others; raise UsageError for one of another version of the code."""
    if run.spider != spider.name:
        raise UsageError(f"run {run.id} is one of '{run.spider}', not of '{spider.name}'")
    if run.frontier.get("format") != FORMAT:
        raise UsageError(
            f"run {run.id} was begun by Swathe {run.version}, whose frontier has format {run.frontier.get('format')}, "
            f"expected {FORMAT}: install the same version here"
        )
    if backend_of(run) != backend:
        raise UsageError(
            f"the requests of run {run.id} are kept in {backend_of(run)}, and [frontier] backend is {backend} here"
        )
    if code_version(spider) != run.frontier.get("now", run.frontier.get("code")):
        raise UsageError(
            f"the code of '{spider.name}' is not what run {run.id} was begun with, in its module, models or pipelines: "
            f"install the same version here"
        )
    return Begun(
        run.id, durable=True, joined=True, line=f"joins run {run.id}, which process {run.pid} on {run.host} began"
    )


def farewell(begun: Begun, pages: int) -> tuple[int, str]:
    """Return the exit code and the last line of a worker that another process' run is over for. Blocks."""
    run = Run.objects(id=begun.run_id).first()
    begin = f"{counted(pages, 'page')} read here"
    if run is None:
        return EXIT_FAILED, f"{begin}; run {begun.run_id} is no longer there"
    if run.state == "running":
        return EXIT_INCOMPLETE, f"{begin}; left run {run.id}, which goes on"
    word = run.verdict if run.state == "finished" else run.state
    why = f": {'; '.join(run.reasons)}" if run.reasons else ""
    return run.exit_code, f"{begin}; run {run.id} is {word}{why}"
