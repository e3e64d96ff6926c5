"""Find the function that answers a request for a page that is rendered when it is asked for."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from jinja2 import Environment

from scraper.demo.memory import Memory
from scraper.demo.pages import HTML_TYPE
from scraper.demo.site import DemoSite

JSON_TYPE = "application/json"
# More digits than any page has, and fewer than take long to calculate with.
MOST_DIGITS = 9


class BadValueError(ValueError):
    """A request holds a value that its page cannot use: the answer is 400."""


def whole_number(name: str, text: str, smallest: int = 1) -> int:
    """Read a whole number; raises BadValueError."""
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) >= smallest:
        return int(text)
    raise BadValueError(f"{name} must be a whole number from {smallest}, not {text!r}")


@dataclass(frozen=True)
class Visit:
    """One request with everything its answer is made of.

    `captured` holds what stands for the placeholders of the route's path, `form` what a POST sent.
    """

    request: web.BaseRequest
    route: Route
    captured: Mapping[str, str]
    form: Mapping[str, str]
    site: DemoSite
    templates: Environment
    memory: Memory

    def asked(self, name: str, default: int, smallest: int = 1) -> int:
        """Read a whole number from the query; raises BadValueError."""
        return whole_number(name, self.request.query.get(name, str(default)), smallest)

    def fill(self, template: str, **context: object) -> str:
        """Render a template; it knows the page's title and the site besides."""
        return self.templates.get_template(template).render(title=self.route.title, site=self.site, **context)

    def show(self, template: str, **context: object) -> web.Response:
        """Answer with an HTML page."""
        return send(self.fill(template, **context), HTML_TYPE)


Answer = Callable[[Visit], "web.StreamResponse | Awaitable[web.StreamResponse]"]


@dataclass(frozen=True)
class Route:
    """Pages that one function answers.

    `path` may hold placeholders such as `{page}`; each stands for one folder. `title` says what is special about the
    pages; those without one are not in the directory. `answers_json` is whether its errors are JSON as well.
    """

    path: str
    answer: Answer
    title: str = ""
    methods: tuple[str, ...] = ("GET",)
    answers_json: bool = False

    async def reply(self, visit: Visit) -> web.StreamResponse:
        """Answer a visit; a value that cannot be used is answered with 400."""
        try:
            answer = self.answer(visit)
            return await answer if inspect.isawaitable(answer) else answer
        except BadValueError as error:
            if self.answers_json:
                return send_json({"error": str(error)}, status=400)
            return web.Response(status=400, text=str(error))


class Router:
    """Finds the route of a path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._exact = {route.path: route for route in self.routes if "{" not in route.path}
        self._patterns = [
            (re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path))), route)
            for route in self.routes
            if "{" in route.path
        ]

    def find(self, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route of a path and what stands for its placeholders; None when there is no such page."""
        route = self._exact.get(path)
        if route is not None:
            return route, {}
        for pattern, route in self._patterns:
            match = pattern.fullmatch(path)
            if match:
                return route, match.groupdict()
        return None


def send(text: str, content_type: str, **headers: str) -> web.Response:
    """Answer with a text."""
    return web.Response(body=text.encode(), headers={"Content-Type": content_type, **headers})


def send_json(content: Any, status: int = 200, **headers: str) -> web.Response:
    """Answer with JSON."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, headers={"Content-Type": JSON_TYPE, **headers})


def not_found(words: str = "there is no such page on the practice site") -> web.HTTPNotFound:
    """Return the error to raise for a page that is missing."""
    return web.HTTPNotFound(text=words)


def redirect(address: str) -> web.Response:
    """Answer with another address."""
    return web.Response(status=302, headers={"Location": address})
