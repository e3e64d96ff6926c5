"""Charts as SVG, made here: numbers in, markup out; no script, no style, and each says in words what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    Point = tuple[datetime, float | None]

WIDTH, HEIGHT, EDGE = 640, 160, 8
MOST_POINTS = 1_000
"""Points that are drawn; of more, every so many-th."""


def steps(points: Sequence[Point], until: datetime, label: str) -> Markup:
    """Return the course of a value that holds until it is changed, from (time, number) pairs, the oldest first."""
    drawn = _thinned([point for point in points if point[1] is not None])
    if not drawn:
        return Markup()
    at = _scale([(when.timestamp(), value) for when, value in [*drawn, (until, drawn[-1][1])]])
    path = f"M{at[0][0]:.1f},{at[0][1]:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in at[1:])
    return _svg(path, label, [value for _, value in drawn])


def line(values: Sequence[float | None], label: str, said: str = "g") -> Markup:
    """Return a line through numbers at equal distances, the oldest first, without those that are None.

    `said` is how they are written, as in a format string.
    """
    numbered = [(float(place), value) for place, value in enumerate(values) if value is not None]
    if len(numbered) < 2:
        return Markup()
    at = _scale(numbered)
    path = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in at)
    return _svg(path, label, [value for _, value in numbered], said)


def _scale(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return where points are in the picture."""
    left, right = points[0][0], points[-1][0]
    low, high = min(value for _, value in points), max(value for _, value in points)
    across = (WIDTH - 2 * EDGE) / ((right - left) or 1)
    up = (HEIGHT - 2 * EDGE) / ((high - low) or 1)
    middle = HEIGHT / 2 if high == low else None
    return [
        (EDGE + (x - left) * across, middle if middle is not None else HEIGHT - EDGE - (y - low) * up)
        for x, y in points
    ]  # fmt: skip


def _thinned(points: Sequence[Point]) -> list[tuple[datetime, float]]:
    every = -(-len(points) // MOST_POINTS) or 1
    return [(when, value) for when, value in points[::every] if value is not None]


def _svg(path: str, label: str, values: Sequence[float], how: str = "g") -> Markup:
    said = f"{label}: from {min(values):{how}} to {max(values):{how}}, last {values[-1]:{how}}"
    return Markup(
        '<figure class="chart"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{said}">'
        '<path d="{path}" fill="none"></path></svg><figcaption>{said}</figcaption></figure>'
    ).format(width=WIDTH, height=HEIGHT, said=said, path=path)
