"""The source of a spider: where its selectors are written, and what it is with others."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from difflib import unified_diff
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from scraper import paging
from scraper.core.project import project
from scraper.core.text import quoted
from scraper.errors import UsageError
from scraper.probe.data_paths import is_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scraper.spider import SiteSpider

READERS = ("each", "first", "texts")
"""What reads a page, of what is imported from `scraper`."""

NO_NEWLINE = "\\ No newline at end of file"
"""What a patch says of a last line without an end."""

OF_TEXTS = frozenset(
    ("partition", "rpartition", "split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "removeprefix",
     "removesuffix", "replace", "lower", "upper", "title", "capitalize", "casefold", "join")
)  # fmt: skip
"""Methods by which a spider makes a field of a part of a text."""

PLAIN = (ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.BoolOp, ast.Or, ast.Load, ast.UnaryOp, ast.USub)
DATA_METHOD = "read_data"
"""The method that is given no HTML, but an entry of data."""


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


@dataclass(frozen=True)
class Edit:
    """A part of the source that becomes another."""

    node: ast.expr
    text: str
    uses: str = ""
    """The name that has to be imported from `scraper` for it."""


class SpiderSource:
    """The module in which a spider is written."""

    def __init__(self, kind: type[SiteSpider]) -> None:
        self.kind = kind
        try:
            self.file = Path(inspect.getsourcefile(kind) or "")
            self.text = self.file.read_bytes().decode()
            tree = ast.parse(self.text)
        except (OSError, TypeError, SyntaxError, UnicodeError) as error:
            raise UsageError(f"the source of spider '{kind.name}' cannot be read: {error}") from None
        found = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
        if len(found) != 1:
            raise UsageError(f"{self.shown_file} has {len(found)} classes {kind.__name__}, expected the spider's one")
        self._class = found[0]

    @property
    def shown_file(self) -> str:
        """Where the source is, from the project's folder."""
        folder = project().folder
        return str(self.file.relative_to(folder) if self.file.is_relative_to(folder) else self.file)

    @property
    def is_own(self) -> bool:
        """Whether the module is one of the project, and not installed with Swathe or another package."""
        return self.file.is_relative_to(project().folder) and "site-packages" not in self.file.parts

    def attribute(self, name: str) -> ast.expr | None:
        """Return what the class gives an attribute; None where it does not."""
        for node in self._class.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return cast("ast.Assign | ast.AnnAssign", node).value
        return None

    def parameter(self, call: ast.Call, name: str) -> ast.expr | None:
        """Return what a call of a pagination gives a parameter, by its name or as the first; None where it does not."""
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        first = next(iter(inspect.signature(getattr(paging, cast("ast.Name", call.func).id)).parameters))
        return given.get(name) or (call.args[0] if call.args and name == first else None)

    def calls_of(self, name: str) -> list[ast.Call]:
        """Return the calls of a pagination in the class's `pagination`."""
        inside = ast.walk(value) if (value := self.attribute("pagination")) is not None else ()
        calls = [node for node in inside if isinstance(node, ast.Call)]
        return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name]

    @cached_property
    def fields(self) -> list[FieldPlace]:
        """The fields of every `Document.found(page, field=…)`, in the order in which they are written."""
        methods = [node for node in self._class.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [place for method in methods for place in _fields_of(method)]

    @cached_property
    def made(self) -> tuple[Callable[[str], Any], ...]:
        """How texts are taken apart that hold several fields."""
        return tuple(place.made for place in self.fields if place.made is not None)

    def patched(self, edits: Sequence[Edit]) -> str:
        """Return the module's source with these edits, of one part the last; what nothing uses any more is left out."""
        lines = self.text.encode().splitlines(keepends=True)
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))
        body = self.text.encode()
        once = {edit.node: edit for edit in edits}.values()
        for edit in sorted(once, key=lambda one: (one.node.lineno, one.node.col_offset), reverse=True):
            node = edit.node
            begin = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
            body = body[:begin] + edit.text.encode() + body[end:]
        return _tidied(body.decode(), self.text, {edit.uses for edit in edits if edit.uses})

    def patch_to(self, text: str) -> str:
        """Return a unified diff from the module to another text of it, as `git apply` takes it."""
        name = self.shown_file
        lines = list(unified_diff(_lines(self.text), _lines(text), f"a/{name}", f"b/{name}"))
        return "".join(line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}\n" for line in lines)

    def loaded(self, text: str) -> type[SiteSpider]:
        """Return the spider that another text of the module defines."""
        module = ModuleType(self.kind.__module__)
        module.__file__ = str(self.file)
        exec(compile(text, str(self.file), "exec"), module.__dict__)  # noqa: S102 - the user's own module, edited
        return cast("type[SiteSpider]", getattr(module, self.kind.__name__))


def either(now: str, before: str) -> str:
    """Return a selector that finds what one of two finds; raise ValueError where one is CSS and the other XPath.

    >>> either("td a", "h3 a"), either("//td/a", "./a")
    ('td a, h3 a', '//td/a | ./a')
    """
    kinds = {selector.startswith(("/", "./", "(")) for selector in (now, before)}
    if len(kinds) > 1:
        raise ValueError(f"{now!r} and {before!r} are not both CSS, or both XPath")
    return f"{now} | {before}" if kinds.pop() else f"{now}, {before}"


def field_edit(place: FieldPlace, selector: str, *, many: bool, keep_old: bool = False, of_whole: bool = False) -> Edit:
    """Return the edit that lets a field be read by a selector; with `keep_old` as before where that finds nothing.

    With `of_whole` the selector gives the text of which the field is a part.
    """
    call = "texts" if many else "first"
    node = place.node
    if place.method == DATA_METHOD:
        return Edit(node, selector)
    if place.whole is not None and of_whole:
        given = f"first({place.context}, {quoted(selector)})"
        return Edit(place.whole, f"({given} or {ast.unparse(place.whole)})" if keep_old else given, "first")
    if keep_old:
        before = place.source if isinstance(node, ast.Call | ast.Name) else f"({place.source})"
        return Edit(node, f"{call}({place.context}, {quoted(selector)}) or {before}", call)
    if place.selector and isinstance(node, ast.Call) and cast("ast.Name", node.func).id == call:
        return Edit(node.args[1], quoted(selector))
    return Edit(node, f"{call}({place.context}, {quoted(selector)})", call)


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
                node, where = keyword.value, (call.func.value.id, keyword.arg, method.name, context)
                plain = given.get(node.id, node) if isinstance(node, ast.Name) else node
                if not _selector_of(plain, context) and (parts := _composed(node, given, context)):
                    yield FieldPlace(*where, node, *parts)
                else:
                    yield FieldPlace(*where, plain)


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


def _tidied(text: str, before: str, uses: set[str]) -> str:
    """Leave out the variables that edits left unused, and import from `scraper` what is used now."""
    were_unused = {name for name, _ in _unused_assignments(ast.parse(before))}
    lines = _lines(text)
    # Without one assignment, another that was there for it alone may be unused as well.
    while unused := [node for name, node in _unused_assignments(ast.parse("".join(lines))) if name not in were_unused]:
        for node in sorted(unused, key=lambda one: one.lineno, reverse=True):
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(_with_imports(lines, uses))


def _lines(text: str) -> list[str]:
    """Return lines with their ends, as Python counts them: a form feed ends none."""
    return [line.decode() for line in text.encode().splitlines(keepends=True)]


def _unused_assignments(tree: ast.Module) -> Iterator[tuple[str, ast.Assign]]:
    """Yield the plain assignments in methods whose variables are used nowhere else in them, and what these are called.

    Left out are those that share a line with other statements.
    """
    for method in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        used = _used_names(method)
        ends = Counter(line for node in method.body for line in {node.lineno, node.end_lineno})
        for node in method.body:
            if not isinstance(node, ast.Assign) or not ends[node.lineno] == ends[node.end_lineno] == 1:
                continue
            if len(node.targets) > 1:
                continue
            target = node.targets[0]
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            names = [part.id for part in parts if isinstance(part, ast.Name)]
            if len(names) == len(parts) and used.isdisjoint(names):
                yield f"{method.name}.{', '.join(names)}", node


def _used_names(method: ast.AST) -> set[str]:
    """Return the names that a method does more with than to give them something: reads, changes, deletes or shares."""
    used: set[str] = set()
    for node in ast.walk(method):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            used.add(node.id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            used.add(node.target.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            used.update(node.names)
    return used


def _with_imports(lines: list[str], uses: set[str]) -> list[str]:
    """Return lines whose import from `scraper` has what is used, and no reader or pagination that is not."""
    tree = ast.parse("".join(lines))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    ours = next((node for node in imports if isinstance(node, ast.ImportFrom) and node.module == "scraper"), None)
    had = {(name.name, name.asname) for name in ours.names} if ours else set()
    wanted = {pair for pair in had if pair[0] not in (*READERS, *paging.__all__) or (pair[1] or pair[0]) in used}
    wanted |= {(name, None) for name in uses}
    if wanted == had:
        return lines
    names = ", ".join(
        f"{name} as {known}" if known else name for name, known in sorted(wanted, key=lambda pair: pair[0])
    )
    begin, end = (ours.lineno - 1, ours.end_lineno) if ours else (imports[-1].end_lineno or 0,) * 2
    ending = "\r\n" if lines[0].endswith("\r\n") else "\n"
    return [*lines[:begin], f"from scraper import {names}{ending}", *lines[end:]]
