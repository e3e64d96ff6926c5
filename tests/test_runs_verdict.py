"""The rules of docs/reference/runs.md, one by one."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from support import ROOT

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


RULES: dict[str, list[dict[str, Any]]] = {
    "MongoDB cannot be reached": [{"database_error": "MongoDB is gone"}],
    "the spider's `start()` raised": [
        {"finish_reason": why} for why in ("start_error", "memusage_exceeded", "some_extension")
    ],
    "nothing was stored, and a page": [{"items_stored": 0, "dead_pages": 1}, {"items_stored": 0, "callback_errors": 1}],
    "`[politeness] daily_requests` is used up": [{"ended_early": "used up"}],
    "30 pages hung, one after the other": [{"ended_early": "30 pages hung"}],
    "Ctrl-C or SIGTERM": [{"finish_reason": "shutdown"}, {"forced": True}],
    "a page could not be read after": [{"dead_pages": 1}],
    "the spider raised an error on a page": [{"callback_errors": 1}],
    "a record could not be stored, or was": [{"item_errors": 1}, {"items_refused": 1}],
    "a request of a `SiteSpider` cannot be kept": [{"unstored_requests": 1}],
    "`max_pages`, `max_depth` or one": [
        {"page_limit": 5}, {"links_too_deep": 1}, {"finish_reason": "closespider_timeout"},
    ],
    "the run is unlike the last complete": [{"deviations": ("`price` is empty",)}],
    "no record was found": [{"items_stored": 0}, {"items_stored": 0, "items_dropped": 3}],
    "none of these": [{}, {"items_stored": 0, "is_empty": True}],
}  # fmt: skip
"""How the rows of the manual's table begin that `judge` itself decides, each with all evidence for it."""

GATHERED: dict[str, dict[str, Any]] = {"incomplete": {"gaps": ("a gap",)}, "unknown": {"doubts": ("a doubt",)}}
"""What the other rows come to it as: of lists, pages and records, from `completeness.py` and what that asks."""

ONLY_SAID = {"pages", "first_dead_page", "first_dropped", "first_problem", "failed"}
"""What is in reasons, and decides nothing."""


def test_the_manual_s_table_is_the_rules_of_the_code() -> None:
    table = (ROOT / "docs/reference/runs.md").read_text().split("| evidence | state | verdict |", 1)[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("| ").rsplit(" | ", 2)] for line in table.splitlines()[2:]]
    rules = [row for row in rows if not row[0].startswith("**")]
    for what, state, completeness in rules:
        own = [evidence for words, all_of_it in RULES.items() if what.startswith(words) for evidence in all_of_it]
        for evidence in own or [GATHERED[completeness]]:
            verdict = judge(Evidence(**{**HEALTHY, **evidence}))
            assert (verdict.state, verdict.completeness) == (state, completeness), (what, evidence)
    assert [words for words in RULES if sum(what.startswith(words) for what, _, _ in rules) != 1] == []
    of_rules = {name for all_of_it in RULES.values() for evidence in all_of_it for name in evidence}
    assert {one.name for one in fields(Evidence)} == of_rules | {"gaps", "doubts"} | ONLY_SAID
