# ruff: noqa: RUF001 - the characters that look alike are what pages write
from __future__ import annotations

import contextlib
import datetime as dt
import doctest
import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import cleaners
from models.cleaners.refusal import SHOWN_CHARACTERS, refusal, shown

deterministic = settings(derandomize=True, deadline=None)

PAGE = "https://books.toscrape.com/index.html"
CLEANERS: dict[str, Callable[[object], object]] = {
    **{
        name: getattr(cleaners, name) for name in ("amount", "count", "currency_code", "in_stock", "labels", "one_line")
    },
    **{name: getattr(cleaners, name) for name in ("number", "paragraphs", "rating", "unquoted")},
    "canonical_url": lambda value: cleaners.canonical_url(value, PAGE),
    "srcset": lambda value: cleaners.srcset(value, PAGE),
    "currency_in": cleaners.currency_in("CAD"),
    "day": cleaners.day("DMY"),
    "moment": cleaners.moment(),
    "without_prefix": cleaners.without_prefix("in"),
}
MAKERS: dict[str, Callable[[object], object]] = {
    "number with a decimal mark": cleaners.number(decimal=","),
    "rating on a scale": cleaners.rating(scale=10),
}
every_cleaner = pytest.mark.parametrize("clean", [*CLEANERS.values(), *MAKERS.values()], ids=[*CLEANERS, *MAKERS])
MODULES = ["models.cleaners", *(module.name for module in pkgutil.iter_modules(cleaners.__path__, "models.cleaners."))]

WORDS = [
    "£",
    "€",
    "kr",
    "CAD",
    "5",
    "1,234",
    "12.50",
    "-",
    "%",
    "May",
    "1999",
    "/",
    "T10:30",
    "+02:00",
    "in stock",
    "no",
]
HOSTILE = [
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\ud800",
    "&amp;",
    "&#0;",
    "Ã",
    "©",
    "é",
    "\u0301",
    "“",
    "”",
    "½",
    "★",
    "//",
    "[",
    "NaN",
]
HOSTILE_UNITS = [
    *(" ", "\n", "\x00", "\ud800", "\ud83d\ude00", "\u0300\u0316", "…", "Ã", "Ã©", "ÃƒÆ’Ã‚\xa0", "ÃÂ“Â¢"),
    *("&", "&am", "&amp;", "&#97;", "“", '"', '"a" ', "“a”", "in ", "n't ", "no ", "May ", "★"),
    *("9", "1,", "1 ", "£", "£5 ", "-", "/", "../", "?a&", "[", "@", "http://"),
]
page_text = st.lists(st.sampled_from(WORDS + HOSTILE + [" ", "\n", "\xa0"]), max_size=10).map("".join)
json_value = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.datetimes(timezones=st.none() | st.just(dt.UTC)),
    st.dates(),
    st.text(),
    st.lists(st.text() | st.integers() | st.none(), max_size=3),
    st.dictionaries(st.text(), st.integers(), max_size=2),
    st.binary(),
)


def test_these_are_all_cleaners() -> None:
    assert set(CLEANERS) == set(cleaners.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_every_module_run(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.failed == 0
    assert outcome.attempted > 0


@given(page_text | json_value)
@every_cleaner
@settings(deterministic, max_examples=300)
def test_a_cleaner_returns_a_clean_value_or_says_what_it_expected(
    clean: Callable[[object], object], value: object
) -> None:
    try:
        once = clean(value)
    except ValueError as error:
        assert ", expected " in str(error)  # noqa: PT017
        assert len(str(error)) < 300  # noqa: PT017
        str(error).encode()
    else:
        if once is not None:
            assert clean(once) == once
            assert type(clean(once)) is type(once)


@every_cleaner
@pytest.mark.parametrize("nothing", ["", "   ", "\n\t\xa0"])
def test_nothing_is_none(clean: Callable[[object], object], nothing: str) -> None:
    assert clean(nothing) == ([] if clean is cleaners.labels else None)


@every_cleaner
@pytest.mark.parametrize("value", [{"a": 1}, b"5", object()], ids=["dict", "bytes", "object"])
def test_a_type_that_no_page_gives_is_refused(clean: Callable[[object], object], value: object) -> None:
    with pytest.raises(ValueError, match=f"is of type {type(value).__name__}, expected "):
        clean(value)


@every_cleaner
def test_a_hundred_thousand_hostile_characters_are_no_problem(clean: Callable[[object], object]) -> None:
    """Anything worse than linear takes 20 s and more of processor time."""
    for unit in HOSTILE_UNITS:
        begin = time.thread_time()
        try:
            clean(unit * (100_000 // len(unit)) + "x")
        except ValueError as error:
            assert len(str(error)) < 300  # noqa: PT017
        assert time.thread_time() - begin < 2, repr(unit)


@every_cleaner
@pytest.mark.parametrize(
    "unit", ["9", "9 ", "£5 ", "(", "in stock ", "over ", "no ", "a", "٢", "１", "★", "-", "/9", "5 Mio "]
)
def test_the_time_of_a_cleaner_grows_in_proportion_to_the_text(clean: Callable[[object], object], unit: str) -> None:
    """A million characters take at most some thirty times as long as a tenth of them, where squares take a hundred."""

    def seconds(characters: int) -> float:
        text = unit * (characters // len(unit))
        started = time.process_time()
        with contextlib.suppress(ValueError):
            clean(text)
        return time.process_time() - started

    assert seconds(1_000_000) < 30 * min(seconds(100_000) for _ in range(3)) + 0.1


def test_cleaners_name_their_page_url_as_the_pipeline_asks_for_it() -> None:
    assert list(inspect.signature(cleaners.canonical_url).parameters) == ["value", "page_url"]


@pytest.mark.parametrize(
    "value",
    [
        *(
            "x" * 1000,
            "\x00" * 100,
            "\ud800" * 100,
            "'" * 100,
            "é" * 60,
            b"x" * 1000,
            list(range(1000)),
            {"a": "b" * 100},
        ),
        *(
            10**100,
            Decimal("1" * 100),
            pytest.param(10**5000, id="5001 digits"),
            pytest.param([10**5000], id="list of it"),
        ),
    ],
)
def test_a_refused_value_is_shown_in_sixty_characters(value: object) -> None:
    assert len(shown(value)) <= SHOWN_CHARACTERS
    assert shown(value).isprintable()


def test_a_short_value_is_shown_whole() -> None:
    assert str(refusal("call us", "holds no amount, expected a price")) == "'call us' holds no amount, expected a price"
    assert shown("x" * 58) == repr("x" * 58)
    assert shown([1, "a"]) == "[1, 'a']"
