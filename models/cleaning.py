"""How the cleaners that a field names work together, and on what page."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from models.noise import noise_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from mongoengine.base import BaseField

    OfPage = Callable[[Any, str], Any]


def cleaners_of(field: BaseField) -> list[Callable[..., Any]]:
    """Return the cleaners of a field in the order of their work; raise TypeError for what is none."""
    cleaners = getattr(field, "clean", None)
    if cleaners is None:
        return []
    found = list(cleaners) if isinstance(cleaners, list | tuple) else [cleaners]
    if not found or not all(map(callable, found)):
        raise TypeError(
            f"'{field.name}' has clean={cleaners!r:.60}: expected a cleaner, or a list of them such as "
            f"[cleaners.without_prefix('Born'), cleaners.day('MDY')]"
        )
    return found


def cleaner_of(field: BaseField) -> OfPage | None:
    """Return one function of the raw value and the page's URL for all of a field's cleaners; None without any."""
    cleaners = cleaners_of(field)
    return _in_turn([_of_page(cleaner) for cleaner in cleaners]) if cleaners else None


def noise_of(field: BaseField) -> Callable[[Any, Any], bool] | None:
    """Return the rule by which two values differ by noise only: the field's `ignore=`, and its cleaner's own."""
    declared = noise_rule(getattr(field, "ignore", None))
    cleaners = cleaners_of(field)
    own = getattr(cleaners[-1], "is_same", None) if cleaners else None
    if own is None or declared is None:
        return declared or own
    return lambda old, new: own(old, new) or declared(old, new)


def _of_page(cleaner: Callable[..., Any]) -> Callable[[Any, str], Any]:
    """Let every cleaner be called with the page's URL, also one that does not ask for it."""
    parameters = signature(cleaner).parameters
    required = [each for each in parameters.values() if each.default is Parameter.empty]
    if "page_url" in parameters or len(required) > 1:
        return cleaner
    return lambda value, _page_url: cleaner(value)


def _in_turn(cleaners: list[Callable[[Any, str], Any]]) -> Callable[[Any, str], Any]:
    """Return one cleaner that lets each of several work on what the one before it gave, as long as it gave anything."""
    if len(cleaners) == 1:
        return cleaners[0]

    def clean(value: Any, page_url: str) -> Any:
        for cleaner in cleaners:
            if value is None:
                break
            value = cleaner(value, page_url)
        return value

    return clean
