"""What goes on now, told to open pages by server-sent events: few at once, none for long, all ended with the server.

An event is sent when what it says has changed. A stream ends by itself after a minute and the browser asks again, which
is when it is looked anew who asks; so nothing is kept of a page, however long it is open.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pymongo
from bson import ObjectId
from fastapi import APIRouter, Request
from pymongo.errors import PyMongoError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from scraper.core.text import json_text
from scraper.errors import DatabaseError
from scraper.storage.run_heartbeat import mark_lost_runs
from scraper.web.answers import AWAY
from scraper.web.asked import Id, found
from scraper.web.views.overview import running
from scraper.web.views.runs import RUNS, progress_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]
    Look = Callable[[Mongo], tuple[str, dict[str, Any]]]
    """Returns what is to be told, and as what event."""

OF_LIVE = (
    "spider",
    "kind",
    "state",
    "verdict",
    "suspect",
    "started_at",
    "heartbeat_at",
    "counts",
    "shares",
    "progress",
)
MOST_OPEN = 20
LASTS_S, QUIET_S = 60.0, 15.0
"""How long a stream lasts, and after how long without an event a line shows that it lives."""

END = "end"
"""The last event about a run."""

STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events; the data of each is JSON.", "content": {"text/event-stream": {}}}
}
router = APIRouter()


class Live:
    """The streams that are open."""

    def __init__(self, every_s: float = 2.0) -> None:
        self.every_s = every_s
        """How often it is looked for what has changed; runs say it every five seconds."""
        self.open = 0
        self._ending = asyncio.Event()

    def end(self) -> None:
        """End all streams now; call it in the server's event loop."""
        self._ending.set()

    def admit(self) -> None:
        """Raise a 503 where there are as many streams as there may be."""
        if self.open >= MOST_OPEN:
            raise HTTPException(503, f"{MOST_OPEN} pages are live already: close some, or load this one again by hand")

    async def events(self, look: Callable[[], tuple[str, dict[str, Any]]]) -> AsyncIterator[str]:
        """Yield an event whenever what `look` returns has changed, until it is the end."""
        loop, told = asyncio.get_running_loop(), ""
        quiet_since, until = loop.time(), loop.time() + LASTS_S
        self.open += 1
        try:
            yield "retry: 2000\n\n"
            while loop.time() < until and not self._ending.is_set():
                kind, event = await run_in_threadpool(_looked, look)
                if event != told:
                    told, quiet_since = event, loop.time()
                    yield event
                elif loop.time() - quiet_since > QUIET_S:
                    quiet_since = loop.time()
                    yield ": it goes on\n\n"
                if kind == END:
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), self.every_s)
        finally:
            self.open -= 1


@router.get("/runs/{id}/events", operation_id="run_events", response_class=Response, responses=STREAM)
def run_events(request: Request, id: Id) -> StreamingResponse:
    """Tell how a run goes on, by events `run`, and one `end` once it does not."""
    found(request.app.state.connection.open(), RUNS, id, "run", ["_id"])
    return _stream(request, partial(_of_one, id))


@router.get("/events", operation_id="events", response_class=Response, responses=STREAM)
def events(request: Request) -> StreamingResponse:
    """Tell what runs and how it goes on, by events `runs`; `state` is another one once a run has begun or ended."""
    return _stream(request, _of_all)


def _stream(request: Request, look: Look) -> StreamingResponse:
    state = request.app.state
    live: Live = state.live
    live.admit()

    def at_it() -> tuple[str, dict[str, Any]]:
        with pymongo.timeout(state.door.limit_s):
            return look(state.connection.open())

    # nginx would keep events until it has many.
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(live.events(at_it), media_type="text/event-stream", headers=headers)


def _of_one(id_: str, database: Mongo) -> tuple[str, dict[str, Any]]:
    mark_lost_runs(id=id_)
    run = database[RUNS].find_one({"_id": ObjectId(id_)}, OF_LIVE)
    if run is None:
        return END, {"id": id_}
    return "run" if run["state"] == "running" else END, progress_of(run)


def _of_all(database: Mongo) -> tuple[str, dict[str, Any]]:
    mark_lost_runs()
    rows, state = running(database, OF_LIVE)
    return "runs", {"running": [progress_of(run) for run in rows], "state": state}


def _looked(look: Callable[[], tuple[str, dict[str, Any]]]) -> tuple[str, str]:
    """Return what there is to be told as an event of the stream, and its kind; that there is no database, too."""
    try:
        kind, data = look()
    except (PyMongoError, DatabaseError):
        kind, data = "away", {"error": AWAY}
    # On one line, as the stream asks: a line break in a text is `\n` in JSON.
    return kind, f"event: {kind}\ndata: {json_text(data)}\n\n"
