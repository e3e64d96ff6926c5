"""Requests of one run, by numbers, as the tests of every store of requests put them and find them."""

from __future__ import annotations

import json
from typing import Any

from bson import ObjectId
from scrapy import Request

from scraper.frontier.backend import Put

RUN = ObjectId()


def puts(*numbers: int, **given: Any) -> list[Put]:
    return [
        Put(RUN.binary + number.to_bytes(16), Request(f"http://h/{number}"), json.dumps({"url": f"http://h/{number}"}),
            given.get("priority", 0), number, given.get("not_before", 0.0))
        for number in numbers
    ]  # fmt: skip


def numbers(found: Any) -> list[int]:
    return [int.from_bytes(one.id[-16:]) for one in found]
