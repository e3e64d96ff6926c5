"""What programs are told is what OpenAPI says, and nothing that OpenAPI allows to ask makes the server fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from web_page import ITEM, NOW, PAGE, RECORD, RUN, SHA, Page, fill, served

from scraper.core.processes import this_process
from scraper.core.zst import compress
from scraper.web import live
from scraper.web.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo import MongoClient

pytestmark = pytest.mark.timeout(900)  # one test asks hundreds of times
DATABASE = "test_web_api"
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance, unsupported_method,
]  # fmt: skip
"""Not that whatever fits the schema is accepted: a run that does not run cannot be stopped."""

EXAMPLES = 8
"""For each operation; the whole of them takes a minute on a machine that has nothing else to do."""


@pytest.fixture(scope="module")
def page(data_dir: Path, client: MongoClient[dict[str, Any]]) -> Iterator[Page]:
    """The page, with something to show."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": DATABASE}
    schedule = {"SWATHE_SCHEDULE_BOOKS": "0 6 * * *", "SWATHE_WATCH_CHEAP": "books price<10"}
    with served(**environ, **schedule) as page:
        fill(page.database)
        page.database.page_bodies.insert_one({"_id": SHA, "zstd": compress(b"<h1>Kept</h1>", 3), "size": 9})
        page.database.firings.insert_one(
            {"_id": "f", "schedule": "books", "spider": "books", "key": "books", "due": NOW, "start_at": NOW,
             "state": "done", "result": "complete", "policy": "skip", "tries": 1, "run": RUN}
        )  # fmt: skip
        yield page
    client.drop_database(DATABASE)


def test_every_view_answers_as_its_schema_says(page: Page) -> None:
    now, running = datetime.now(UTC), ObjectId()
    progress = {"since": now - timedelta(seconds=9), "before": {}, "stated": 100, "queued": 7}
    page.database.runs.insert_one(
        {"_id": running, "kind": "crawl", "spider": "quotes", "arguments": {}, "state": "running", "started_at": now,
         "heartbeat_at": now, "counts": {"pages": 3, "items_new": 40}, "progress": progress, **this_process()}
    )  # fmt: skip
    earlier = page.database.runs.find_one({"spider": "books", "verdict": "complete"})
    assert earlier is not None
    page.ask(f"/runs/{RUN}/stop?", "POST")  # it does not run: refused, and in the audit
    asks = {"/": "/overview", "/why": f"/why?url=http://shop.example/{RUN}"}
    ids = {
        "/runs/{id}": [RUN, running, earlier["_id"]], "/records/{records}/{id}": [RECORD], "/rejected/{id}": [ITEM],
        "/pages/{id}": [PAGE],
    }  # fmt: skip
    for view in VIEWS:
        for id_ in ids.get(view.path, [RUN]):
            path = view.path.format(records="books", id=id_, other=earlier["_id"])
            if "{other}" in view.path:
                path = view.path.format(id=earlier["_id"], other=RUN)
            data = page.json(f"/api/v1{asks.get(path, path)}")
            view.shape.model_validate(data)
    page.database.runs.delete_one({"_id": running})


def test_openapi_says_what_the_records_of_each_collection_hold(page: Page) -> None:
    described = page.json("/api/v1/openapi.json")
    assert described["openapi"].startswith("3.1")
    assert described["security"] == [{"token": []}]
    schemas = described["components"]["schemas"]
    books = schemas["Record.books"]["properties"]
    assert books["price"] == {"type": ["number", "null"]}
    assert books["in_stock"] == {"type": ["boolean", "null"]}
    assert schemas["Record.quotes"]["properties"]["tags"]["items"] == {"type": ["string", "null"]}
    assert {"$ref": "#/components/schemas/Record.books"} in schemas["RecordRowJson"]["properties"]["values"]["anyOf"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert {"200", "401", "403", "404", "422", "503"} <= operation["responses"].keys(), (method, path)
            good = operation["responses"]["200"]["content"]
            assert path.endswith(("/download", "/events")) or "$ref" in good["application/json"]["schema"], path


def test_nothing_that_openapi_allows_makes_the_server_fail(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LASTS_S", 0.0)
    sent = {"Authorization": f"Bearer {page.operate}"}
    described = f"http://{page.host}/api/v1/openapi.json"
    api = schemathesis.openapi.from_url(described, headers=sent, config=SchemathesisConfig())
    operations = [each.ok() for each in api.get_all_operations() if isinstance(each, Ok)]
    assert len(operations) > 25
    for operation in operations:

        @given(operation.as_strategy())
        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def ask(case: schemathesis.Case[Any]) -> None:
            answer = case.call(headers=sent)
            assert answer.status_code < 500, answer.text
            case.validate_response(answer, checks=CHECKS)

        ask()
