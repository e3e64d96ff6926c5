"""Tell which records of a page that is read again a refused item stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def most_alike(raw: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places of the candidates that share the most raw values with `raw`.

    An item that shares none with any, because a selector found nothing at all, stands for all of them: it is settled
    when every record of its page is good.

    >>> most_alike({"title": None, "price": "5"}, [{"title": "A", "price": "4"}, {"title": "B", "price": "5"}])
    [1]
    >>> most_alike({"title": None}, [{"title": "A"}, {"title": "B"}])
    [0, 1]
    """
    shared = [
        sum(value not in (None, "", []) and candidate.get(name) == value for name, value in raw.items())
        for candidate in candidates
    ]
    return [place for place, count in enumerate(shared) if count == max(shared)]
