"""A spider with pages that never come to an end, each in another way, among pages that do."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

from mongoengine import StringField

from models.quotes import Quote
from models.record import Record
from scraper.paging import NextLink
from scraper.select import first
from scraper.spider import SiteSpider


class SlowEnd:
    """A pipeline that takes long at the end of the crawl, on the main thread, as an export may."""

    def process_item(self, item: Any) -> Any:
        return item

    def close_spider(self) -> None:
        time.sleep(3)
        sys.stderr.write("SlowEnd has closed\n")


class Turned(Record):
    """A record whose cleaner never ends."""

    meta = {"collection": "turned"}  # noqa: RUF012

    text = StringField(required=True, key=True, clean=lambda _text: forever())


def forever() -> Any:
    """Loop without an end."""
    while True:
        pass


class Hung(SiteSpider):
    """Reads things with pages of their own; what is in a page's address says what becomes of it."""

    name = "hung"
    start_url = "http://127.0.0.1:9/"
    records = (Quote, Turned)
    items = "li.item"
    link = "a.t"
    pagination = NextLink("a.next")

    def read_page(self, page: Any) -> Any:
        if "regex" in page.url:
            re.match(r"(a+)+$", "a" * 60 + "!")
        elif "sleep" in page.url:
            time.sleep(600)
        elif "second" in page.url:
            # The first time it takes the process along, the second time it hangs.
            if (marker := Path(os.environ["HUNG_MARKER"])).exists():
                time.sleep(600)
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        elif "loop" in page.url:
            forever()
        elif "crash" in page.url:
            ctypes.string_at(0)
        elif "cleaner" in page.url:
            yield Turned.found(page, text="x")
            return
        elif "pause" in page.url:
            time.sleep(1.2)
        yield Quote.found(page, text=first(page, "h1::text"), author="odd", tags=[])


class HungLists(Hung):
    """Hangs on the third page of a list."""

    name = "hung-lists"
    link = None

    def read_item(self, page: Any, item: Any) -> Any:
        if page.url.endswith("page-3"):
            time.sleep(600)
        yield Quote.found(page, text=first(item, "a.t::text"), author="odd", tags=[])
