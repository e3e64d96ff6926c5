"""The keys of a request's meta are named in one module, and keep their names."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from product_source import product_files
from support import ROOT

from scraper.core import meta

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def keys_of_meta(file: Path) -> Iterator[str]:
    """Yield the texts that a module uses as keys of a request's meta."""
    for node in ast.walk(ast.parse(file.read_text())):
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(".meta"):
            keys = [node.slice]
        elif isinstance(node, ast.Call) and re.search(r"\.meta\.(get|pop|setdefault)$", ast.unparse(node.func)):
            keys = list(node.args[:1])
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]).endswith(".meta"):
            keys = [node.left]
        elif isinstance(node, ast.keyword) and node.arg == "meta" and isinstance(node.value, ast.Dict):
            keys = list(node.value.keys)
        yield from (key.value for key in keys if isinstance(key, ast.Constant))


def test_keys_of_a_requests_meta_are_named_in_one_module() -> None:
    elsewhere = {f"{file.relative_to(ROOT)}: {key}" for file in product_files() for key in keys_of_meta(file)}
    assert not elsewhere


def test_keys_of_meta_keep_the_names_that_stored_requests_have() -> None:
    """A crawl that an earlier version began goes on: see CHANGELOG before one of these is renamed."""
    stored = {"swathe_list", "may_fail", "no_browser", "render_cause", "throttled_times", "not_before", "dead_retries"}
    assert stored <= {value for value in vars(meta).values() if isinstance(value, str)}
