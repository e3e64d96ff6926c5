"""The source of a spider: where its selectors are written, and what it is with others."""

from __future__ import annotations

import ast
import inspect
import json
from collections import Counter
from dataclasses import dataclass
from difflib import unified_diff
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from scraper.core.project import project
from scraper.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scraper.spider import SiteSpider

READERS = ("each", "first", "texts")
"""What reads a page, of what is imported from `scraper`."""

NO_NEWLINE = "\\ No newline at end of file"
"""What a patch says of a last line without an end."""

DATA_METHODS = ("read_data",)
"""Methods that are given no HTML."""


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

    @property
    def source(self) -> str:
        """The expression, as Python writes it."""
        return ast.unparse(self.node)

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in it: selectors, and names such as those of a table's rows."""
        found = [node.value for node in ast.walk(self.node) if isinstance(node, ast.Constant)]
        return tuple(text for text in found if isinstance(text, str))

    @property
    def selector(self) -> str:
        """The selector, where the expression is a plain `first(item, "…")` or `texts(item, "…")`; else empty."""
        call = self.node
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in READERS[1:]):
            return ""
        given = [getattr(part, "id", getattr(part, "value", None)) for part in call.args]
        return given[1] if len(given) == 2 and given[0] == self.context and isinstance(given[1], str) else ""


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

    def calls_of(self, name: str) -> list[ast.Call]:
        """Return the calls of a pagination in the class's `pagination`."""
        inside = ast.walk(value) if (value := self.attribute("pagination")) is not None else ()
        calls = [node for node in inside if isinstance(node, ast.Call)]
        return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name]

    @cached_property
    def fields(self) -> list[FieldPlace]:
        """The fields of every `Document.found(page, field=…)`, in the order in which they are written."""
        methods = [node for node in self._class.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [place for method in methods if method.name not in DATA_METHODS for place in _fields_of(method)]

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


def quoted(text: str) -> str:
    """Write a text as Python source, whatever a page put into it."""
    return json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False)


def field_edit(place: FieldPlace, selector: str, *, many: bool, keep_old: bool = False) -> Edit:
    """Return the edit that lets a field be read by a selector; with `keep_old` as before where that finds nothing."""
    call = "texts" if many else "first"
    node = place.node
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
    context = arguments[1] if method.name == "read_item" and len(arguments) > 1 else arguments[0]
    given = _assigned(method)
    for call in (node for node in ast.walk(method) if isinstance(node, ast.Call)):
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "found"):
            continue
        if not isinstance(call.func.value, ast.Name):
            continue
        for keyword in call.keywords:
            if keyword.arg:
                node = keyword.value
                node = given.get(node.id, node) if isinstance(node, ast.Name) else node
                yield FieldPlace(call.func.value.id, keyword.arg, method.name, context, node)


def _assigned(method: ast.AST) -> dict[str, ast.expr]:
    """Return what variables are given that are given something once, in a statement of their own."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.setdefault(node.id, []).append(None)
    # A plain assignment is met twice: as a statement, and as the name in it.
    return {name: nodes[0] for name, nodes in found.items() if len(nodes) == 2 and nodes[0] is not None}


def _tidied(text: str, before: str, uses: set[str]) -> str:
    """Leave out the variables that edits left unused, and import from `scraper` what is used now."""
    were_unused = {name for name, _ in _unused_assignments(ast.parse(before))}
    lines = _lines(text)
    for name, node in reversed(list(_unused_assignments(ast.parse(text)))):
        if name not in were_unused:
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(_with_imports(lines, uses))


def _lines(text: str) -> list[str]:
    """Return lines with their ends, as Python counts them: a form feed ends none."""
    return [line.decode() for line in text.encode().splitlines(keepends=True)]


def _unused_assignments(tree: ast.Module) -> Iterator[tuple[str, ast.Assign]]:
    """Yield the plain assignments in methods whose variable is read nowhere in them, and what it is called.

    Left out are those that share a line with other statements.
    """
    for method in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        read = {node.id for node in ast.walk(method) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        ends = Counter(line for node in method.body for line in {node.lineno, node.end_lineno})
        for node in method.body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id not in read
                and ends[node.lineno] == ends[node.end_lineno] == 1
            ):
                yield f"{method.name}.{node.targets[0].id}", node


def _with_imports(lines: list[str], uses: set[str]) -> list[str]:
    """Return lines whose import from `scraper` has what is used, and no reader that is not."""
    tree = ast.parse("".join(lines))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    ours = next((node for node in imports if isinstance(node, ast.ImportFrom) and node.module == "scraper"), None)
    had = {(name.name, name.asname) for name in ours.names} if ours else set()
    wanted = {pair for pair in had if pair[0] not in READERS or (pair[1] or pair[0]) in used}
    wanted |= {(name, None) for name in uses}
    if wanted == had:
        return lines
    names = ", ".join(
        f"{name} as {known}" if known else name for name, known in sorted(wanted, key=lambda pair: pair[0])
    )
    begin, end = (ours.lineno - 1, ours.end_lineno) if ours else (imports[-1].end_lineno or 0,) * 2
    ending = "\r\n" if lines[0].endswith("\r\n") else "\n"
    return [*lines[:begin], f"from scraper import {names}{ending}", *lines[end:]]
