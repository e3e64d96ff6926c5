"""Draw how a number moved over time, in a few lines of block characters."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

HEIGHT = 6
BLOCKS, ASCII_BLOCKS = " ▁▂▃▄▅▆▇█", "    #####"


def draw_chart(
    points: Sequence[tuple[datetime, float | None]], until: datetime, width: int, *, ascii_only: bool = False
) -> list[str]:
    r"""Return the lines of a chart of `width` columns; each point holds from its time on, None is no value.

    Points are in the order of time. The lowest value is one eighth of a line high, so that it is seen.

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
    levels = [_level(value, low, high) for value in _sample(points, until, max(width - margin, 1))]
    lines = []
    for row, label in enumerate(labels):
        floor = (HEIGHT - 1 - row) * 8
        drawn = "".join(blocks[min(max(level - floor, 0), 8)] for level in levels)
        lines.append(f"{label.rjust(margin - 1)} {drawn}".rstrip())
    return [*lines, f"{' ' * margin}{points[0][0]:%Y-%m-%d} to {until:%Y-%m-%d}"]


def _sample(points: Sequence[tuple[datetime, float | None]], until: datetime, columns: int) -> list[float | None]:
    """Return the value in the middle of each column."""
    times = [when for when, _ in points]
    span = until - times[0]
    middles = [times[0] + span * (2 * column + 1) / (2 * columns) for column in range(columns)]
    return [points[max(bisect_right(times, middle) - 1, 0)][1] for middle in middles]


def _level(value: float | None, low: float, high: float) -> int:
    """Return the height of a value in eighths of a line, 0 for none."""
    if value is None:
        return 0
    return 1 + round((value - low) / (high - low) * (HEIGHT * 8 - 1)) if high > low else HEIGHT * 4
