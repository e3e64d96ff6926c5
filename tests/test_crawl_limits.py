"""The limits of a crawl that Scrapy has too, and what is different about ours."""

from __future__ import annotations

import subprocess
import sys

from support import ROOT

MB = 2**20

MEASURE = """
from scrapy.extensions.memusage import MemoryUsage
import resource
from scraper.crawl.limits import MemoryLimit
theirs, ours = MemoryUsage.__new__(MemoryUsage), MemoryLimit.__new__(MemoryLimit)
theirs.resource = resource
print(theirs.get_virtual_size(), ours.get_virtual_size())
"""


def test_memory_is_what_the_crawl_has_and_not_what_its_parent_had() -> None:
    """Linux hands on to a process the most memory that its parent had."""
    held = b"x" * (400 * MB)
    done = subprocess.run([sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, check=True)
    theirs, ours = map(int, done.stdout.split())
    assert theirs > len(held) > ours > 10 * MB
