"""How a crawl ended, in one line and an exit code; what a crawl does is in test_crawl.py."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from models.system import RunCounts
from scraper.errors import EXIT_COMPLETE, EXIT_FAILED, EXIT_INCOMPLETE
from scraper.runs.crawl import CrawlResult, _why_not_set_up
from scraper.runs.verdict import Verdict


def result(verdict: Verdict | None, counts: dict[str, int] | None = None, **given: Any) -> CrawlResult:
    counted = dict.fromkeys(RunCounts._fields, 0) | (counts or {})
    return CrawlResult("books", "5f", verdict, counted, given.pop("records", {}), [], **given)


@pytest.mark.parametrize(
    ("ended", "line", "code"),
    [
        (
            result(Verdict("finished", "complete"), {"pages": 1, "items_new": 2}),
            "books: complete: 1 page, records 2 new, 0 changed, 0 unchanged, 0 refused (run 5f)",
            EXIT_COMPLETE,
        ),
        (
            result(
                Verdict("finished", "incomplete", ["a", "b"]),
                {"pages": 9, "not_modified": 4, "items_new": 8, "items_unchanged": 4, "items_gone": 1},
                records={"books": 10},
            ),
            "books: incomplete: 9 pages (4 not modified), records 8 new, 0 changed, 2 unchanged, 0 refused, 1 gone; a; "
            "b (run 5f)",
            EXIT_INCOMPLETE,
        ),
        (
            result(Verdict("interrupted", "incomplete", ["stopped"]), goes_on=True),
            "books: interrupted: 0 pages, records 0 new, 0 changed, 0 unchanged, 0 refused; stopped; run it again to "
            "go on (run 5f)",
            EXIT_INCOMPLETE,
        ),
        (
            result(Verdict("finished", "unknown", ["odd"], suspect=True)),
            "books: unknown, suspect: 0 pages, records 0 new, 0 changed, 0 unchanged, 0 refused; odd (run 5f)",
            EXIT_INCOMPLETE,
        ),
        (result(None), "books: failed before the crawl began: see the log above", EXIT_FAILED),
    ],
)
def test_the_line_says_what_a_person_needs_and_the_code_what_a_program_does(
    ended: CrawlResult, line: str, code: int
) -> None:
    assert ended.line == line
    assert ended.exit_code == code


def test_why_a_crawl_could_not_be_set_up_is_one_short_line() -> None:
    async def crawl(error: Exception | None) -> None:
        await asyncio.sleep(0)
        if error:
            raise error

    async def why(error: Exception | None, *, waits: bool = True) -> str:
        crawling = asyncio.ensure_future(crawl(error))
        if waits:
            await asyncio.wait([crawling])
            return _why_not_set_up(crawling)
        crawling.cancel()
        await asyncio.wait([crawling])
        return _why_not_set_up(crawling)

    assert asyncio.run(why(ImportError("no\n module " + "x" * 900))) == f"ImportError: no module {'x' * 490}"
    assert asyncio.run(why(None)) == ""
    assert asyncio.run(why(None, waits=False)) == ""
    assert _why_not_set_up(None) == "", "with Twisted's reactor it is no task"
