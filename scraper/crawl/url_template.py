"""The template of an address: what the pages of one kind have in common."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

NUMBER = re.compile(r"\d+")
SLUG = re.compile(r"[^/]*(?:[-_%+]|\d)[^/]*")


def template_of(url: str) -> str:
    """Return the address with its numbers, names and values left out.

    >>> template_of("https://shop.example/catalogue/page-17.html?sort=price")
    'shop.example/catalogue/page-{n}.html?sort'
    >>> template_of("https://shop.example/author/J-K-Rowling")
    'shop.example/author/{name}'
    """
    parts = urlsplit(url)
    folders = [_segment(segment) for segment in parts.path.split("/")]
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return f"{parts.netloc}{'/'.join(folders)}" + (f"?{'&'.join(names)}" if names else "")


def _segment(segment: str) -> str:
    """Generalise one folder of a path: a number in it, or a name made of several words."""
    if len(re.findall(r"[A-Za-z]+", NUMBER.sub("", segment))) <= 2 and NUMBER.search(segment):
        return NUMBER.sub("{n}", segment)
    several_words = len(re.findall(r"[^\W_]+", segment)) > 2 or (segment[:1].isupper() and SLUG.fullmatch(segment))
    return "{name}" if several_words else segment
