"""Read JSON lines that somebody else wrote: one object a line, each fault with its line's number."""

from __future__ import annotations

import gzip
import json
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import mongoengine as me
from bson import Decimal128, ObjectId

from models.exact import exact_reader
from models.record import BOOKKEEPING, Found, Record, schema_of
from scraper.core import zst
from scraper.errors import FileError, UsageError, expected_one_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
MAX_LINE = 64 * 2**20
"""Bytes of one line: four times what MongoDB holds in one document, as text may be longer than what it stands for."""

KEPT = tuple(sorted(BOOKKEEPING - {"url"}))
"""The bookkeeping that a move keeps."""


@dataclass(frozen=True)
class ImportLine:
    """A record that a line holds, and what Swathe itself knew about it."""

    number: int
    found: Found
    kept: dict[str, Any]
    """Bookkeeping by its name in MongoDB; empty for a seed."""


@dataclass(frozen=True)
class BadLine:
    """A line that holds no record of the kind."""

    number: int
    problem: str


def read_lines(path: Path, document: type[Record]) -> Iterator[ImportLine | BadLine]:
    """Yield what each line holds, blank ones left out; raise UsageError or FileError for the file itself."""
    with ExitStack() as stack:
        file = _opened(path, stack)
        number = 0
        while text := _next_line(path, file):
            number += 1
            if len(text) > MAX_LINE:
                yield BadLine(number, f"it has more than {MAX_LINE} bytes; what follows was not read")
                return
            if text.strip():
                yield _read(number, text, document)


def _opened(path: Path, stack: ExitStack) -> BinaryIO:
    if not path.name.endswith(SUFFIXES):
        raise UsageError(f"cannot read {path}: the suffix must be one of {' '.join(SUFFIXES)}, not '{path.suffix}'")
    try:
        file: BinaryIO = stack.enter_context(path.open("rb"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; expected a file with one JSON object a line") from None
    if path.suffix == ".gz":
        return cast("BinaryIO", stack.enter_context(gzip.open(file)))
    if path.suffix == ".zst":
        return stack.enter_context(zst.reader(file))
    return file


def _next_line(path: Path, file: BinaryIO) -> bytes:
    try:
        return file.readline(MAX_LINE + 1)
    except (OSError, EOFError, zst.ZstdError) as error:
        raise FileError(f"{path} is damaged ({error}): what was read before is stored; get the file anew") from error


def _read(number: int, text: bytes, document: type[Record]) -> ImportLine | BadLine:
    schema = schema_of(document)
    try:
        row = json.loads(text, parse_float=Decimal, parse_int=_whole, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return BadLine(number, f"it is no JSON in UTF-8 ({str(error)[:100]})")
    if not isinstance(row, dict):
        return BadLine(number, f"it holds a {type(row).__name__}, expected an object such as {{'{schema.key[0]}': …}}")
    unknown = row.keys() - schema.fields.keys() - {"id", "_id"}
    if unknown:
        name = min(unknown)
        return BadLine(
            number, f"'{name[:60]}' is not a field of {schema.collection}: {expected_one_of(name, schema.fields)}"
        )
    typed = {name: _typed(row[name], schema.fields[name]) for name in row if name in schema.fields}
    url = typed.get("url")
    raw = {name: typed[name] for name in schema.content if name in typed}
    found = Found(document, url if isinstance(url, str) else "", raw)
    kept = {schema.columns[name]: typed[name] for name in KEPT if name in typed}
    wrong = [name for name in kept if not isinstance(kept[name], datetime | ObjectId | None)]
    if wrong:
        return BadLine(
            number, f"'{wrong[0]}' is {row[wrong[0]]!r:.60}, expected what `swathe export` writes, or nothing"
        )
    first = typed.get("first_seen")
    return ImportLine(
        number, found, {"last_seen": first, "changed_at": first, "gone_at": None, **kept} if first else {}
    )


def _typed(value: Any, field: Any) -> Any:
    """Return a value in the type of its field where JSON has none; what does not fit is left to the pipelines."""
    if isinstance(field, me.ListField) and field.field is not None:
        return [_typed(part, field.field) for part in value] if isinstance(value, list) else value
    if isinstance(field, me.DictField) and field.field is not None:
        return {name: _typed(part, field.field) for name, part in value.items()} if isinstance(value, dict) else value
    if isinstance(field, me.EmbeddedDocumentField):
        return _embedded(value, field.document_type)
    if isinstance(field, me.DynamicField | me.DictField | me.ListField):
        return _of_any_type(value)
    try:
        if isinstance(field, me.DateTimeField) and isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(field, me.ObjectIdField) and isinstance(value, str) and ObjectId.is_valid(value):
            return ObjectId(value)
        if isinstance(field, me.Decimal128Field) and isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        if isinstance(field, me.FloatField) and isinstance(value, int | Decimal) and (read := exact_reader(field)):
            return read(value)
    except (ValueError, ArithmeticError):
        pass  # such as a day in another notation, which the field's cleaner may know
    return value


def _embedded(value: Any, document: Any) -> Any:
    """Return an object as the document that its field holds; what is no such object is left to the pipelines."""
    fields = {field.db_field: (name, field) for name, field in document._fields.items()}
    if not isinstance(value, dict) or not value.keys() <= fields.keys():
        return value
    return document(**{fields[column][0]: _typed(part, fields[column][1]) for column, part in value.items()})


def _of_any_type(value: Any) -> Any:
    """Return a value with its fractions as what an export wrote them from: doubles, or decimals with other digits.

    A double is written with the fewest digits that tell it from all others, so that `9.5` is one and `9.50` is none.
    """
    if isinstance(value, dict):
        return {name: _of_any_type(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_of_any_type(part) for part in value]
    if not isinstance(value, Decimal):
        return value
    is_double = str(value) == str(Decimal(repr(float(value))))
    try:
        return float(value) if is_double else Decimal128(value)
    except ArithmeticError:
        return value  # more digits than MongoDB has; refused as what it cannot hold


def _whole(text: str) -> int | Decimal:
    """Return a whole number; a negative zero is one of a decimal's."""
    return Decimal(text) if text == "-0" else int(text)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")
