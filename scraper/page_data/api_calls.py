"""Find the calls of an API that a page's inline scripts make."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scraper.page_data.parameters import OFFSET, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

CALLED = re.compile(
    r"""\b(?P<name>fetch|axios(?:\.\w{1,10})?|get|getJSON|post|ajax|load|request|open|\$http(?:\.\w{1,10})?)\s{0,5}\(\s{0,9}
    (?:["'](?P<verb>GET|POST)["']\s{0,5},\s{0,5})?(?:\{\s{0,20}url\s{0,5}:\s{0,5})?
    (?P<quote>["'`])(?P<address>[^"'`\s<>]{1,300})(?P=quote)(?P<plus>\s{0,5}\+\s{0,5}[\w.]{1,40})?""",
    re.VERBOSE,
)
FIELDS = re.compile(
    r"(?:URLSearchParams|FormData|stringify|data\s{0,3}:|body\s{0,3}:|params\s{0,3}:|,)\s{0,3}\(?\s{0,3}\{([^{}]{0,300})\}"
)
PAIR = re.compile(r"""["']?(\w{1,40})["']?\s{0,5}:\s{0,5}(?:"([^"]{0,100})"|'([^']{0,100})'|([^,]{1,100}))""")
USED = re.compile(r"\b(?:data|json|res|result|response|answer|body|payload|page)\.([A-Za-z_]\w{0,40})\b(?!\s{0,3}\()")
INSERTED = re.compile(
    r"(?:insertAdjacentHTML\([^,]{0,60},|innerHTML\s{0,3}\+?=|\.(?:append|html)\()\s{0,5}\w{1,30}\.(\w{1,40})"
)
POSTED = re.compile(r"""["']?(?:method|type)["']?\s{0,5}:\s{0,5}["']POST""", re.IGNORECASE)
OPTIONS = frozenset({"method", "headers", "body", "credentials", "mode", "url", "type", "dataType", "success", "cache"})
"""Keys of a call that are about the call."""

AROUND = 700
MOST_CALLS = 20
NO_ANSWER = frozenset({"json", "text", "then", "ok", "status", "length", "error", "message", "page"})


@dataclass(frozen=True)
class ApiCall:
    """A call of an API that a script makes, as far as its text tells."""

    address: str
    method: str = "GET"
    fields: dict[str, str] = field(default_factory=dict)
    """What is sent along; a value that the script makes is an empty text."""
    used: tuple[str, ...] = ()
    """The names that the script reads of the answer."""
    html: str = ""
    """The name of the HTML in the answer that the script puts into the page."""


def api_calls(scripts: Iterable[str]) -> list[ApiCall]:
    """Return the API calls that a page's inline scripts make, as far as their texts tell."""
    found: dict[str, ApiCall] = {}
    for script in scripts:
        for match in CALLED.finditer(script[:500_000]):
            if len(found) >= MOST_CALLS or not may_be_address(match["address"]):
                continue
            call = _described(script, match)
            known = found.get(call.address)
            found[call.address] = _joined(known, call) if known else call
    return list(found.values())


def _joined(one: ApiCall, other: ApiCall) -> ApiCall:
    """Return what two calls of one address say together."""
    method = "POST" if "POST" in (one.method, other.method) else "GET"
    used = tuple(dict.fromkeys(one.used + other.used))
    return ApiCall(one.address, method, {**one.fields, **other.fields}, used, one.html or other.html)


def _described(script: str, match: re.Match[str]) -> ApiCall:
    before, after = script[max(0, match.start() - AROUND) : match.start()], script[match.end() : match.end() + AROUND]
    address = match["address"]
    if match["plus"] and address.endswith("="):
        name = re.split(r"[?&]", address)[-1].rstrip("=")
        address += "{page}" if PAGE.match(name) else "{offset}" if OFFSET.match(name) else f"{{{name}}}"
    address = re.sub(r"\$\{[^}]{0,60}\}", "{page}", address)
    posted = match["verb"] == "POST" or match["name"].endswith("post") or POSTED.search(after[:200])
    given = [found[1] for found in FIELDS.finditer(after.partition(";")[0][:200])]
    if posted:
        given += [found[1] for found in FIELDS.finditer(before)][-1:]
    fields = next((read for text in given if (read := _fields(text))), {})
    used = tuple(dict.fromkeys(name for name in USED.findall(after) if name not in NO_ANSWER))
    inserted = INSERTED.search(after)
    return ApiCall(address, "POST" if posted else "GET", fields, used, inserted[1] if inserted else "")


def _fields(text: str) -> dict[str, str]:
    """Return what an object in a script sends along; a value that the script makes is an empty text."""
    found = {}
    for name, double, single, other in PAIR.findall(text):
        if name not in OPTIONS:
            found[name] = double or single or (other.strip() if other.strip().isdecimal() else "")
    return found


def may_be_address(text: str) -> bool:
    """Return whether a text looks like an address, relative or not."""
    return text.startswith(("/", "http://", "https://", "./", "../", "?")) or ("/" in text and " " not in text)
