"""Write config.ini from the options themselves: each with what it is for and its default, or the value it was given."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from pydantic import BaseModel

from scraper.core.config import Config

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pydantic.fields import FieldInfo

WIDTH = 120

HEAD = """\
Every option of Swathe, with its default. Change a value in config.local.ini (which git ignores), in the environment \
(SWATHE_<SECTION>_<KEY>, e.g. SWATHE_CRAWL_DELAY_S=2) or for one crawl (--set crawl.delay_s=2); a later one wins: \
config.ini, config.local.ini, environment, command line. No secret belongs in this file."""


PART = """\
What one changes first; every other option has its default. `swathe config init --force` writes all of them, and keeps \
what is set here. No secret belongs in this file: it goes into config.local.ini, which git ignores."""


def config_ini(values: Mapping[tuple[str, str], str] | None = None, only: Collection[str] = ()) -> str:
    """Return the text of config.ini with every option, or with those that `only` names as `section.key` or `section`.

    `values` has those that are not to be the default.
    """
    return "\n".join(_lines(values or {}, only)) + "\n"


def _lines(values: Mapping[tuple[str, str], str], only: Collection[str]) -> Iterator[str]:
    yield from _comment(PART if only else HEAD)
    for name, section in Config.model_fields.items():
        lines = list(_section(name, section, values, only))
        yield from ("", f"[{name}]", *lines) if lines else ()


def _section(
    name: str, section: FieldInfo, values: Mapping[tuple[str, str], str], only: Collection[str]
) -> Iterator[str]:
    kind = section.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for key, field in kind.model_fields.items():
            if not only or f"{name}.{key}" in only:
                yield from _option(key, field, values.get((name, key)))
    elif not only or name in only:
        yield from _comment(section.description or "")
        yield from (_line(key, value) for (given, key), value in values.items() if given == name)


def _option(key: str, field: FieldInfo, value: str | None) -> Iterator[str]:
    yield from _comment(field.description or "")
    yield _line(key, str(field.default) if value is None else value)


def _line(key: str, value: str) -> str:
    return f"{key} = {value}".rstrip().replace("\n", "\n  ")


def _comment(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
