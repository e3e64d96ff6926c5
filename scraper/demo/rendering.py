"""Set up the templates that every page of the practice site is rendered from."""

from __future__ import annotations

import functools
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scraper.demo import paths

HTML_TYPE = "text/html; charset=utf-8"
TOP_TAGS = 10


# Compiling the templates takes longer than rendering a page: the servers of a test run share them.
@functools.lru_cache(maxsize=4)
def environment(padding_kb: int) -> Environment:
    """Return the templates, each page made heavier by `padding_kb` of hidden menus (KiB)."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(padding=_padding(padding_kb), author_link=paths.author)
    templates.globals.update(tag_link=partial(paths.tag_list, page=1))
    return templates


def _padding(size_kb: int) -> str:
    """Build hidden menus of the given size: the weight of a real shop's page, without anything to scrape."""
    if not size_kb:
        return ""
    entry = '<li class="menu-entry"><a class="menu-link" href="#menu" tabindex="-1">Menu entry {number:06}</a></li>\n'
    count = size_kb * 1024 // len(entry.format(number=0))
    entries = "".join(entry.format(number=number) for number in range(count))
    return f'<nav class="menus" hidden><ul>\n{entries}</ul></nav>'
