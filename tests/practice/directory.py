"""Every page that is rendered when it is asked for, and the pages that name them."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from practice import (
    js_data,
    js_fetched,
    js_hidden,
    js_portraits,
    js_sandbox,
    js_trouble,
    list_apis,
    list_forms,
    list_links,
    list_numbers,
    list_parts,
    list_traps,
    sources,
    trouble,
)
from scraper.demo import paths
from scraper.demo.router import Route, Router, Visit
from scraper.demo.server import ROUTES as DEMO_ROUTES

DIRECTORY, SCRIPTED = "/lists/", "/js/"

MODULES = (list_links, list_numbers, list_apis, list_forms, list_parts, list_traps, sources)
SCRIPTED_MODULES = (js_sandbox, js_data, js_fetched, js_hidden, js_portraits)

LIST_ROUTES = [*DEMO_ROUTES, *(route for module in MODULES for route in module.ROUTES)]
SCRIPTED_ROUTES = [route for module in SCRIPTED_MODULES for route in module.ROUTES]


def _named(routes: Iterable[Route]) -> list[Route]:
    return [route for route in routes if route.title and "GET" in route.methods and "{" not in route.path]


def _front(visit: Visit) -> web.Response:
    return visit.show("full_front.html", directory=DIRECTORY, scripted=SCRIPTED)


def _directory(visit: Visit) -> web.Response:
    return visit.show("directory.html", listed=_named(LIST_ROUTES))


def _scripted(visit: Visit) -> web.Response:
    return visit.show("js_directory.html", listed=_named(SCRIPTED_ROUTES), hostile=_named(js_trouble.ROUTES))


ROUTER = Router(
    [
        Route(paths.FRONT, _front),
        Route(DIRECTORY, _directory, "One list in every way a site may show it"),
        Route(SCRIPTED, _scripted, "One list in every way a script may show it"),
        *LIST_ROUTES,
        *SCRIPTED_ROUTES,
        *js_trouble.ROUTES,
        *trouble.ROUTES,
    ]
)
"""Finds the function that answers for a path."""
