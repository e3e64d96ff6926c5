"""What a page asked its site for while its list was unfolded, and what of that failed."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tldextract import TLDExtract

from scraper.page_data.answers import error_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scraper.fetch.browser.network_log import ScriptRequest

MOST_READ = 200
"""Answers whose text is looked at, the latest ones."""
MOST_CHARS = 2 * 2**20
LONGEST_PATH = 80
HARMLESS = 2
"""Steps with new entries in which a request failed that never gives any, before it is none of the list's."""
MORE = ("more", "hasmore", "hasnext", "hasnextpage")
"""Names, without blanks and in lower case, of what says in an answer that more follows."""
EARLY_MS = 20
"""How much the clocks of the page and of the network may differ."""

_SITE = TLDExtract(suffix_list_urls=(), include_psl_private_domains=True)
_NUMBER = re.compile(r"\d+")
_HOLDER = re.compile(r"pag(?:e|ing|ination)|meta|^(?:data|results?|response|items)$", re.IGNORECASE)
"""Where an answer says something of its list, beside its top."""
_DOCUMENT = re.compile(r"\s*(?:<!doctype|<html)", re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """One step of an action: a click, or a turn of the wheel."""

    since_ms: float
    grew: bool
    """Whether entries were added."""


class Unfolding:
    """The data requests of one visit, held against the steps of its actions.

    What a page asks other sites for are statistics and the like, unless the entries come from there: when no request to
    its own site has an answer in a step that adds some.
    """

    def __init__(
        self,
        url: str,
        requests: Sequence[ScriptRequest],
        steps: Sequence[Step],
        text_of: Callable[[ScriptRequest], str],
    ) -> None:
        self._steps, self._text_of = sorted(steps, key=lambda step: step.since_ms), text_of
        own = _site(url)
        fed = [request for request in requests if request.is_answered and (step := self._step(request)) and step.grew]
        elsewhere = not any(_site(request.url) == own for request in fed)
        self._feeds = {_kind(request) for request in fed}
        self._asked = [
            request
            for request in requests
            if not request.blocked and (_site(request.url) == own or (elsewhere and _kind(request) in self._feeds))
        ]
        self._last = {_same(request): request for request in self._asked}

    def doubt(self) -> str:
        """Say which request of the list failed, or has an answer that is none; empty when there is no such."""
        return next(self._failed(), "") or next(self._strange(), "")

    def _step(self, request: ScriptRequest) -> Step | None:
        """Return the step that a request belongs to; None for one before the first."""
        begun = [step for step in self._steps if step.since_ms - EARLY_MS <= request.started_ms]
        return begun[-1] if begun else None

    def _failed(self) -> Iterator[str]:
        answered = {_kind(request) for request in self._asked if request.is_answered}
        failed = [request for request in self._asked if not request.is_answered]
        grown = Counter(_kind(request) for request in failed if (step := self._step(request)) and step.grew)
        for request in failed:
            step, kind = self._step(request), _kind(request)
            is_healed = self._last[_same(request)].is_answered
            if step is None or is_healed or (kind not in answered and grown[kind] >= HARMLESS):
                continue
            # A page gives up a request for another one as well: then something else has come.
            if not (request.given_up and step.grew):
                yield f"what the page asked {_path(request)} for failed ({request.failure})"

    def _strange(self) -> Iterator[str]:
        """Say which answers are unlike those before them."""
        first: dict[str, Reply] = {}
        more: dict[str, bool] = {}
        for request in [request for request in self._asked if request.is_answered][-MOST_READ:]:
            kind, step = _kind(request), self._step(request)
            if step is not None and kind not in first and self._feeds and kind not in self._feeds:
                continue  # something else than the entries
            reply = Reply(request.kind, request.status, self._text_of(request))
            why = reply.fault(first.get(kind))
            if why and step is not None and self._last[_same(request)] is request:
                yield f"what the page asked {_path(request)} for {why}"
            if not why:
                first.setdefault(kind, reply)
                if kind in self._feeds:
                    more[_path(request)] = reply.says_more
        for path, is_more in more.items():
            if is_more:
                yield f"the last answer of {path} says that there is more"


@dataclass(frozen=True)
class Reply:
    """The answer to a data request."""

    mime: str
    status: int
    text: str

    @cached_property
    def data(self) -> Any:
        """What its JSON holds; None where it is no JSON."""
        try:
            return json.loads(self.text) if self._looks_like_json and len(self.text) <= MOST_CHARS else None
        except (ValueError, RecursionError):
            return None

    @property
    def _looks_like_json(self) -> bool:
        return "json" in self.mime or self.text.lstrip()[:1] in ("{", "[")

    @property
    def says_more(self) -> bool:
        """Whether it says that more follows."""
        return isinstance(self.data, dict) and any(
            value is True and name.lower().replace("_", "").replace("-", "") in MORE
            for holder in (self.data, *(part for name, part in self.data.items() if _HOLDER.search(name)))
            if isinstance(holder, dict)
            for name, value in holder.items()
        )

    def fault(self, before: Reply | None) -> str:
        """Say why it may be no part of a list, of which `before` is one; empty when nothing speaks for that.

        An empty list is an end, and so is an empty text in the place of HTML.
        """
        text = self.text.strip()
        if len(text) > MOST_CHARS or self.status == 204:
            return ""
        if text and "json" in self.mime and self.data is None and text != "null":
            return "is no whole JSON"
        if error := error_in(self.data):
            return error
        if before is None:
            return ""
        if isinstance(before.data, dict | list):
            if not text:
                return "is an empty answer, unlike those before it"
            if self.data == [] or (isinstance(self.data, dict) and self.data.keys() & _keys(before.data)):
                return ""
            is_like = isinstance(self.data, list) and isinstance(before.data, list)
            return "" if is_like else "is unlike the answers before it"
        if _DOCUMENT.match(text) and not _DOCUMENT.match(before.text):
            return "is a whole page, unlike the answers before it"
        return ""


def _keys(data: Any) -> set[str]:
    return set(data) if isinstance(data, dict) else set()


def _kind(request: ScriptRequest) -> str:
    """Return what requests for the pages of one list have in common."""
    parts = urlsplit(request.url)
    return f"{request.method} {parts.netloc}{_NUMBER.sub('0', parts.path)}"


def _same(request: ScriptRequest) -> tuple[str, str, str]:
    return request.method, request.url, request.post_data


def _path(request: ScriptRequest) -> str:
    return urlsplit(request.url).path[:LONGEST_PATH]


def _site(url: str) -> str:
    host = (urlsplit(url).hostname or "").lower()
    return _SITE(host).top_domain_under_public_suffix or host
