"""Tell the entries of a list from each other."""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from typing import Any

from scrapy import Request

from models.record import Found

SESSION = re.compile(
    r"(?:;jsessionid=[^?#]*)|(?<=[?&])(?:phpsessid|aspsessionid\w*|session_?id|sid|cfid|cftoken)=[^&#]*&?",
    re.IGNORECASE,
)


def identity_of(entry: Any, outputs: tuple[Any, ...]) -> int:
    """Return what tells an entry of a list from another: its record's key, the address it leads to, or its content.

    A whole number of 64 bits, the same in every process.
    """
    for output in outputs:
        if isinstance(output, Found):
            return digest(repr(output.identity))
    for output in outputs:
        if isinstance(output, Request):
            return digest(SESSION.sub("", output.url))
    return text_hash(entry)


def text_hash(entry: Any) -> int:
    """Return what tells the content of an entry from any other: a whole number of 64 bits, as above."""
    if isinstance(entry, dict | list):
        return digest(json.dumps(entry, sort_keys=True, default=str))
    return digest("".join(entry.itertext()) if hasattr(entry, "itertext") else str(entry))


def digest(text: str) -> int:
    """Return the hash of a text: a whole number of 64 bits, the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)
