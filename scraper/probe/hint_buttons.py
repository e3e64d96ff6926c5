"""Hints from "load more" buttons, and from scripts that name the address of an API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from scraper.page_data.api_calls import ApiCall, api_calls, may_be_address
from scraper.page_data.parameters import LAST, MORE, OFFSET, PAGE, TOTAL
from scraper.paging.words import ADDRESS_ATTRIBUTES, MORE_CLASS, says_more
from scraper.probe.hints import Call, Hint, Study, untried
from scraper.probe.selectors import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import Tag


def button_hints(study: Study) -> Iterator[Hint]:
    """Yield the hints that buttons with an address give, then those of scripts."""
    for button in study.page.soup.find_all(_is_button, limit=200):
        for name in ADDRESS_ATTRIBUTES:
            if button.has_attr(name) and may_be_address(str(button[name])):
                call = Call.of("NextLink", f"{study.selectors.of(button)}::attr({name})", total=study.stated.total)
                if hint := study.hint(call, f"the button '{words_of(button, 30)}' has an address in {name}"):
                    yield hint
                    return
    for call_ in api_calls(study.page.scripts):
        if hint := _api_hint(study, call_):
            yield hint


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
    classed = any(MORE_CLASS.search(str(name)) for name in tag.get_attribute_list("class") if name)
    words = (words_of(tag, 80), str(tag.get("aria-label") or ""))
    return tag.name in ("button", "a", "div", "span", "input") and (classed or any(map(says_more, words)))
