"""The table of `docs/reference/cleaners.md` is what the cleaners do."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from support import ROOT

from models import cleaners

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = "https://ex.com/a/b"
ROW = re.compile(r"\| `(\w+)(?:\((.*?)\))?` \| (.+?) \|(.*?)\|")
TABLE = (ROOT / "docs/reference/cleaners.md").read_text().partition("## Texts")[0]
ROWS = [found.groups() for line in TABLE.splitlines() if (found := ROW.fullmatch(line))]


def cleaner_of(name: str, arguments: str | None) -> Callable[[str], object]:
    """Return the cleaner that a row names, made with its arguments, on one page."""
    function = getattr(cleaners, name)
    if arguments:
        call = ast.parse(f"f({arguments})", mode="eval").body
        assert isinstance(call, ast.Call)
        options = {str(given.arg): ast.literal_eval(given.value) for given in call.keywords}
        made: Callable[[str], object] = function(*map(ast.literal_eval, call.args), **options)
        return made
    if name in ("canonical_url", "srcset"):
        return lambda text: function(text, PAGE)
    return lambda text: function(text)


def test_the_table_has_every_cleaner() -> None:
    assert {name for name, *_ in ROWS} == set(cleaners.__all__)


@pytest.mark.parametrize(
    ("name", "arguments", "takes", "refuses"), ROWS, ids=[f"{name}-{more}" for name, more, *_ in ROWS]
)
def test_a_row_of_the_table_is_what_the_cleaner_does(name: str, arguments: str, takes: str, refuses: str) -> None:
    clean = cleaner_of(name, arguments)
    examples = re.findall(r"`([^`]+)` → `([^`]+)`", takes)
    assert examples, f"{name} has no example"
    for text, value in examples:
        assert str(clean(text)).removesuffix(" 00:00:00+00:00") == value, text
    for text in re.findall(r"`([^`]+)`", refuses):
        with pytest.raises(ValueError, match=", expected "):
            clean(text)
