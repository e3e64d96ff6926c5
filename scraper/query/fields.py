r"""The fields of a document by the names that people type: `price`, `counts.pages`, `specs.vers\. 2`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import mongoengine as me

from models.questions import as_stored
from models.record import BOOKKEEPING
from scraper.errors import UsageError
from scraper.query.values import element

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mongoengine import Document
    from mongoengine.base import BaseField

_TOKEN = re.compile(r"\\.|[.,]|[^\\.,]+|\\", re.DOTALL)


@dataclass(frozen=True)
class FieldPath:
    """Where a field is in a document."""

    name: str
    """As it is typed."""
    parts: tuple[str, ...]
    """Its name in MongoDB, after those of the fields that it is in, the outermost first."""
    field: BaseField
    lists: tuple[str, ...] = ()
    """The columns on the way to it, and its own, that hold lists; the outermost first."""

    @property
    def shown(self) -> str:
        """The name in MongoDB's dotted form, up to a key that has a dot itself: what is to be fetched for it."""
        plain = next((place for place, part in enumerate(self.parts) if "." in part), len(self.parts))
        return ".".join(self.parts[:plain])

    @property
    def is_column(self) -> bool:
        """Whether MongoDB's dotted form can name it: no key on the way has a dot itself."""
        return not any("." in part for part in self.parts)

    @property
    def column(self) -> str:
        """The name in MongoDB's dotted form; raise UsageError where a key has a dot itself."""
        if not self.is_column:
            raise UsageError(
                f"'{self.name}' has a key with a dot: it can be asked for, shown and grouped by, not sorted by"
            )
        return ".".join(self.parts)

    @property
    def expression(self) -> Any:
        """The value as an expression of MongoDB's, also where keys have dots; a missing one is null."""
        shown = self.shown
        value: Any = f"${shown}"
        for part in self.parts[shown.count(".") + 1 :]:
            within = {"$cond": [{"$eq": [{"$type": "$$outer"}, "object"]}, "$$outer", None]}
            value = {"$let": {"vars": {"outer": value}, "in": {"$getField": {"field": part, "input": within}}}}
        return {"$ifNull": [value, None]}


def field_path(document: type[Document], name: str) -> FieldPath:
    r"""Return where the field of that name is, which may be inside others as in `counts.pages`; raise UsageError.

    A backslash takes the dot, or any other sign, of a key as it is: `specs.vers\. 2`.
    """
    owner: Any = document
    parts: list[str] = []
    lists: list[str] = []
    for part in _parts(as_stored(name)):
        if isinstance(owner, me.DictField | me.DynamicField) and part and not part.startswith("$"):
            parts.append(part)
            owner = me.DynamicField()
            owner.name = name
            continue
        known = inner_fields(owner)
        if part not in known:
            raise UsageError(f"'{name}' is not a field of {_what_is_known(document, part, parts, known)}")
        found = known[part]
        parts.append(found.db_field)
        if isinstance(found, me.ListField):
            lists.append(".".join(parts))
        owner = element(found)
    return FieldPath(name, tuple(parts), found if owner is element(found) else owner, tuple(lists))


def split_names(text: str) -> list[str]:
    r"""Return the names in a text with commas between, as they are typed; a comma behind a backslash is of a name.

    >>> split_names(r"price, specs.a\,b")
    ['price', 'specs.a\\,b']
    """
    return [name for typed in split_at(",", text) if (name := typed.strip())]


def split_at(sign: str, text: str) -> list[str]:
    """Return what stands between commas, or dots, that have no backslash before them; backslashes stay."""
    pieces = [""]
    for token in _TOKEN.findall(text):
        if token == sign:
            pieces.append("")
        else:
            pieces[-1] += token
    return pieces


def inner_fields(owner: Any) -> dict[str, BaseField]:
    """Return the fields of a document, its own first, or those inside one of its fields; none when it has none."""
    inner = owner if isinstance(owner, type) else getattr(element(owner), "document_type", None)
    fields: dict[str, BaseField] = getattr(inner, "_fields", {})
    return {name: fields[name] for name in sorted(fields, key=lambda name: name == "id" or name in BOOKKEEPING)}


def listed(document: type[Document]) -> str:
    """Return the fields of a document as the end of an error."""
    return f"the fields of {document._get_collection_name()} are {', '.join(inner_fields(document))}"


def _parts(name: str) -> Sequence[str]:
    return [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in split_at(".", name)]


def _what_is_known(document: type[Document], part: str, parts: list[str], known: Iterable[str]) -> str:
    """Phrase what was expected in place of an unknown field; the fields are always listed."""
    collection = document._get_collection_name()
    if not known:
        return f"{collection}: '{'.'.join(parts)}' has no fields of its own; {listed(document)}"
    near = get_close_matches(part, known, n=1)
    hint = f"did you mean {'.'.join([*parts, near[0]])!r}? " if near else ""
    inside = f"the fields of '{'.'.join(parts)}' are {', '.join(known)}" if parts else listed(document)
    return f"{collection}: {hint}{inside[0].upper() if hint else inside[0]}{inside[1:]}"
