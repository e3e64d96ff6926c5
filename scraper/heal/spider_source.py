"""The source of a spider: where its selectors are written, and what it is with others."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Callable
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
from scraper.heal.field_places import DATA_METHOD, READERS, FieldPlace, field_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scraper.spider import SiteSpider

NO_NEWLINE = "\\ No newline at end of file"
"""What a patch says of a last line without an end."""


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
        return field_places(self._class)

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
