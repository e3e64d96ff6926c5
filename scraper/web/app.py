"""The app: every page and its JSON from one function each, the actions, the login, and what is said when it fails."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pymongo.errors import ExecutionTimeout, NetworkTimeout, PyMongoError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from models.learned import recall
from models.registry import record_documents
from scraper.core.project import VERSION
from scraper.errors import DatabaseError, UsageError
from scraper.web import access, actions, live
from scraper.web.answers import AWAY, HERE, TITLES, as_json, page, refusal
from scraper.web.gate import session_of
from scraper.web.live import Live
from scraper.web.schemas.base import ErrorJson
from scraper.web.schemas.records import record_schema
from scraper.web.texts import segment
from scraper.web.views import VIEWS, changes, records, stored

if TYPE_CHECKING:
    from scraper.core.config import Config
    from scraper.storage.connection import Connection
    from scraper.web.gate import Door
    from scraper.web.views.view import View

API = "/api/v1"
REFUSED = (400, 401, 403, 404, 405, 409, 421, 422, 503)
"""Statuses that whatever is asked for may have; each comes with one line."""

LONGEST_FORM = 4096
"""Bytes of the login form."""

TOO_LONG = "this takes longer than [web] query_limit_s allows: ask for less, by a field with an index (index=True)"


def app_of(config: Config, connection: Connection, door: Door) -> FastAPI:
    """Return the app that the gate lets through to; it does not look who comes."""
    app = Described(
        title="Swathe", version=VERSION, docs_url=None, redoc_url=None, openapi_url=f"{API}/openapi.json",
        description="What `swathe web` shows, for programs. Every request needs `Authorization: Bearer TOKEN`; "
        "`swathe web token NAME` makes one. A Host header that names another address gets a 421.",
        responses={status: {"model": ErrorJson, "description": TITLES[status]} for status in REFUSED},
    )  # fmt: skip
    app.state.config, app.state.connection, app.state.door, app.state.live = config, connection, door, Live()
    app.include_router(records.files, prefix=API)
    app.include_router(live.router, prefix=API)
    for view in VIEWS:
        app.include_router(_routes(view))
    app.include_router(actions.pages)
    app.include_router(actions.api, prefix=API)
    app.include_router(stored.raw)
    app.include_router(entrance)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    for kind, answer in ANSWERS.items():
        app.add_exception_handler(kind, answer)
    return app


class Described(FastAPI):
    """The app, whose OpenAPI says what the records of each collection hold, as their documents do now."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI 3.1 of the app."""
        described = deepcopy(super().openapi())
        recall(self.state.connection.open())
        parts = described["components"]
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        described["security"] = [{"token": []}]
        of_records = {
            # A collection may be called anything, a schema must do with letters, digits, `.`, `_` and `-`.
            f"Record.{segment(name).replace('~', '.')}": record_schema(document)
            for name, document in sorted(record_documents().items())
        }
        parts["schemas"] |= of_records
        for holder in ("RecordRowJson", "RecordDetailJson"):
            values = parts["schemas"][holder]["properties"]["values"]
            values["anyOf"] = [{"$ref": f"#/components/schemas/{name}"} for name in of_records] or [{}]
        return described


def _routes(view: View) -> APIRouter:
    """Return the routes of a view: its page, the page's data as .json, and the same below /api/v1."""
    router, name = APIRouter(), view.template.removesuffix(".html")

    gathered: Any = Depends(view.gather)

    def html(request: Request, data: Any = gathered) -> Response:
        return page(request.scope, view.template, data)

    def json(data: Any = gathered) -> Response:
        return as_json(data)

    # Before the page: the last part of its path would take `.json` in.
    router.add_api_route(f"{view.path.rstrip('/') or '/overview'}.json", json, include_in_schema=False)
    router.add_api_route(view.path, html, include_in_schema=False, name=name)
    router.add_api_route(
        API + (view.path if view.path != "/" else "/overview"), json, name=name, operation_id=name,
        summary=(view.gather.__doc__ or "").split("\n")[0], description=view.about,
        responses={200: {"model": view.shape}},
    )  # fmt: skip
    return router


entrance = APIRouter(include_in_schema=False)
entrance.add_api_route("/watches.atom", changes.feed)
entrance.add_api_route("/changes.atom", changes.changes_feed)


@entrance.get("/healthz")
def health(request: Request) -> Response:
    """Say whether the database answers."""
    request.app.state.connection.open().command("ping")
    return as_json({"ok": True})


@entrance.get("/login")
def login(request: Request, code: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Begin a session for the login address that was printed, or show the form for a token."""
    if not code:
        return page(request.scope, "login.html", {"wrong": ""})
    session = access.begin_session(request.app.state.connection.open(), "login", code)
    if session is None:
        wrong = "this login address was used already, or is too old: `swathe web login` prints another one"
        return page(request.scope, "login.html", {"wrong": wrong}, 403)
    # Not a redirect: after one that began at another site, a browser would not send the cookie.
    return _with_session(request, page(request.scope, "welcome.html", {}), session)


@entrance.post("/login")
async def login_with_token(request: Request) -> Response:
    """Begin a session for a token."""
    form = b""
    async for part in request.stream():
        form += part
        if len(form) > LONGEST_FORM:
            raise HTTPException(413, "the form is too long, expected a token")
    token = parse_qs(form.decode("utf-8", "replace")).get("token", [""])[0].strip()
    database = await run_in_threadpool(request.app.state.connection.open)
    session = await run_in_threadpool(access.begin_session, database, "token", token)
    if session is None:
        return page(request.scope, "login.html", {"wrong": "this token is not known here"}, 403)
    return _with_session(request, RedirectResponse(f"{request.scope['root_path']}/", 303), session)


@entrance.post("/logout")
def logout(request: Request) -> Response:
    """End the session."""
    door: Door = request.app.state.door
    access.end_session(request.app.state.connection.open(), session_of(request.headers, door.cookie))
    answer = RedirectResponse(f"{door.prefix}/login", 303)
    answer.delete_cookie(door.cookie, path=f"{door.prefix}/")
    return answer


def _with_session(request: Request, answer: Response, session: str) -> Response:
    door: Door = request.app.state.door
    lasts_s = int(access.SESSION_LASTS.total_seconds())
    answer.set_cookie(
        door.cookie, session, max_age=lasts_s, path=f"{door.prefix}/", secure=door.is_secure, httponly=True,
        samesite="strict",
    )  # fmt: skip
    return answer


def _not_done(request: Request, error: Any) -> Response:
    answer = refusal(request.scope, error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})  # as of a 405, what is allowed
    return answer


def _not_understood(request: Request, error: Any) -> Response:
    return refusal(request.scope, 400, str(error))


def _not_valid(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    what = ".".join(str(part) for part in first["loc"][1:])
    return refusal(request.scope, 422, f"{what or first['loc'][0]}: {first['msg']}")


def _database_failed(request: Request, error: Any) -> Response:
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    if isinstance(cause, ExecutionTimeout | NetworkTimeout):
        return refusal(request.scope, 422, TOO_LONG)
    return refusal(request.scope, 503, AWAY)


def _cut_off(request: Request, _error: Exception) -> Response:
    return refusal(request.scope, 400, "the request ended before it was whole")


def _failed(request: Request, _error: Exception) -> Response:
    return refusal(request.scope, 500, "this failed here: what `swathe web` prints says why; please report it")


ANSWERS = {
    HTTPException: _not_done, UsageError: _not_understood, RequestValidationError: _not_valid,
    ClientDisconnect: _cut_off, PyMongoError: _database_failed, DatabaseError: _database_failed, Exception: _failed,
}  # fmt: skip
"""What is said of each error, in one line; one that none of these foresees also leaves its traceback in the log."""
