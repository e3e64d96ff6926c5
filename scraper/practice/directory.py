"""Every page that is rendered when it is asked for, and the page that names them all."""

from __future__ import annotations

from aiohttp import web

from scraper.practice import (
    filtering,
    list_apis,
    list_forms,
    list_links,
    list_numbers,
    list_parts,
    list_traps,
    members,
    paths,
    sources,
    variants,
)
from scraper.practice.routing import Route, Router, Visit

MODULES = (
    variants,
    members,
    filtering,
    list_links,
    list_numbers,
    list_apis,
    list_forms,
    list_parts,
    list_traps,
    sources,
)


def _directory(visit: Visit) -> web.Response:
    listed = [route for route in ROUTER.routes if route.title and "GET" in route.methods and "{" not in route.path]
    return visit.show("directory.html", listed=[route for route in listed if route is not visit.route])


ROUTER = Router(
    [Route(paths.DIRECTORY, _directory, "One list in every way a site may show it")]
    + [route for module in MODULES for route in module.ROUTES]
)
"""Finds the function that answers for a path."""
