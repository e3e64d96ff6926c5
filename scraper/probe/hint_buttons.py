"""Hints from "load more" buttons, and from scripts that name the address of an API."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from scraper.page_data.parameters import LAST, MORE, OFFSET, PAGE, TOTAL
from scraper.probe.hints import Call, Hint, Study, untried
from scraper.probe.selectors import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import Tag

ADDRESS_ATTRIBUTES = ("data-url", "data-href", "data-next", "data-next-url", "data-src", "data-load-url", "formaction")
LOAD_MORE = re.compile(r"\b(?:load|show|view|see)\s+more|more\s+(?:results|items|products)|mehr\s+(?:laden|anzeigen)|"
                       r"voir\s+plus|ver\s+más|\bmore\b", re.IGNORECASE)  # fmt: skip
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


def button_hints(study: Study) -> Iterator[Hint]:
    """Yield the hints that buttons with an address give, then those of scripts."""
    for button in study.page.soup.find_all(_is_button, limit=200):
        for name in ADDRESS_ATTRIBUTES:
            if button.has_attr(name) and _may_be_address(str(button[name])):
                call = Call.of("NextLink", f"{study.selectors.of(button)}::attr({name})", total=study.stated.total)
                if hint := study.hint(call, f"the button '{words_of(button, 30)}' has an address in {name}"):
                    yield hint
                    return
    for call_ in api_calls(study):
        if hint := _api_hint(study, call_):
            yield hint


def api_calls(study: Study) -> list[ApiCall]:
    """Return the API calls that the page's own scripts make; script files are not read."""
    found: dict[str, ApiCall] = {}
    for script in study.page.scripts:
        for match in CALLED.finditer(script[:500_000]):
            if len(found) >= MOST_CALLS or not _may_be_address(match["address"]):
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
        address += "{page}" if PAGE.match(re.split(r"[?&]", address)[-1].rstrip("=")) else "{offset}"
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


def _api_hint(study: Study, call: ApiCall) -> Hint | None:
    """Propose how to ask an API for pages; where the records stand in its answers is what the script reads."""
    found = {name: next((used for used in call.used if pattern.match(used)), "")
             for name, pattern in (("more", MORE), ("total", TOTAL), ("last", LAST))}  # fmt: skip
    rest = [name for name in call.used if name not in found.values() and name != call.html]
    where: dict[str, str] = {"html": call.html} if call.html else {"json": rest[0] if rest else "@"}
    sent = {**dict(parse_qsl(urlsplit(call.address).query)), **call.fields}
    number = next((name for name in sent if PAGE.match(name)), "")
    offset = next((name for name in sent if OFFSET.match(name)), "")
    if not (number or offset or "{page}" in call.address or "{offset}" in call.address):
        return None
    filled = {**sent, **({number: "{page}"} if number else {offset: "{offset}"} if offset else {})}
    filled = {name: text for name, text in filled.items() if text}
    path = _relative(study, call.address.partition("?")[0])
    why = f"a script asks {call.address.partition('?')[0]} ({call.method}); not tried"
    if call.method == "POST":
        return untried(Call.of("PageNumbers", path, post=filled, **where, **found), why)
    query = "&".join(f"{name}={text}" for name, text in filled.items())
    address = f"{path}?{query}" if query else path
    return untried(Call.of("Offsets" if offset and not number else "PageNumbers", address, **where, **found), why)


def _relative(study: Study, address: str) -> str:
    """Write an address of the same site without its host."""
    try:
        url = urlsplit(urljoin(study.page.url, address))
    except ValueError:
        return address
    return url.path if url.netloc == urlsplit(study.page.url).netloc else url._replace(query="", fragment="").geturl()


def _is_button(tag: Tag) -> bool:
    if not any(tag.has_attr(name) for name in ADDRESS_ATTRIBUTES):
        return False
    words = " ".join(
        [
            words_of(tag, 80),
            str(tag.get("aria-label") or ""),
            " ".join(map(str, filter(None, tag.get_attribute_list("class")))),
        ]
    )
    return tag.name in ("button", "a", "div", "span", "input") and bool(LOAD_MORE.search(words))


def _may_be_address(text: str) -> bool:
    return text.startswith(("/", "http://", "https://", "./", "../", "?")) or ("/" in text and " " not in text)
