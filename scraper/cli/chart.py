"""Draw how a number moved over time, in a few lines of block characters."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT, CELL = 6, 8
"""Lines of a chart, and the steps in one of them."""

BLOCKS, ASCII_BLOCKS = " ▁▂▃▄▅▆▇█░▒", " ___#####:+"
"""A cell filled in eighths; one below all values of its column; one that holds them all, and there are several."""

BELOW, WITHIN = CELL + 1, CELL + 2


def draw_chart(
    points: Sequence[tuple[datetime, float | None]], until: datetime, width: int, *, ascii_only: bool = False
) -> list[str]:
    r"""Return the lines of a chart of `width` columns; each point holds from its time on, None is no value.

    Points are in the order of time. A column in which the number moved is solid from its lowest to its highest value,
    and shaded below. The lowest value of all is one eighth of a line high, so that it is seen.

    >>> from datetime import datetime
    >>> day = [datetime(2026, 11, number) for number in (1, 2, 3)]
    >>> print("\n".join(draw_chart([(day[0], 1.0), (day[1], 2.0)], day[2], 14)[-2:]))
    1.0 ▁▁▁▁▁█████
        2026-11-01 to 2026-11-03
    """
    values = [value for _, value in points if value is not None]
    if not values:
        return []
    low, high = min(values), max(values)
    labels = [str(high), *[""] * (HEIGHT - 2), str(low)]
    margin = max(map(len, labels)) + 1
    blocks = ASCII_BLOCKS if ascii_only else BLOCKS
    columns = [
        (_level(min(held), low, high), _level(max(held), low, high)) if held else (0, 0)
        for held in _held(points, until, max(width - margin, 1))
    ]
    lines = []
    for row, label in enumerate(labels):
        floor = (HEIGHT - 1 - row) * CELL
        drawn = "".join(blocks[_fill(lowest - floor, highest - floor)] for lowest, highest in columns)
        lines.append(f"{label.rjust(margin - 1)} {drawn}".rstrip())
    return [*lines, f"{' ' * margin}{points[0][0]:%Y-%m-%d} to {until:%Y-%m-%d}"]


def _held(points: Sequence[tuple[datetime, float | None]], until: datetime, columns: int) -> list[list[float]]:
    """Return the values that held in each column, however shortly."""
    start = points[0][0]
    until = max(until, start + timedelta.resolution)
    span = until - start
    held: list[list[float]] = [[] for _ in range(columns)]
    for (since, value), (end, _) in pairwise([*points, (until, None)]):
        if value is not None:
            first = min((since - start) * columns // span, columns - 1)
            past = max(-((start - end) * columns // span), first + 1)  # rounded up: it may end within a column
            for column in held[first:past]:
                column.append(value)
    return held


def _level(value: float, low: float, high: float) -> int:
    """Return the height of a value in eighths of a line."""
    return 1 + round((value - low) / (high - low) * (HEIGHT * CELL - 1)) if high > low else HEIGHT * CELL // 2


def _fill(lowest: int, highest: int) -> int:
    """Return which block stands in a cell; both levels are counted from the cell's floor."""
    if lowest == highest or highest <= 0:
        return min(max(highest, 0), CELL)
    if lowest > CELL:
        return BELOW
    return WITHIN if lowest > 0 and highest <= CELL else min(highest, CELL)
