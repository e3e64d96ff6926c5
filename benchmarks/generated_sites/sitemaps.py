"""Generated shops whose records are found by a sitemap, before and after a redesign, and such as must not be healed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from .layouts import Layout, layouts
from .records import Record, made

START = "http://site.example/"
"""Stands for the address at which the pages are served."""

MAP = "/sitemap.xml"
SITEMAPS = ("sitemap moved", "sitemap renamed", "sitemap split")
SITEMAP_TRAPS = ("sitemap of others", "half a sitemap", "sitemap of two", "sitemap of none")
RECORDS = 12
OTHERS = ("about.html", "help/delivery.html", "help/returns.html", "blog/a-new-shop.html", "blog/summer.html")


@dataclass(frozen=True)
class SitemapCase:
    """A site before and after: its files by their paths, and where each record's own page is."""

    name: str
    kind: str
    """The redesign, or the trap."""
    before: dict[str, str]
    after: dict[str, str]
    own: tuple[tuple[str, ...], tuple[str, ...]]
    """The paths of the records' pages before, and after, in one order."""


def sitemap_cases(seed: int, count: int) -> Iterator[SitemapCase]:
    """Yield a redesign and a trap of each of so many templates."""
    random = Random(f"sitemap{seed}")
    for number, layout in enumerate(layouts(seed + 80, count)):
        records = made(layout.kind, RECORDS, layout.seed)
        rebuilt = replace(
            layout, seed=layout.seed + random.choice((500, 501)), style=random.choice(("semantic", "bare"))
        )
        before = tuple(f"/product/{place}.html" for place in range(RECORDS))
        folder = random.choice(("/goods/", "/shop/item/", "/p/", "/catalogue-2/"))
        after = tuple(f"{folder}{random.randrange(10**6)}-{place}.html" for place in range(RECORDS))
        old = {**_own(layout, records, before), **_others(), MAP: _urlset((*before, *_others()))}
        for kind in (SITEMAPS[number % len(SITEMAPS)], SITEMAP_TRAPS[number % len(SITEMAP_TRAPS)]):
            stays = kind == "sitemap moved" and random.random() < 0.5
            new = before if stays else after
            files = _redesigned(kind, rebuilt, records, new, random)
            yield SitemapCase(f"sitemap/{layout.name}/{number}", kind, old, files, (before, new))


def _redesigned(
    kind: str, layout: Layout, records: list[Record], own: tuple[str, ...], random: Random
) -> dict[str, str]:
    """Return the files of a site after a redesign, or after what must not be taken for one."""
    files, listed = {**_own(layout, records, own), **_others()}, (*_others(), *own)
    if kind == "sitemap moved":
        where = random.choice(("/maps/all.xml", "/sitemap-index.xml"))
        return {
            **files,
            where: _urlset(listed),
            "/robots.txt": f"User-agent: *\nAllow: /\nSitemap: {START[:-1]}{where}\n",
        }
    if kind == "sitemap split":
        parts = {"/map-1.xml": _urlset(own), "/map-2.xml": _urlset(tuple(_others()))}
        named = "".join(f"<sitemap><loc>{START[:-1]}{path}</loc></sitemap>" for path in parts)
        return {**files, **parts, MAP: f"<?xml version='1.0'?><sitemapindex>{named}</sitemapindex>"}
    if kind == "sitemap of others":
        files |= _own(layout, made(layout.kind, RECORDS, layout.seed + 7_000), own)
    elif kind == "half a sitemap":
        listed = (*_others(), *own[: RECORDS // 2])
    elif kind == "sitemap of two":
        archived = tuple(path.replace("/", "/archive/", 1) for path in own)
        files |= _own(layout, records, archived)
        listed = (*listed, *archived)
    elif kind == "sitemap of none":
        files |= dict.fromkeys(own, "<html><body><h1>We have moved</h1></body></html>")
    return {**files, MAP: _urlset(listed)}


def _own(layout: Layout, records: list[Record], paths: tuple[str, ...]) -> dict[str, str]:
    return {
        path: layout.detail(record, number) for number, (path, record) in enumerate(zip(paths, records, strict=True))
    }


def _others() -> dict[str, str]:
    return {f"/{path}": f"<html><body><h1>{path}</h1><p>About us.</p></body></html>" for path in OTHERS}


def _urlset(paths: tuple[str, ...]) -> str:
    return f"<?xml version='1.0'?><urlset>{''.join(f'<url><loc>{START[:-1]}{path}</loc></url>' for path in paths)}</urlset>"
