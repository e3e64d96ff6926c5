"""Write values as JavaScript inside a page: as JSON, as an object literal by hand, and as Nuxt 2 writes its state."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_letters
from typing import Any, Final

IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
# What would end the script, begin a comment in it, or (in old browsers) end a line within a string.
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
RESERVED = {"do", "if", "in", "for", "let", "new", "try", "var"}


class Undefined:
    """What stands for `undefined`, which JSON does not have."""


UNDEFINED: Final = Undefined()


def _safe(text: str) -> str:
    for character, written in UNSAFE.items():
        text = text.replace(character, written)
    return text


def in_script(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    r"""Write JSON that may stand inside `<script>`.

    >>> print(in_script({"text": "</script>"}))
    {"text": "\u003c/script\u003e"}
    """
    return _safe(json.dumps(value, indent=indent, ensure_ascii=ascii_only))


def in_attribute(value: Any) -> str:
    """Write JSON that may stand between single quotes as the value of an attribute; its own double quotes stay.

    >>> print(in_attribute({"text": "it's <b>"}))
    {"text": "it&#39;s &lt;b>"}
    """
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")


def _key(name: str) -> str:
    return name if IDENTIFIER.fullmatch(name) else in_script(name)


def by_hand(value: Any) -> str:
    r"""Write an object literal that is no JSON: bare names, single quotes, commas at the end, `undefined`.

    >>> print(by_hand({"tags": ["sea"], "note": "it's", "first name": UNDEFINED, "none": []}))
    {tags: ['sea',], note: 'it\'s', "first name": undefined, none: [],}
    """
    if isinstance(value, str):
        inner = in_script(value)[1:-1].replace('\\"', '"').replace("'", "\\'")
        return f"'{inner}'"
    return _written(value, by_hand, "undefined", ": ", ", ", ",")


def _written(value: Any, part: Callable[[Any], str], undefined: str, colon: str, comma: str, last: str) -> str:
    """Write a list or dictionary with `part` for what is in it, or a value that is neither."""
    if isinstance(value, Undefined):
        return undefined
    if isinstance(value, Mapping):
        shown = [f"{_key(name)}{colon}{part(one)}" for name, one in value.items()]
        return "{" + comma.join(shown) + (last if shown else "") + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = [part(one) for one in value]
        return "[" + comma.join(shown) + (last if shown else "") + "]"
    return in_script(value)


def _leaf(value: Any) -> str | None:
    """Write a value that holds no others, as Nuxt does; None for one that does."""
    if isinstance(value, str):
        return in_script(value).replace("/", "\\u002F")
    if isinstance(value, Mapping | Sequence):
        return None
    return "void 0" if isinstance(value, Undefined) else in_script(value)


def _leaves(value: Any) -> Iterator[str]:
    leaf = _leaf(value)
    if leaf is not None:
        yield leaf
        return
    for one in value.values() if isinstance(value, Mapping) else value:
        yield from _leaves(one)


def _names() -> Iterator[str]:
    for length in itertools.count(1):
        for letters in itertools.product(ascii_letters, repeat=length):
            name = "".join(letters)
            if name not in RESERVED:
                yield name


def nuxt_state(value: Any) -> str:
    r"""Write a value as Nuxt 2 does: a function is called with every string, number or other value that is repeated.

    >>> print(nuxt_state({"quotes": [{"by": "A/B", "of": None}, {"by": "A/B", "of": 1}]}))
    (function(a){return {quotes:[{by:a,of:null},{by:a,of:1}]}}("A\u002FB"))
    """
    counts = Counter(_leaves(value))
    repeated = [leaf for leaf, count in counts.most_common() if count > 1]
    names = dict(zip(repeated, _names(), strict=False))

    def part(one: Any) -> str:
        leaf = _leaf(one)
        return _written(one, part, "void 0", ":", ",", "") if leaf is None else names.get(leaf, leaf)

    return f"(function({','.join(names.values())}){{return {part(value)}}}({','.join(names)}))"
