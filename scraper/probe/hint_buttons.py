"""Hints from "load more" buttons, and from scripts that name the address of an API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from scraper.page_data.api_calls import ApiCall, api_calls, may_be_address
from scraper.page_data.parameters import LAST, MORE, OFFSET, PAGE, TOTAL
from scraper.paging.links import absolute
from scraper.paging.numbering import Numbering
from scraper.paging.words import ADDRESS_ATTRIBUTES, MORE_CLASS, says_more, says_next
from scraper.probe.hint_numbers import address_of
from scraper.probe.hints import Call, Hint, Study, untried
from scraper.probe.selectors import classes_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import Tag

MOVED = re.compile(
    r"""(?:location(?:\.href)?\s{0,5}(?:=(?!=)|\.(?:assign|replace)\()|window\.open\()\s{0,5}["']"""
    r"""(?P<address>[^"'\s<>]{1,300})["'](?!\s{0,5}\+)"""
)
"""Where a script leaves the page for another."""

COUNTED = re.compile(
    r"""location(?:\.href)?\s{0,5}(?:=(?!=)|\.(?:assign|replace)\()\s{0,5}["'](?P<before>[^"'\s<>]{1,200})["']
    \s{0,5}\+\s{0,5}\(?\s{0,5}(?P<name>[A-Za-z_$][\w$]{0,30})\s{0,5}\)?(?:\s{0,5}\+\s{0,5}["'](?P<after>[^"'\s<>]{0,200})["'])?""",
    re.VERBOSE,
)
"""Where a script puts a page's number into the address to which it leaves the page."""

NUMBERED_CALL = re.compile(r"[\w$.]{1,40}\(\s{0,5}['\"]?(\d{1,5})['\"]?\s{0,5}\)")
FILE = re.compile(r"[\w./-]{1,100}\.(?:html?|php|aspx?|jsp|json)(?:\?\S{0,200})?")
"""An address without a folder, such as `page2.html`."""

OPEN_PLACE = re.compile(r"\{(?!page\}|offset\})(\w{1,40})\}")
"""A value that a script puts into an address, and that counts nothing."""


def button_hints(study: Study) -> Iterator[Hint]:
    """Yield the hints that buttons with an address give, then those of scripts."""
    for button in study.page.soup.find_all(_is_button, limit=200):
        for name in ADDRESS_ATTRIBUTES:
            if button.has_attr(name) and (may_be_address(str(button[name])) or FILE.fullmatch(str(button[name]))):
                call = Call.of("NextLink", f"{study.selectors.of(button)}::attr({name})", total=study.stated.total)
                if hint := study.hint(call, f"the button '{words_of(button, 30)}' has an address in {name}"):
                    yield hint
                    return
    yield from _moved_hint(study)
    yield from _counted_hint(study)
    for call_ in api_calls(study.page.scripts):
        if hint := _api_hint(study, call_):
            yield hint


def _moved_hint(study: Study) -> Iterator[Hint]:
    """Yield the hint that an address gives to which a script goes, such as `onclick="location.href='/page/2/'"`."""
    attributes = [
        (str(tag[name]), words_of(tag, 30))
        for tag in study.page.soup.find_all(_runs_script, limit=200)
        for name in ("onclick", "onmousedown", "href")
        if tag.has_attr(name)
    ]
    for script, words in [*attributes, *((script[:500_000], "") for script in study.page.scripts)]:
        for found in MOVED.finditer(script):
            url = absolute(study.page.response, found["address"])[0]
            if not url or not (words == "" or says_next(words) or says_more(words) or words.isdecimal()):
                continue
            number = int(words) if words.isdecimal() else 2
            if way := Numbering.learn(url, number):
                call = Call.of("PageNumbers", address_of(study.page.url, way), last=study.stated.last)
                if hint := study.hint(call, f"a script goes to {found['address']}", number=number):
                    yield hint
                    return


def _counted_hint(study: Study) -> Iterator[Hint]:
    """Yield the hint of a script that goes to the page of a number, with which an element of the page calls it."""
    calls = [
        int(found[1])
        for tag in study.page.soup.find_all(["a", "button", "span", "li", "div", "input"], limit=5_000)
        for name in ("onclick", "href")
        if (found := NUMBERED_CALL.search(str(tag.get(name) or "")))
        and ((words := words_of(tag, 30) or str(tag.get("value") or "")) == found[1] or says_next(words))
    ]
    number = next((number for number in calls if number > 1), 0)
    for script in study.page.scripts if number else ():
        for found in COUNTED.finditer(script[:500_000]):
            first = absolute(study.page.response, f"{found['before']}{number}{found['after'] or ''}")[0]
            if first and (way := Numbering.learn(first, number)):
                call = Call.of("PageNumbers", address_of(study.page.url, way), last=study.stated.last)
                if hint := study.hint(call, f"a script puts a page's number behind {found['before']}", number=number):
                    yield hint
                    return


def _runs_script(tag: Tag) -> bool:
    return any(MOVED.search(str(tag.get(name) or "")) for name in ("onclick", "onmousedown", "href"))


def value_notes(study: Study) -> Iterator[str]:
    """Yield what is known of the values that scripts ask an API with, where these are no numbers of pages."""
    for call in api_calls(study.page.scripts):
        for name in OPEN_PLACE.findall(call.address):
            for attribute, tag in _holders(study, name):
                selector = f"{tag.name}.{classes_of(tag)[0]}" if classes_of(tag) else tag.name
                values = [str(other[attribute]) for other in study.page.soup.select(f"{selector}[{attribute}]")]
                yield (
                    f"a script asks {call.address}; {{{name}}} may be one of the {len(values)} values of "
                    f"{attribute} at {selector}: {', '.join(values[:6])}"
                )
                break


def _holders(study: Study, name: str) -> Iterator[tuple[str, Tag]]:
    """Yield the elements that may hold a parameter's values, which have its name in a class or an attribute."""
    for tag in study.page.soup.find_all(True, limit=20_000):
        own = [attribute for attribute in (f"data-{name}", f"data-{name}-id") if tag.has_attr(attribute)]
        if any(name.lower() in classed.lower() for classed in classes_of(tag)):
            own += [attribute for attribute in ("data-id", "data-value", "id", "value") if tag.has_attr(attribute)]
        yield from ((attribute, tag) for attribute in own)


def _api_hint(study: Study, call: ApiCall) -> Hint | None:
    """Propose how to ask an API for pages; where the records stand in its answers is what the script reads."""
    found = {name: next((used for used in call.used if pattern.match(used)), "")
             for name, pattern in (("more", MORE), ("total", TOTAL), ("last", LAST))}  # fmt: skip
    rest = [name for name in call.used if name not in found.values() and name != call.html]
    where: dict[str, str] = {"html": call.html} if call.html else {"json": rest[0] if rest else "@"}
    sent = {**dict(parse_qsl(urlsplit(call.address).query)), **call.fields}
    number = next((name for name in sent if PAGE.match(name)), "")
    offset = next((name for name in sent if OFFSET.match(name)), "")
    if OPEN_PLACE.search(call.address) or not (number or offset or "{" in call.address):
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
    words = (words_of(tag, 80), str(tag.get("aria-label") or ""), str(tag.get("value") or ""))
    says = any(says_more(text) or (says_next(text) and any(map(str.isalnum, text))) for text in words)
    if any(tag.has_attr(name) for name in ("data-next", "data-next-url", "data-next-page-url")):
        return True
    return tag.name in ("button", "a", "div", "span", "li", "input") and not tag.get("href") and (classed or says)
