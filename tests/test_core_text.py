"""Values as text, whatever a page has put into them: nothing steers a terminal, a spreadsheet or a file system."""

from __future__ import annotations

import ast
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128
from hypothesis import example, given
from hypothesis import strategies as st

from scraper.core.text import (
    INVISIBLE,
    LONGEST_PART,
    ListStyle,
    cell_text,
    decimal_text,
    defused,
    file_part,
    json_text,
    one_visible_line,
    printable,
    quoted,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Halves of surrogate pairs among it, which no page may be trusted not to have."""

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+1",
        "-1",
        "@SUM(A1)",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff@a",
        "\x00-1",
        "\uff1d1",
        "\ufe62 1",
        "\ttext",
    ],
)
def test_what_a_spreadsheet_would_run_has_an_apostrophe_before_it(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "1-1", "a=1", "£-5", "(=1)", "'=1", "é+"])
def test_what_it_would_not_run_stays_as_it_is(text: str) -> None:
    assert defused(text) == text


@given(ANY_TEXT)
def test_a_visible_line_is_one_line_that_hides_nothing(text: str) -> None:
    line = one_visible_line(text)
    assert not INVISIBLE.search(line)
    assert line.splitlines() in ([], [line])
    assert one_visible_line(line) == line


@given(ANY_TEXT)
def test_a_printable_text_can_be_written_and_has_as_many_characters(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not re.search(r"[\x00-\x08\x0e-\x1f]", shown.encode().decode())


@given(ANY_TEXT | st.text(st.sampled_from("./\\a-"), max_size=120))
@example("a." + "b" * (LONGEST_PART - 1))
def test_a_part_of_a_file_s_name_leads_nowhere_and_is_not_hidden(name: str) -> None:
    part = file_part(name)
    assert len(part) <= LONGEST_PART
    assert ".." not in part
    assert not part.startswith(".")
    assert re.fullmatch(r"[\w.-]*", part)


@given(st.text())
def test_a_quoted_text_is_read_back_by_python(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text


def test_a_quoted_text_can_be_written_although_half_a_pair_cannot() -> None:
    assert ast.literal_eval(quoted("a\ud83d").encode().decode()) == "a?"


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_json_is_read_back_as_it_was(value: Any) -> None:
    assert json.loads(json_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal128("0.10"), "0.10"),
        (Decimal128("NaN"), '"NaN"'),
        (Decimal128("-Infinity"), '"-Infinity"'),
        (float("-inf"), '"-inf"'),
        (True, "true"),
        ({"a": (1, None)}, '{"a": [1, null]}'),
        (datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=2))), '"2026-11-20T23:00:00+00:00"'),
        (b"raw", "\"b'raw'\""),
    ],
)
def test_json_of_what_json_has_no_word_for(value: Any, text: str) -> None:
    assert json_text(value) == text
    json.loads(json_text(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (False, "false"),
        (0, "0"),
        (Decimal128("1.50"), "1.50"),
        (datetime(2026, 11, 21, tzinfo=UTC), "2026-11-21T00:00:00+00:00"),
        ([], ""),
        (["a;b", "c\\"], "a\\;b; c\\\\"),
        ([None, True, 1.5], "; true; 1.5"),
        ([["a"], "b"], '[["a"], "b"]'),
        ([{"a": 1}], '[{"a": 1}]'),
        ({"a": ["x"]}, '{"a": ["x"]}'),
    ],
)
def test_a_cell_holds_a_value_as_text(value: Any, text: str) -> None:
    assert cell_text(value, ListStyle.JOIN) == text


def test_a_list_is_json_in_a_cell_where_that_is_wanted() -> None:
    assert cell_text(["a;b"], ListStyle.JSON) == '["a;b"]'


@given(st.lists(st.text(), min_size=1))
def test_the_parts_of_a_joined_list_can_be_told_apart_again(parts: list[str]) -> None:
    joined = cell_text(parts, ListStyle.JOIN)
    found = re.findall(r"((?:[^\\;]|\\.)*)(?:; |$)", joined, re.DOTALL)[: len(parts)]
    assert [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in found] == parts


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20))
def test_a_decimal_keeps_every_digit(number: Decimal) -> None:
    assert Decimal(decimal_text(Decimal128(number))).as_tuple() == number.as_tuple()


@pytest.mark.parametrize(
    ("written", "text"),
    [("1E+39", f"1{'0' * 39}"), ("1E+40", "1E+40"), ("1E-7", "0.0000001"), ("1E-6000", "1E-6000"), ("-2E+1", "-20")],
)
def test_a_decimal_has_an_exponent_only_where_it_would_fill_the_line(written: str, text: str) -> None:
    assert decimal_text(Decimal128(written)) == text
