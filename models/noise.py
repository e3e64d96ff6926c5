"""Noise: differences between two values of a field that are no change of it, as the field's `ignore=` says."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bson import Decimal128

if TYPE_CHECKING:
    from collections.abc import Callable

    Rule = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Percent:
    """A rule for numbers: a difference of less than `share` percent of the stored value is noise.

    The stored value stays, so that many small steps one way are a change once they add up.
    """

    share: float

    def __post_init__(self) -> None:
        """Refuse a share that would ignore nothing, or everything."""
        if not 0 < self.share < 100:
            raise ValueError(f"Percent({self.share}): expected more than 0 and less than 100")

    def __call__(self, old: Any, new: Any) -> bool:
        """Return whether two values differ by noise only."""
        before, after = _decimal(old), _decimal(new)
        if before is None or after is None:
            return False
        return abs(after - before) * 100 < Decimal(str(self.share)) * abs(before)


def noise_rule(ignore: Any) -> Rule | None:
    """Return the rule that a field's `ignore=` stands for, a single one or a tuple; raise TypeError for another word.

    >>> noise_rule("order")(["a", "b"], ["b", "a"])
    True
    >>> noise_rule(Percent(1))(100, 99)
    False
    """
    parts = ignore if isinstance(ignore, tuple) else () if ignore is None else (ignore,)
    unknown = [part for part in parts if not isinstance(part, Percent) and part not in ("order", "space")]
    if unknown:
        raise TypeError(f"ignore={unknown[0]!r}: expected 'order', 'space', Percent(1), or a tuple of them")
    if not parts:
        return None
    shares = [part for part in parts if isinstance(part, Percent)]

    def is_noise(old: Any, new: Any) -> bool:
        if any(share(old, new) for share in shares):
            return True
        if "space" in parts:
            old, new = _squeezed(old), _squeezed(new)
        if "order" in parts and isinstance(old, list) and isinstance(new, list):
            return {repr(value) for value in old} == {repr(value) for value in new}
        return "space" in parts and bool(old == new)

    return is_noise


def _squeezed(value: Any) -> Any:
    """Return a text, or a list of them, with each stretch of white space as one space."""
    if isinstance(value, str):
        return " ".join(value.split())
    return [_squeezed(part) for part in value] if isinstance(value, list) else value


def _decimal(value: Any) -> Decimal | None:
    """Return a number exactly; None for what is none, or not a finite one."""
    if isinstance(value, Decimal128):
        number = value.to_decimal()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(str(value))
    else:
        return None
    return number if number.is_finite() else None
