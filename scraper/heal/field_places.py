"""Where a spider says how the fields of its records are read: the expressions of its methods."""

from __future__ import annotations

import ast
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scraper.probe.data_paths import is_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

READERS = ("each", "first", "texts")
"""What reads a page, of what is imported from `scraper`."""

OF_TEXTS = frozenset(
    ("partition", "rpartition", "split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "removeprefix",
     "removesuffix", "replace", "lower", "upper", "title", "capitalize", "casefold", "join")
)  # fmt: skip
"""Methods by which a spider makes a field of a part of a text."""

PLAIN = (ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.BoolOp, ast.Or, ast.Load, ast.UnaryOp, ast.USub)
DATA_METHOD = "read_data"
"""The method that is given no HTML, but an entry of data."""
LISTED_METHOD = "read_listed"
"""The method that reads what an entry shows of a record whose own page is read."""


@dataclass(frozen=True)
class FieldPlace:
    """Where a spider says how a field of a record is read."""

    document: str
    """Name of the document's class."""
    name: str
    method: str
    context: str
    """The variable that a selector of the method is applied to: the entry, or the page."""
    node: ast.expr
    whole: ast.Call | None = None
    """The `first(item, "…")` of whose text the field is a part; None where it is all of it, or something else."""
    made: Callable[[str], Any] | None = None
    """Makes what the spider gives the field of that text."""
    argument: str = ""
    """What the value is called on its way from the list to the record's own page; empty for one that is read there."""

    @property
    def origin(self) -> ast.expr:
        """The part of the source in which the selector is; fields may share it."""
        return self.whole or self.node

    @property
    def source(self) -> str:
        """The expression, as Python writes it."""
        return ast.unparse(self.node)

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in it: selectors, and names such as those of a table's rows."""
        inside = [*ast.walk(self.node), *(ast.walk(self.whole) if self.whole else ())]
        found = [node.value for node in inside if isinstance(node, ast.Constant)]
        return tuple(text for text in found if isinstance(text, str))

    @property
    def selector(self) -> str:
        """The selector, where the expression is a plain `first(item, "…")` or `texts(item, "…")`; else empty.

        Of an entry of data the expression itself, where it is no more than keys and `get`.
        """
        if self.method == DATA_METHOD:
            return self.source if is_path(self.node, self.context) else ""
        return _selector_of(self.node, self.context)


def field_places(spider: ast.ClassDef) -> list[FieldPlace]:
    """Return the places of a spider's fields, in the order of its `Document.found(page, field=…)`."""
    methods = [node for node in spider.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    places = [place for method in methods for place in _fields_of(method)]
    listed = {place.name: place for method in methods for place in _listed_by(method)}
    return [_from_list(place, listed) for place in places]


def _fields_of(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[FieldPlace]:
    arguments = [argument.arg for argument in method.args.args if argument.arg != "self"]
    if not arguments:
        return
    of_entry = method.name in ("read_item", DATA_METHOD) and len(arguments) > 1
    context = arguments[1] if of_entry else arguments[0]
    given = _assigned(method)
    for call in (node for node in ast.walk(method) if isinstance(node, ast.Call)):
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "found"):
            continue
        if not isinstance(call.func.value, ast.Name):
            continue
        for keyword in call.keywords:
            if keyword.arg:
                yield _place((call.func.value.id, keyword.arg, method.name, context), keyword.value, given)


def _place(where: tuple[str, str, str, str], node: ast.expr, given: dict[str, ast.expr]) -> FieldPlace:
    """Return where a field is read, by its expression and what variables are given."""
    plain = given.get(node.id, node) if isinstance(node, ast.Name) else node
    if not _selector_of(plain, where[3]) and (parts := _composed(node, given, where[3])):
        return FieldPlace(*where, node, *parts)
    return FieldPlace(*where, plain)


def _listed_by(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[FieldPlace]:
    """Yield what `read_listed` returns, each value by the argument that it becomes; its field is not known yet."""
    arguments = [argument.arg for argument in method.args.args]
    if method.name != LISTED_METHOD or len(arguments) < 3:
        return
    given = _assigned(method)
    for node in ast.walk(method):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    where = ("", key.value, method.name, arguments[2])
                    yield _place(where, value, given)


def _from_list(place: FieldPlace, listed: Mapping[str, FieldPlace]) -> FieldPlace:
    """Return where a field is read in the list, for one that a record's own page is given as an argument."""
    name = place.node.id if isinstance(place.node, ast.Name) else ""
    if place.method != "read_page" or name not in listed:
        return place
    return replace(listed[name], document=place.document, name=place.name, argument=name)


def _selector_of(call: ast.expr, context: str) -> str:
    """Return the selector of a plain `first(item, "…")` or `texts(item, "…")`; empty for anything else."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in READERS[1:]):
        return ""
    given = [getattr(part, "id", getattr(part, "value", None)) for part in call.args]
    return given[1] if len(given) == 2 and given[0] == context and isinstance(given[1], str) else ""


def _composed(node: ast.expr, given: dict[str, ast.expr], context: str) -> tuple[ast.Call, Callable[[str], Any]] | None:
    """Return the `first(item, "…")` of whose text an expression makes a part, and how; None where it does other things.

    Methods of texts, places in what they return, and constants may stand around it, and variables for parts of it.
    """
    calls: list[ast.Call] = []
    inside: list[str] = []

    class Inliner(ast.NodeTransformer):
        """Puts in what variables stand for, and one name for the text."""

        def visit_Name(self, name: ast.Name) -> ast.expr:
            if name.id not in given or name.id in inside:
                return name
            inside.append(name.id)
            tree: ast.expr = self.visit(deepcopy(given[name.id]))
            inside.pop()
            return tree

        def visit_Call(self, call: ast.Call) -> ast.expr:
            if _selector_of(call, context):
                calls.append(call)
                return ast.Name("text", ast.Load())
            self.generic_visit(call)
            return call

    tree = ast.fix_missing_locations(ast.Expression(Inliner().visit(deepcopy(node))))
    if not calls or {ast.unparse(call) for call in calls} != {ast.unparse(calls[0])} or not _is_about_text(tree.body):
        return None
    sources = [node, *given.values()]
    wholes = [one for source in sources for one in ast.walk(source)
              if isinstance(one, ast.Call) and _selector_of(one, context) and _is_at(one, calls[0])]  # fmt: skip
    code = compile(tree, "<field>", "eval")

    def made(text: str) -> Any:
        try:
            return eval(code, {"__builtins__": {}}, {"text": text})  # noqa: S307 - the user's own spider
        except (ValueError, IndexError, AttributeError, TypeError):
            return None

    return wholes[0], made


def _is_at(one: ast.expr, other: ast.expr) -> bool:
    return (one.lineno, one.col_offset) == (other.lineno, other.col_offset)


def _is_about_text(tree: ast.expr) -> bool:
    """Say whether an expression does no more than take a text apart."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Attribute) and node.func.attr in OF_TEXTS):
                return False
        elif isinstance(node, ast.Name):
            if node.id != "text":
                return False
        elif not isinstance(node, PLAIN):
            return False
    return True


def _assigned(method: ast.AST) -> dict[str, ast.expr]:
    """Return what variables are given that are given something once, in a statement of their own, or a part of that."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Tuple):
            for place, part in enumerate(node.targets[0].elts):
                if isinstance(part, ast.Name):
                    taken = ast.Subscript(node.value, ast.Constant(place), ast.Load())
                    found.setdefault(part.id, []).append(ast.copy_location(taken, node.value))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.setdefault(node.id, []).append(None)
    # A plain assignment is met twice: as a statement, and as the name in it.
    return {name: nodes[0] for name, nodes in found.items() if len(nodes) == 2 and nodes[0] is not None}
