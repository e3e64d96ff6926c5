"""Read `(function(a,b){return {…}}(1,"x"))`, the way Nuxt 2 writes its data, without running it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from scraper.page_data.data import MOST_DEPTH
from scraper.page_data.literals import read_literal
from scraper.page_data.tokens import closing

if TYPE_CHECKING:
    from scraper.page_data.data import Effort

FUNCTION = re.compile(r"!?\(?\s{0,9}(?:function\s{0,9}\(|\()([\w$,\s]{0,500000})\)\s{0,9}(?:=>\s{0,9})?(?=\{)")
ARGUMENTS = re.compile(r"\s{0,9}\)?\s{0,9}(?=\()")
RETURN = re.compile(r"(?:^|[;{}\s])return\s{0,9}(?=[\[{])")
STATEMENT = re.compile(r"""([\w$]{1,20})(?:\.([\w$]{1,60})|\[(?:["']([^"'\\]{1,60})["']|(\d{1,6}))\])\s{0,9}=(?!=)""")
MARK = "\ue000"
STATEMENT_EFFORT = PART_EFFORT = 100
"""What carrying out a statement and copying a part of a value cost; see `Effort`."""


def called_function(script: str, at: int, effort: Effort) -> tuple[Any, int] | None:
    """Return what a function that is called where it stands returns, and where the call ends; None when unclear."""
    head = FUNCTION.match(script, at)
    if head is None:
        return None
    body_end = closing(script, head.end(), effort)
    call = ARGUMENTS.match(script, body_end) if body_end else None
    end = closing(script, call.end(), effort) if call else None
    if body_end is None or call is None or end is None:
        return None
    parameters = [name.strip() for name in head[1].split(",") if name.strip()]
    arguments = read_literal(f"[{script[call.end() + 1 : end - 1]}]", 0, effort)
    if arguments is None:
        return None
    values = dict(zip(parameters, arguments[0], strict=False))
    names = {name: f'"{MARK}{name}"' for name in parameters}
    body = script[head.end() + 1 : body_end - 1]
    returned = _returned(body, names, values, effort)
    return (returned, end) if returned is not None else None


def _returned(body: str, names: dict[str, str], values: dict[str, Any], effort: Effort) -> Any:
    """Carry out the assignments before `return`, and return its literal with the parameters' values."""
    at = 0
    while True:
        found = RETURN.search(body, at)
        if found is None:
            return None
        statement = STATEMENT.search(body, at, found.start())
        if statement is None:
            read = read_literal(body, found.end(), effort, names)
            return _Resolver(values, effort).resolve(read[0]) if read else None
        effort.spend(statement.end() - at + STATEMENT_EFFORT)
        at = _assign(body, statement, names, values, effort)


def _assign(body: str, statement: re.Match[str], names: dict[str, str], values: dict[str, Any], effort: Effort) -> int:
    """Carry out `a.key=…;` and return where the statement ends."""
    semicolon = body.find(";", statement.end())
    semicolon = len(body) if semicolon < 0 else semicolon
    start = statement.end()
    if body[start : start + 1] in ("{", "["):
        read = read_literal(body, start, effort, names)
        value, end = read if read else (None, semicolon)
    else:
        read = read_literal(f"[{body[start:semicolon]}]", 0, effort, names)
        value, end = (read[0][0] if read and read[0] else None), semicolon
    target = values.get(statement[1])
    if isinstance(target, dict):
        target[statement[2] or statement[3] or statement[4]] = value
    elif isinstance(target, list) and statement[4] and int(statement[4]) <= len(target):
        target[int(statement[4]) : int(statement[4]) + 1] = [value]
    return end


class _Resolver:
    """Put the values of parameters where their marks stand; values that contain themselves end in None."""

    def __init__(self, values: dict[str, Any], effort: Effort) -> None:
        self.values, self.effort = values, effort

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """Return a copy with every mark replaced."""
        self.effort.spend(PART_EFFORT)
        if depth > MOST_DEPTH:
            return None
        if isinstance(value, dict):
            return {key: self.resolve(part, depth + 1) for key, part in value.items()}
        if isinstance(value, list):
            return [self.resolve(part, depth + 1) for part in value]
        if isinstance(value, str) and value.startswith(MARK):
            return self.resolve(self.values.get(value[1:]), depth + 1)
        return value
