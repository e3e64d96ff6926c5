"""Hints for an address that answers JSON: by page, offset, cursor, token in a header, or link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from scraper.page_data import record_lists
from scraper.page_data.parameters import CURSOR, LAST, LIMIT, MORE, OFFSET, PAGE, TOTAL, place_of
from scraper.probe.hints import Call, Hint, Study, untried

if TYPE_CHECKING:
    from collections.abc import Iterator

NEXT = re.compile(r"^(?:next|next_?(?:page_?)?(?:url|link|href)|href)$", re.IGNORECASE)
TOKEN_HEADER = re.compile(r"\A(?=.*next).*(?:token|cursor)|continuation", re.IGNORECASE)
CURRENT = re.compile(r"^(?:page|current_?page|page_?(?:no|number|num))$", re.IGNORECASE)


def answer_hints(study: Study, at: str = "") -> Iterator[Hint]:
    """Yield how an API's answers are asked for, one after the other; `at` is its address when it is not the page's."""
    data = study.page.data
    lists = [found for inside in study.page.data_inside for found in record_lists(inside, study.page.effort)]
    records = lists[0].path if lists else "@"
    total = {"total": place_of(data, TOTAL, int)}
    link = place_of(data, NEXT, str)
    if token := place_of(data, CURSOR, str):
        name = token.rpartition(".")[2].removeprefix("next_").removeprefix("next")
        query = name[:1].lower() + name[1:]
        call = Call.of("Cursor", token, address=at, query=query, json=records, **total)
        yield from _tried(study, call, f"the answer has a cursor at {token}; look what the site calls the parameter")
    elif header := next((name for name in study.page.fetched.headers if TOKEN_HEADER.search(name)), ""):
        sent = re.sub(r"(?i)next-?", "", header)
        call = Call.of("Cursor", address=at, header=sent, token_header=header, json=records, **total)
        yield from _tried(study, call, f"the answer has a token in its header {header}; look what header asks with it")
    elif link:
        where = f"; start_url is {study.page.url}" if at else ""
        call = Call.of("NextLink", link, json=records, **total)
        yield from _tried(study, call, f"the answer has an address at {link}{where}")
    else:
        yield from _counted(study, at, records, len(lists[0].entries) if lists else 0)


def _counted(study: Study, at: str, records: str, shown: int) -> Iterator[Hint]:
    """Yield how to ask by a page's number, or by how many records come before."""
    data, url = study.page.data, study.page.url
    named = {"last": place_of(data, LAST, int), "total": place_of(data, TOTAL, int), "more": place_of(data, MORE, bool)}
    query = dict(parse_qsl(urlsplit(url).query))
    offset = next((name for name in query if OFFSET.match(name)), "")
    number = next((name for name in query if PAGE.match(name)), "") or place_of(data, CURRENT, int).rpartition(".")[2]
    limit = next((name for name in query if LIMIT.match(name)), "")
    if number and not offset:
        call = Call.of("PageNumbers", _address(at, query, {number: "{page}"}), json=records, **named)
        yield from _numbered(study, call, f"pages are counted in '{number}'")
    elif offset or named["total"]:
        filled = {offset or "offset": "{offset}", limit or "limit": "{limit}"}
        size = int(query[limit]) if limit and query[limit].isdecimal() else shown or 100
        call = Call.of("Offsets", _address(at, query, filled), limit=size, json=records, total=named["total"])
        if offset:
            yield from _numbered(study, call, f"records are counted in '{offset}'")
        else:
            yield untried(call, "a total is stated; look what the offset is called")
    elif shown:
        call = Call.of("PageNumbers", at or urlsplit(url).path, json=records, last=1)
        yield untried(call, "one answer has all records")


def _address(at: str, query: dict[str, str], filled: dict[str, str]) -> str:
    """Write an address with places for the numbers; parameters of the start page stay by themselves."""
    parameters = {**(query if at else {}), **filled}
    return f"{at}?" + "&".join(f"{name}={text}" for name, text in parameters.items())


def _tried(study: Study, call: Call, why: str) -> Iterator[Hint]:
    if hint := study.hint(call, why):
        yield hint


def _numbered(study: Study, call: Call, why: str) -> Iterator[Hint]:
    if hint := study.hint(call, why, number=2):
        yield hint
