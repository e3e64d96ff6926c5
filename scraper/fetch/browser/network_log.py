"""What the network did for a page, read from the driver's performance log."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_WANTED = ('"Network.requestWillBeSent"', '"Network.responseReceived"', '"Network.loadingFailed"')
_FETCHED = ("XHR", "Fetch")
_OF_SCRIPTS = (*_FETCHED, "Script")
"""A script is asked for by scripts as well: answers in JSONP are."""
ABORTED = "net::ERR_ABORTED"


@dataclass(frozen=True)
class NetworkExchange:
    """One request and the head of its answer."""

    request_id: str
    url: str
    method: str
    post_data: str
    status: int
    headers: dict[str, str]
    kind: str


@dataclass
class ScriptRequest:
    """One request of the page's scripts, and what came of it."""

    request_id: str
    url: str
    method: str
    post_data: str
    started_ms: float
    """When it was sent, in milliseconds since 1970."""
    status: int = 0
    kind: str = ""
    error: str = ""
    blocked: bool = False
    """Whether it was kept from the network on purpose."""

    @property
    def is_answered(self) -> bool:
        """Whether it has an answer that is no error."""
        return 0 < self.status < 400 and not self.error

    @property
    def given_up(self) -> bool:
        """Whether the page itself gave it up."""
        return self.error == ABORTED

    @property
    def failure(self) -> str:
        """What went wrong with it, in words."""
        return f"status {self.status}" if self.status >= 400 else self.error or "no answer came"


@dataclass
class Traffic:
    """What a log shows."""

    documents: list[NetworkExchange] = field(default_factory=list)
    """Answers for the page's own window, in their order; the last is the page."""
    fetched: list[NetworkExchange] = field(default_factory=list)
    """Answers to scripts (XHR and fetch)."""
    asked: list[ScriptRequest] = field(default_factory=list)
    """What scripts asked for, in that order, with an answer or without."""
    origins: set[str] = field(default_factory=set)
    """Origins of every document, also in frames: the only ones that can have stored something."""
    failure: str = ""
    """Why the last document of the page's own window could not be had."""


def read_log(entries: Iterable[Mapping[str, Any]], frame: str) -> Traffic:
    """Read a performance log; `frame` is the number of the page's own window."""
    traffic = Traffic()
    sent: dict[str, dict[str, Any]] = {}
    asked: dict[str, ScriptRequest] = {}
    for entry in entries:
        text = str(entry.get("message", ""))
        # Most events are of no use here, and reading them as JSON costs more than all the rest.
        if not any(name in text for name in _WANTED):
            continue
        message = json.loads(text)["message"]
        method, event = message["method"], message["params"]
        if method == "Network.requestWillBeSent":
            sent[event["requestId"]] = event
            if event.get("type") == "Document":
                traffic.origins.add(origin_of(event["request"]["url"]))
            elif event.get("type") in _OF_SCRIPTS and event["requestId"] not in asked:
                asked[event["requestId"]] = _script_request(event)
        elif method == "Network.responseReceived":
            _note(traffic, event, sent.get(event["requestId"], {}), frame)
            if request := asked.get(event["requestId"]):
                request.status, request.kind = int(event["response"]["status"]), str(event["response"].get("mimeType"))
        elif request := asked.get(event["requestId"]):
            request.error = ABORTED if event.get("canceled") else str(event.get("errorText") or "failed")
            request.blocked = event.get("blockedReason") == "inspector"
        elif event.get("type") == "Document" and sent.get(event["requestId"], {}).get("frameId") == frame:
            traffic.failure = str(event.get("errorText", ""))
    traffic.asked = list(asked.values())
    return traffic


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address.

    >>> origin_of("https://example.com:8080/a?b")
    'https://example.com:8080'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _script_request(event: Mapping[str, Any]) -> ScriptRequest:
    request = event["request"]
    return ScriptRequest(
        request_id=event["requestId"],
        url=str(request["url"]),
        method=str(request.get("method", "GET")),
        post_data=str(request.get("postData", "")),
        started_ms=1000 * float(event.get("wallTime", 0)),
    )


def _note(traffic: Traffic, event: Mapping[str, Any], sent: Mapping[str, Any], frame: str) -> None:
    answer, request = event["response"], sent.get("request", {})
    exchange = NetworkExchange(
        request_id=event["requestId"],
        url=answer["url"],
        method=str(request.get("method", "GET")),
        post_data=str(request.get("postData", "")),
        status=int(answer["status"]),
        headers={str(name): str(value) for name, value in answer.get("headers", {}).items()},
        kind=str(answer.get("mimeType", "")),
    )
    if event.get("type") == "Document" and event.get("frameId") == frame:
        traffic.documents.append(exchange)
        traffic.failure = ""
    elif event.get("type") in _FETCHED:
        traffic.fetched.append(exchange)
