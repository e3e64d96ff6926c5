"""The part of `benchmarks/healing.py` that Scrapling does, in an environment of its own: jobs as JSON in, texts out.

A job has the HTML of a page before and after a redesign, and the selectors of its fields. They are saved on the old
page, and adapt on the new one; where one element alone is found, those that it calls similar are taken as well. The
answer has, for each job and field, the texts that Scrapling finds.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from scrapling.parser import Selector  # in an environment of its own


def adapted(job: dict[str, Any], storage: Path) -> dict[str, list[str]]:
    """Return the texts of each field on the new page."""
    settings = {"adaptive": True, "storage_args": {"storage_file": str(storage), "url": job["url"]}, "url": job["url"]}
    old, new = Selector(job["before"], **settings), Selector(job["after"], **settings)
    found = {}
    for name, (selector, attribute) in job["fields"].items():
        old.css(selector, auto_save=True)
        elements = new.css(selector, adaptive=True)
        elements = [*elements, *elements[0].find_similar()] if len(elements) == 1 else elements
        texts = [element.attrib.get(attribute, "") if attribute else element.text for element in elements]
        found[name] = [str(text) for text in texts]
    return found


def main() -> None:
    """Answer the jobs of standard input."""
    with tempfile.TemporaryDirectory() as folder:
        storage = Path(folder) / "elements.db"
        json.dump([adapted(job, storage) for job in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
