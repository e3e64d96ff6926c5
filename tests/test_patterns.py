"""Every regular expression of the code takes time in proportion to its text, whatever the text is."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from re._compiler import compile as compile_parsed  # type: ignore[import-not-found]
from typing import TYPE_CHECKING, Any

import pytest
from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("scraper", "models", "pipelines", "spiders")
OTHERWISE = {
    "models/cleaners/": "they cut their text first, so it is they that are timed, in test_cleaners.py",
    "scraper/page_data/tokens.py": "stops at what is broken, and pays for it; timed in test_page_data.py",
    "scraper/frontier/redis_server.py": "reads what Redis says, not what a page does",
}
"""Modules whose patterns are not timed alone."""

METHODS = ("search", "match", "fullmatch", "sub", "split", "findall", "finditer", "subn")
LENGTH, LIMIT_S = 100_000, 1.0
"""A pattern that is quadratic takes 5 s and more."""

STAGES = (
    (21, 0.05, 10**6),
    (200, 0.05, 60),
    (600, 0.05, 30),
    (2_000, 0.05, 12),
    (15_000, 0.1, 3),
    (LENGTH, LIMIT_S, 1),
)
MOST_UNITS = 300
UNITS = (" ", "\n", "a", "A", "1", "-", "<", ">", "/", '"', "'", "\\", "=", ":", ".", "&", "é", "a ", "1,", "<a", "a=")
TAILS = ("", "x", "\x00", "\n<", "x>\n2")

MADE_WHEN_USED: dict[str, list[Any]] = {
    "scraper/core/config/__init__.py": [r"page_limit_s\s*[=:]"],
    "scraper/core/masking.py": ["s3cret|hunter2"],
    "scraper/probe/new_project.py": [r"[a-z][a-z0-9_]{0,39}"],
    "scraper/demo/router.py": [r"/quotes/(?P<page>[^/]+)/x/(?P<name>[^/]+)"],
    "scraper/heal/sitemap_search.py": ["/item/"],
    "scraper/fetch/http/markup.py": [rb"(?i)</script"],
    "scraper/paging/leads.py": [r"[.#'\"]more\-results\b"],
    "scraper/paging/numbered.py": [r"(?<=/)catalogue/page\-\d+\.html$"],
    "scraper/paging/numbering.py": [r"(?<!\d)0*2(?!\w)"],
    "scraper/paging/sources.py": ["/item/"],
    "scraper/paging/xml_documents.py": [r"</(?:[\w.-]+:)?(?:url|item)(?=[\s/>])"],
}
"""Examples of the patterns that are made of values, by the module that makes them."""


@dataclass(frozen=True)
class Use:
    """A pattern, and how it is used."""

    place: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


def sources() -> Iterator[tuple[Path, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not str(path.relative_to(ROOT)).startswith(tuple(OTHERWISE)):
                yield path, path.read_text()


@cache
def uses() -> list[Use]:
    """Return every pattern of the code, by looking for calls of `re`."""
    texts = list(sources())
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for name, method in re.findall(rf"\b(\w+)\.({'|'.join(METHODS)})\b", "\n".join(text for _, text in texts)):
        methods[name].add(method)
    found = []
    for path, text in texts:
        if "import re\n" not in text:
            continue
        module = str(path.relative_to(ROOT)).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        tree = ast.parse(text)
        for name, pattern in vars(importlib.import_module(module)).items():
            if isinstance(pattern, re.Pattern) and re.search(rf"^{name} = re\.compile", text, re.MULTILINE):
                found.append(Use(f"{module}.{name}", pattern, frozenset(methods[name] or METHODS[:1])))
        named = {id(node.value) for node in tree.body if isinstance(node, ast.Assign)}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and _is_of_re(call) and id(call) not in named:
                found += _inline(f"{path.relative_to(ROOT)}:{call.lineno}", call)
    return found


def _is_of_re(call: ast.Call) -> bool:
    name, _, method = ast.unparse(call.func).rpartition(".")
    return name == "re" and method in (*METHODS, "compile")


def _inline(place: str, call: ast.Call) -> list[Use]:
    assert isinstance(call.func, ast.Attribute)
    method = "search" if call.func.attr == "compile" else call.func.attr
    if not isinstance(call.args[0], ast.Constant):
        examples = MADE_WHEN_USED[place.partition(":")[0]]
        return [Use(place, re.compile(example), frozenset({method})) for example in examples]
    flags = [flag for part in (*call.args[1:], *(word.value for word in call.keywords)) for flag in _flags(part)]
    return [Use(place, re.compile(call.args[0].value, sum(flags)), frozenset({method}))]


def _flags(part: ast.expr) -> list[int]:
    """Return the flags among what a call of `re` is given."""
    named = (getattr(re, node.attr, None) for node in ast.walk(part) if isinstance(node, ast.Attribute))
    return [int(flag) for flag in named if isinstance(flag, re.RegexFlag)]


def pieces(parsed: Iterable[Any]) -> Iterator[str]:
    """Yield texts that parts of a pattern match, from a single character to everything before a part."""
    before = ""
    for operator, argument in parsed:
        short = ""
        if operator is sre.LITERAL:
            short = chr(argument)
        elif operator in (sre.ANY, sre.NOT_LITERAL, sre.IN):
            short = next(sign for sign in _signs(operator, argument))
        elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            least, _, inner = argument
            found = list(pieces(inner))
            yield from found
            short = (found or [""])[-1] * max(1, min(least, 50))
        elif operator is sre.BRANCH:
            branches = [list(pieces(branch)) for branch in argument[1]]
            yield from chain.from_iterable(branches)
            short = next((found[-1] for found in branches if found), "")
        elif operator in (sre.SUBPATTERN, sre.ATOMIC_GROUP, sre.ASSERT, sre.ASSERT_NOT):
            found = list(pieces(argument[-1] if isinstance(argument, tuple) else argument))
            yield from found
            short = (found or [""])[-1] if operator not in (sre.ASSERT_NOT, sre.ASSERT) else ""
        if short:
            before += short
            yield short
            yield before


def _signs(operator: Any, argument: Any) -> Iterator[str]:
    """Yield characters that one place of a pattern takes."""
    place = parser.SubPattern(parser.State(), [(operator, argument)])
    place.state.str = ""
    one = compile_parsed(place)
    yield from filter(one.match, [*map(chr, range(33, 127)), *" \n\r\t\x00é\u200b\ud800\x80\U00010000"])
    yield "a"


def units_of(pattern: re.Pattern[Any]) -> list[str]:
    """Return what hostile texts for a pattern are made of, again and again."""
    own = list(dict.fromkeys(pieces(parser.parse(_text(pattern), pattern.flags & ~re.DEBUG))))
    pairs = ["".join(pair) for pair in product(own[:12], repeat=2)]
    return list(islice(dict.fromkeys([*own, *pairs, *UNITS]), MOST_UNITS))


def _text(pattern: re.Pattern[Any]) -> Any:
    return pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern


def seconds(use: Use, text: str) -> float:
    """Return the processor time that all uses of a pattern take on a text."""
    given: Any = text.encode("utf-8", "surrogatepass") if isinstance(use.pattern.pattern, bytes) else text
    begin = time.thread_time()
    for method in use.methods:
        if method in ("sub", "subn"):
            getattr(use.pattern, method)(given[:0], given)
        else:
            found = getattr(use.pattern, method)(given)
            if method == "finditer":
                for _ in found:
                    pass
    return time.thread_time() - begin


def worst(use: Use) -> tuple[float, str]:
    """Return the longest time that a pattern takes, and for which text; longer texts are only made of what is slow."""
    candidates = [(0.0, unit, tail) for unit in units_of(use.pattern) for tail in TAILS]
    for length, limit_s, kept in STAGES:
        timed = []
        for _, unit, tail in candidates:
            taken_s = seconds(use, unit * (length // len(unit) + 1) + tail)
            if taken_s > limit_s:
                taken_s = min(taken_s, seconds(use, unit * (length // len(unit) + 1) + tail))
            if taken_s > limit_s:
                return taken_s, f"{unit!r} up to {length} characters, then {tail!r}"
            timed.append((taken_s, unit, tail))
        candidates = sorted(timed, reverse=True)[:kept]
    return candidates[0][0], ""


@pytest.mark.parametrize("use", uses(), ids=lambda use: use.place)
def test_a_pattern_is_linear_on_hostile_texts(use: Use) -> None:
    taken_s, text = worst(use)
    assert not text, f"{use.place}: {taken_s:.2f} s for {text}: {use.pattern.pattern!r}"


@pytest.mark.parametrize(
    "pattern",
    [
        r"<([^>]*)>",
        r"(?:a|a)*b",
        r"^\W*\W*[a-z]?\W*$",
        r"^\W*(?:more)?\W*[>»]?\W*$",
        r"\d+(?=x)",
        r"(\w+\s?)*$",
        r"/\*[\s\S]*?\*/",
    ],
)
def test_the_texts_are_hostile_enough_to_find_a_pattern_that_is_not(pattern: str) -> None:
    _, text = worst(Use("", re.compile(pattern), frozenset({"search"})))
    assert text
