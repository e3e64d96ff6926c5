"""Tell the code that reads pages from what it was before: what old code made of a page is worth nothing to new code."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path

import models
import pipelines
from scraper.config_sections import swathe_version

READING = (models, pipelines)


@cache
def code_stamp(spider_module: str | None) -> str:
    """Return what tells this code from others: of the spider's own module, `models`, `pipelines` and our version."""
    stamp = blake2b(swathe_version().encode(), digest_size=12)
    folders = [Path(package.__file__ or "").parent for package in READING]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    for path in [*files, *([Path(spider_module)] if spider_module else [])]:
        stamp.update(path.read_bytes())
    return stamp.hexdigest()
