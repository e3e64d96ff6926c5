"""The rules of docs/reference/runs.md, one by one."""

from __future__ import annotations

import pytest

from scraper.runs.verdict import Evidence, judge

HEALTHY = {"finish_reason": "finished", "pages": 10, "items_stored": 50}


@pytest.mark.parametrize(
    ("evidence", "state", "completeness", "reason", "code"),
    [
        ({}, "finished", "complete", None, 0),
        ({"database_error": "MongoDB is gone"}, "failed", "incomplete", "MongoDB is gone", 1),
        ({"finish_reason": "start_error"}, "failed", "incomplete", "the spider's start() raised an error", 1),
        ({"finish_reason": "memusage_exceeded"}, "failed", "incomplete", "memory_limit_mb", 1),
        ({"finish_reason": "some_extension"}, "failed", "incomplete", "Scrapy ended it: some_extension", 1),
        (
            {"items_stored": 0, "dead_pages": 1, "first_problem": "/ answered 500"},
            "failed",
            "incomplete",
            "nothing was stored: / answered 500",
            1,
        ),
        ({"items_stored": 0, "callback_errors": 1}, "failed", "incomplete", "nothing was stored", 1),
        ({"finish_reason": "shutdown"}, "interrupted", "incomplete", "stopped before its end", 3),
        ({"finish_reason": "shutdown", "forced": True}, "interrupted", "incomplete", "stopped at once", 3),
        ({"finish_reason": "shutdown", "items_stored": 0, "dead_pages": 1}, "interrupted", "incomplete", "stopped", 3),
        ({"dead_pages": 1}, "finished", "incomplete", "1 page could not be read", 3),
        ({"dead_pages": 2}, "finished", "incomplete", "2 pages could not be read", 3),
        ({"callback_errors": 1}, "finished", "incomplete", "1 page raised an error in the spider", 3),
        ({"item_errors": 2}, "finished", "incomplete", "2 records could not be stored", 3),
        ({"items_refused": 1}, "finished", "incomplete", "1 record was refused", 3),
        ({"page_limit": 5}, "finished", "incomplete", "the limit of 5 pages was reached", 3),
        ({"finish_reason": "closespider_timeout"}, "finished", "incomplete", "CLOSESPIDER_TIMEOUT was reached", 3),
        ({"items_stored": 0}, "finished", "unknown", "no record was found on 10 pages", 3),
        ({"deviations": ("`price` is empty",)}, "finished", "unknown", "`price` is empty", 3),
        ({"doubts": ("5 books",), "deviations": ("5 books",)}, "finished", "unknown", "5 books", 3),
    ],
)
def test_a_run_is_judged_by_its_evidence(
    evidence: dict[str, object], state: str, completeness: str, reason: str | None, code: int
) -> None:
    verdict = judge(Evidence(**{**HEALTHY, **evidence}))  # type: ignore[arg-type]
    assert (verdict.state, verdict.completeness, verdict.exit_code) == (state, completeness, code)
    if reason is None:
        assert verdict.reasons == []
    else:
        assert reason in verdict.reasons[0]


def test_all_reasons_are_kept() -> None:
    verdict = judge(Evidence(**HEALTHY, dead_pages=1, items_refused=2, page_limit=3))  # type: ignore[arg-type]
    assert verdict.reasons == [
        "1 page could not be read",
        "2 records were refused",
        "the limit of 3 pages was reached",
    ]
