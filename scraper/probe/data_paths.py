"""Where values stand in an entry that is data, and how Python reads them there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from scraper.core.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EACH = None
Path = tuple[str | None, ...]
"""Keys from an entry to a value; EACH stands for every entry of a list, whose values are a list then."""


def paths_in(entry: dict[str, Any], deepest: int, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths to what is no dict, at most `deepest` keys long; JSON-LD's `@type` and the like left out."""
    for key, value in entry.items():
        path = (*above, str(key))
        if isinstance(value, dict) and len(path) < deepest:
            yield from paths_in(value, deepest, path)
        elif not isinstance(value, dict) and not str(key).startswith("@"):
            yield path


def value_at(entry: Any, path: Path) -> Any:
    """Return what stands at a path, or None.

    >>> value_at({"by": {"name": "Ada"}, "tags": [{"name": "oak"}]}, ("tags", EACH, "name"))
    ['oak']
    """
    for place, key in enumerate(path):
        if key is EACH:
            return [value_at(one, path[place + 1 :]) for one in entry] if isinstance(entry, list) else None
        entry = entry.get(key) if isinstance(entry, dict) else None
    return entry


def expression(path: Path, entries: Sequence[Any], entry: str = "data") -> str:
    """Write how the value at a path is read from a variable, so that no entry that lacks it raises an error.

    >>> expression(("by", "name"), [{"by": {"name": "Ada"}}]), expression(("by", "name"), [{"by": None}])
    ('data["by"].get("name")', '(data.get("by") or {}).get("name")')
    >>> expression(("tags", EACH, "name"), [])
    'data.get("tags") and [one.get("name") for one in data.get("tags")]'
    """
    if EACH in path:
        place = path.index(EACH)
        inner, listed = expression(path[place + 1 :], (), "one"), expression(path[:place], entries, entry)
        # What is no list stays what it is: nothing and an empty list are two values.
        return f"{listed} and [{inner} for one in {listed}]"
    *above, last = (quoted(str(key)) for key in path)
    written = entry
    for length, key in enumerate(above, 1):
        always = bool(entries) and all(isinstance(value_at(one, path[:length]), dict) for one in entries)
        written = f"{written}[{key}]" if always else f"({written}.get({key}) or {{}})"
    return f"{written}.get({last})"


def is_path(node: ast.expr, entry: str) -> bool:
    """Say whether an expression does no more than look under keys of a variable, with plain defaults.

    >>> [is_path(ast.parse(text, mode="eval").body, "data") for text in ('data["a"]', '(data.get("a") or {}).get("b")')]
    [True, True]
    >>> is_path(ast.parse('data["a"].strip()', mode="eval").body, "data")
    False
    """
    match node:
        case ast.Name():
            return node.id == entry
        case ast.Subscript(value=inner, slice=ast.Constant()):
            return is_path(inner, entry)
        case ast.Call(func=ast.Attribute(value=inner, attr="get"), args=[ast.Constant(), *default], keywords=[]):
            return is_path(inner, entry) and all(map(_is_plain, default))
        case ast.BoolOp(op=ast.Or(), values=[inner, *defaults]):
            return is_path(inner, entry) and all(map(_is_plain, defaults))
    return False


def _is_plain(node: ast.expr) -> bool:
    """Say whether an expression is a constant, or an empty dict, list or tuple."""
    return isinstance(node, ast.Constant) or ast.unparse(node) in ("{}", "[]", "()")
