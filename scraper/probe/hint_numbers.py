"""Hints from page numbers: links with numbers as texts, and parameters of the page's own address."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from scraper.page_data.parameters import OFFSET, PAGE
from scraper.paging.links import absolute
from scraper.paging.numbering import Numbering
from scraper.probe.hint_links import next_links, offset_parameter, offsets_call, posting
from scraper.probe.hints import Call, Hint, Study, untried
from scraper.probe.selectors import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_NUMBER = 100_000
LIMITED = re.compile(r"[?&](?:per_?page|page_?size|size|limit|count|show|rows|num|pp|ps)=$", re.IGNORECASE)
PAGE_NAMED = re.compile(r"(?:page|paged|pag|pg|p|seite|pagina|strana|sida|side|sivu|oldal)[/_=-]{0,2}$", re.IGNORECASE)
STEM = re.compile(r"(?:/|/?(?:index|default)?(?:\.\w{2,5})?)$")
"""What of an address says nothing of the list that it leads to."""

YEARS = range(1900, 2101)
DAYS = 27
"""Numbers from 1 on, without a gap, of which a calendar has so many at least."""


def number_hints(study: Study) -> Iterator[Hint]:
    """Yield the hints that page numbers give."""
    if study.is_last:
        return
    ways = _numbered_links(study)
    if not ways:
        chosen = list(_chosen(study))
        yield from chosen or _own_parameter(study)
        return
    most = max(len(numbers) for numbers in ways.values())
    best = [way for way, numbers in ways.items() if len(numbers) == most]
    certain = len(best) == 1
    for way in best[:2]:
        numbers = ways[way]
        call = Call.of("PageNumbers", address_of(study.page.url, way), start=0 if way.shift else "", **_stated(study))
        number = min(numbers)
        hint = study.hint(call, f"{len(numbers)} links with page numbers", number=number)
        if hint and hint.leads_to == numbers[number]:
            yield hint if certain else untried(call, f"links with page numbers lead to {len(best)} lists: choose yours")


def _numbered_links(study: Study) -> dict[Numbering, dict[int, str]]:
    """Return how pages are addressed, with the addresses of those that are linked by their numbers."""
    ways: dict[Numbering, dict[int, str]] = defaultdict(dict)
    for anchor in study.page.soup.find_all(["a", "option"], limit=20_000):
        words = words_of(anchor, 8).strip("[]() .")
        raw = str(anchor.get("href" if anchor.name == "a" else "value") or "").strip()
        if not (
            words.isdecimal() and 1 < int(words) < MOST_NUMBER and ("/" in raw or "?" in raw or anchor.name == "a")
        ):
            continue
        url = absolute(study.page.response, raw)[0] if raw else None
        if url and (way := Numbering.learn(url, int(words))):
            ways[way][int(words)] = url
    return {way: numbers for way, numbers in ways.items() if _are_pages(numbers, study) and _is_of_list(way, study)}


def _is_of_list(way: Numbering, study: Study) -> bool:
    """Say whether addresses may be those of this list's pages, rather than of votes, versions or sizes of pages.

    Such have a page's name before the number, or begin as the page's own address does.
    """
    if LIMITED.search(way.before):
        return False
    if PAGE_NAMED.search(way.before) or "?" in way.before:
        return True
    own, before = urlsplit(study.page.url).path, urlsplit(way.before).path
    stem = STEM.sub("", own)
    return before.startswith(stem) or own.startswith(before)


def _are_pages(numbers: dict[int, str], study: Study) -> bool:
    """Say whether numbers may be those of pages, rather than years, days of a month, or amounts."""
    if all(number in YEARS for number in numbers) or (max(numbers) <= DAYS + 4 and len(numbers) >= DAYS):
        return False
    near = [number for number in numbers if number <= 12]
    return len(near) > 0 and (2 in numbers or len(numbers) > 1 or bool(dict(parse_qsl(urlsplit(study.page.url).query))))


def _chosen(study: Study) -> Iterator[Hint]:
    """Propose to count in what a choice of pages sends, where its form sends nothing else."""
    for select in study.page.soup.find_all("select", limit=200):
        name, form = str(select.get("name") or ""), select.find_parent("form")
        values = [str(option.get("value") or words_of(option, 8)) for option in select.find_all("option", limit=20_000)]
        numbers = {int(value) for value in values if value.isdecimal() and len(value) < len(str(MOST_NUMBER))}
        is_count = len(numbers) == len(values) > 1 and numbers == set(range(min(numbers), max(numbers) + 1))
        if not (PAGE.match(name) and is_count and min(numbers) in (0, 1)) or form is None:
            continue
        action = absolute(study.page.response, str(form.get("action") or ""))[0] or study.page.url
        is_own = urlsplit(action)[:3] == urlsplit(study.page.url)[:3]
        sends = [tag for tag in form.find_all(["input", "select", "textarea"], limit=50) if tag.get("name")]
        if is_own and len(sends) == 1 and str(form.get("method") or "get").lower() == "get":
            call = Call.of("PageNumbers", f"?{name}={{page}}", start=0 if 0 in numbers else "", **_stated(study))
            if hint := study.hint(call, f"a choice of {len(numbers)} pages sends '{name}'", number=2):
                yield hint
                return


def _own_parameter(study: Study) -> Iterator[Hint]:
    """Propose to count in a parameter that the page's own address has."""
    url = study.page.url
    own = dict(parse_qsl(urlsplit(url).query))
    offset, limit, _ = offset_parameter(url)
    if offset and OFFSET.match(offset) and own[offset] == "0" and not any(next_links(study)):
        size = int(own[limit]) if limit else max((block.count for block in study.blocks), default=100)
        hint = study.hint(
            offsets_call(study, offset, limit, size), f"the address has the parameter '{offset}'", number=2
        )
        if hint:
            yield hint
        return
    named = next((name for name in own if PAGE.match(name) and own[name].isdecimal()), "")
    if named and int(own[named]) <= 1:
        call = Call.of("PageNumbers", f"?{named}={{page}}", start=0 if own[named] == "0" else "", **_stated(study))
        if hint := study.hint(call, f"the address has the parameter '{named}'", number=2):
            yield hint
    elif study.stated.last and not any(next_links(study)) and not posting(study):
        yield untried(
            Call.of("PageNumbers", "?page={page}", last=study.stated.last),
            "the page states how many pages there are; look how they are addressed",
        )


def _stated(study: Study) -> dict[str, str]:
    return {"last": study.stated.last, "total": study.stated.total}


def address_of(url: str, way: Numbering) -> str:
    """Write a numbered address relative to the start page, as short as it goes."""
    whole = f"{way.before}{{page}}{way.after}"
    start, _, query = whole.partition("?")
    if "{page}" in query and "{page}" not in start and start == url.partition("?")[0]:
        place = next(part for part in query.split("&") if "{page}" in part)
        return f"?{place}"
    folder = url.partition("?")[0].rpartition("/")[0] + "/"
    if whole.startswith(folder) and len(whole) > len(folder):
        return whole[len(folder) :]
    parts = urlsplit(url)
    return whole.removeprefix(f"{parts.scheme}://{parts.netloc}")
