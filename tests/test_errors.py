"""The tree of errors: what its page shows is what there is, and what was expected is said in a line."""

from __future__ import annotations

import re

import pytest

from scraper import errors
from scraper.errors import SwatheError, expected_one_of

ROW = re.compile(r"^([│ ├└─]*)(\w+Error) +(\d)  \S", re.MULTILINE)


def test_every_error_stands_in_the_tree_below_its_base_with_its_exit_code() -> None:
    above: list[str] = []
    shown = {}
    for indent, name, code in ROW.findall(errors.__doc__ or ""):
        above[len(indent) // 4 :] = [name]
        shown[name] = (above[-2] if len(above) > 1 else "Exception", int(code))
    there = {
        name: (kind.__base__.__name__, kind.exit_code)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, SwatheError)
    }
    assert shown == there


@pytest.mark.parametrize(
    ("value", "choices", "said"),
    [
        ("bokos", ["quotes", "books"], "did you mean 'books'? Expected one of: books, quotes"),
        ("x", ["quotes", "books"], "expected one of: books, quotes"),
        ("", ["b", "a"], "expected one of: a, b"),
        ("name07", [f"name{number:02}" for number in range(16)], "did you mean 'name07'?"),
        ("z", [], "expected one of: "),
    ],
)
def test_what_was_expected_is_named_with_the_nearest_choice(value: str, choices: list[str], said: str) -> None:
    assert expected_one_of(value, choices) == said


def test_every_choice_is_listed_where_none_is_near() -> None:
    many = [f"choice-{number}" for number in range(40)]
    assert expected_one_of("?", many).count("choice-") == 40
