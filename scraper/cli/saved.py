"""`--saved NAME`: a query of the configuration's section [queries] stands before what else is typed."""

from __future__ import annotations

import shlex
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from scraper.core.config import load_config
from scraper.errors import ConfigError, UsageError, expected_one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTION = "--saved"
_PARSING_ERROR: type[Exception] = typer.BadParameter.__bases__[0]
"""What an unknown option or a value of the wrong type raises; Typer gives this class of Click's no name of its own."""


class SavedQueries(TyperCommand):
    """A command whose arguments may begin with saved ones; what is typed besides adds to them, or wins over them."""

    @abstractmethod
    def check(self, params: Mapping[str, Any]) -> None:
        """Raise UsageError unless the parameters of a call make sense."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the words of the saved query first; raise ConfigError, naming the query, when it no longer fits."""
        name, typed = _take_name(args)
        if name is None:
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, [*check_saved(self, name), *typed])


def check_saved(query: SavedQueries, name: str) -> list[str]:
    """Return the words of a saved query; raise ConfigError, naming it, when they no longer fit."""
    line = saved_query(name)
    try:
        words = shlex.split(line)
        if _take_name(words)[0] is not None:
            raise UsageError(f"a saved query cannot begin with another one, found {OPTION}")
        query.check(query.make_context(query.name, list(words)).params)
    except (UsageError, ValueError, _PARSING_ERROR) as error:
        reason = getattr(error, "message", None) or str(error)
        raise ConfigError(f"the saved query '{name}' ({line}) cannot be asked: {reason}") from None
    return words


def saved_query(name: str) -> str:
    """Return the line of a saved query; raise UsageError for an unknown one."""
    queries = load_config().queries
    if name.lower() not in queries:
        expected = expected_one_of(name, queries) if queries else "[queries] of the configuration has none"
        raise UsageError(f"there is no saved query '{name}': {expected}")
    return queries[name.lower()]


def _take_name(args: list[str]) -> tuple[str | None, list[str]]:
    """Return the value of `--saved`, None without, and the other arguments."""
    for place, arg in enumerate(args):
        if arg == "--":
            break
        if arg == OPTION and place + 1 < len(args):
            return args[place + 1], [*args[:place], *args[place + 2 :]]
        if arg.startswith(f"{OPTION}="):
            return arg.partition("=")[2], [*args[:place], *args[place + 1 :]]
    return None, args
