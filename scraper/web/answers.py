"""Answers: a page made of a template, JSON, or one line that says why there is neither."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from scraper.core.text import json_text
from scraper.web import texts

if TYPE_CHECKING:
    from starlette.types import Scope

HERE = Path(__file__).parent
AWAY = "the database does not answer: this page is there again once it does; `swathe doctor` names a repair"
TITLES = {
    400: "Not understood", 401: "Log in first", 403: "Not allowed", 404: "Not there", 405: "Not a way to ask for this",
    409: "Not now", 421: "Another address", 422: "Not understood", 503: "The database is away",
}  # fmt: skip


@cache
def environment() -> Environment:
    """Return the templates; whatever they show is escaped, and a name that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= texts.FILTERS
    return made


def page(scope: Scope, template: str, data: dict[str, Any], status: int = 200) -> Response:
    """Return a page; its template gets `data`, the visitor, `asked` (the query) and `root` to put before each path."""
    asked = scope.get("query_string", b"").decode("latin-1")
    about = {
        "asked": f"?{asked}" if asked else "",
        "root": scope.get("root_path", ""),
        "visitor": scope.get("visitor"),
        "path": _path(scope),
        **texts.GLOBALS,
    }
    return HTMLResponse(environment().get_template(template).render(data=data, **about), status)


def as_json(data: Any, status: int = 200) -> Response:
    """Return data as JSON: times in UTC, decimals with every digit."""
    return Response(json_text(data) + "\n", status, media_type="application/json")


def refusal(scope: Scope, status: int, line: str) -> Response:
    """Return one line that says what is wrong, as a page or for a program as JSON."""
    if wants_json(scope):
        made = as_json({"error": line}, status)
    else:
        made = page(scope, "refusal.html", {"title": TITLES.get(status, "Not done"), "line": line}, status)
    if status == 401:
        made.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        made.headers["Retry-After"] = "5"
    return made


def wants_json(scope: Scope) -> bool:
    """Return whether a request is a program's."""
    path = _path(scope)
    return path.startswith("/api/") or path.endswith(".json") or path == "/healthz"


def _path(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))
