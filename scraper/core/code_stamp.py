"""Tell the code that reads pages from what it was before: what old code made of a page is worth nothing to new code."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path

from scraper.core.config.sections import swathe_version
from scraper.core.project import ROOT

READING = ("models", "pipelines")


@cache
def code_stamp(spider_module: str | None) -> str:
    """Return what tells this code from others: of the spider's own module, `models`, `pipelines` and our version."""
    stamp = blake2b(swathe_version().encode(), digest_size=12)
    files = sorted(path for folder in READING for path in (ROOT / folder).rglob("*.py"))
    for path in [*files, *([Path(spider_module)] if spider_module else [])]:
        stamp.update(path.read_bytes())
    return stamp.hexdigest()
