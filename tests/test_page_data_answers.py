"""Answers of an API: an error, or a list that is not there, is no end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, names

from scraper.page_data.answers import fault_of

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

HERE = {"items": [1], "next": None}


@pytest.mark.parametrize(
    ("data", "path", "found", "fault"),
    [
        ({"items": []}, "items", [], ""),
        (HERE, "items", [1], ""),
        ({**HERE, "error": None, "errors": []}, "items", [1], ""),
        ({**HERE, "error": {"code": 0, "message": "ok"}}, "items", [1], ""),
        ({**HERE, "error": {"code": 200, "message": "all is well"}}, "items", [1], ""),
        ({**HERE, "error": "None", "success": True, "status": "ok", "code": 200}, "items", [1], ""),
        ({**HERE, "status": "failed"}, "items", [1], ""),
        ({"items": None}, "items", None, "has nothing at 'items'"),
        ({}, "items", None, "has nothing at 'items'"),
        ([], "items", None, "has nothing at 'items'"),
        ({"data": None}, "data.items", None, "has nothing at 'data.items'"),
        ({**HERE, "error": {"code": 429}}, "items", [1], "answered with an error (error: {'code': 429})"),
        ({**HERE, "Errors": ["partly down"]}, "items", [1], "answered with an error (Errors: ['partly down'])"),
        ({"items": [], "error": "try later"}, "items", [], "answered with an error (error: try later)"),
        ({"items": [], "errors": {"a": [""], "b": ["no"]}}, "items", [], ""),
        ({"data": {"items": [1], "error": 5}}, "data.items[*].node", [1], "answered with an error (error: 5)"),
        ({"items": [], "success": False}, "items", [], "answered with an error (success: False)"),
        ({"items": [], "status": "error"}, "items", [], "answered with an error (status: error)"),
        ({"items": [], "statusCode": "503"}, "items", [], "answered with an error (statusCode: 503)"),
        ({"items": [], "code": 1500, "status": True}, "items", [], ""),
    ],
)
def test_an_answer_is_an_end_or_a_fault(data: Any, path: str, found: Any, fault: str) -> None:
    assert fault_of(data, path, found) == fault


def _api(**bad: Any) -> Any:
    """Return an API of 25 things, by cursor, link and offset, whose third page is as given."""

    def answer(asked: Asked) -> Answer:
        at = int(asked.query.get("cursor") or int(asked.query.get("offset", 0)) // 5)
        shown = [{"name": name} for name in names(5 * at + 1, 5 * at + 5)] if at < 5 else []
        more = (
            {"next_cursor": str(at + 1), "next": f"?cursor={at + 1}"} if at < 4 else {"next_cursor": None, "next": None}
        )
        good = {"items": shown, "results": shown, "data": {"items": shown}, **more}
        return Answer(json.dumps(bad if bad and at == 2 else good), kind="application/json")

    return answer


@pytest.mark.parametrize(
    ("spider", "bad", "reason"),
    [
        ("token", {"error": {"code": 429}}, "?cursor=2) answered with an error (error: {'code': 429})"),
        ("linked", {"results": None, "next": "?cursor=3"}, "?cursor=2) has nothing at 'results'"),
        ("counted", {"data": None, "errors": [{"message": "timeout"}]}, "?offset=10&limit=5) answered with an error"),
    ],
)
def test_a_page_that_is_an_error_with_status_200_is_a_gap(
    swathe: Swathe, database: Mongo, spider: str, bad: dict[str, Any], reason: str
) -> None:
    with OddSite(_api(**bad)) as site:
        found, verdict, reasons = crawled(swathe, database, spider, site.url, 3)
    assert verdict == "incomplete"
    assert (
        found == [name for name in names(1, 25) if spider != "token" or name <= "Thing 10"][: len(found)]
        or len(found) == 20
    )
    assert any(reason in line for line in reasons), reasons


@pytest.mark.parametrize("spider", ["token", "linked", "counted"])
def test_an_explicit_empty_list_is_an_end(swathe: Swathe, database: Mongo, spider: str) -> None:
    with OddSite(_api()) as site:
        assert crawled(swathe, database, spider, site.url) == (names(1, 25), "complete", [])


@pytest.mark.parametrize(
    ("total", "verdict", "reason"),
    [(0, "complete", ""), (3, "incomplete", "states 3 records and shows 0"), (None, "unknown", "no record was found")],
)
def test_a_list_without_a_record_is_empty_where_it_says_so(
    swathe: Swathe, database: Mongo, total: int | None, verdict: str, reason: str
) -> None:
    page = Answer(json.dumps({"data": {"items": []}, "total": total}), kind="application/json")
    with OddSite(lambda asked: page) as site:
        told = crawled(swathe, database, "offsets-total", site.url, 0 if verdict == "complete" else 3)
    assert told[:2] == ([], verdict), told
    assert (reason in "; ".join(told[2])) if reason else not told[2], told
