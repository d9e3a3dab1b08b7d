"""Intervals drawn with characters: where no change would lie, and how far to either side the interval reaches."""

from __future__ import annotations

from collections.abc import Sequence

HALF = 7
"""Cells on either side of no change."""
_AXIS, _ZERO, _SPAN, _SPAN_OVER_ZERO, _MIDDLE = "─┼━╋●"


def draw_bars(ends: Sequence[tuple[float, float, float] | None]) -> list[str]:
    """Draw each interval, given as low end, middle and high end, all to one scale; nothing for None."""
    scale = max((abs(end) for each in ends if each is not None for end in each), default=0.0)
    return ["" if each is None else _draw(each, scale=scale) for each in ends]


def _draw(ends: tuple[float, float, float], *, scale: float) -> str:
    low, middle, high = (HALF + (round(HALF * end / scale) if scale else 0) for end in ends)
    cells = [_AXIS] * HALF + [_ZERO] + [_AXIS] * HALF
    for cell in range(low, high + 1):
        cells[cell] = _SPAN_OVER_ZERO if cell == HALF else _SPAN
    cells[middle] = _MIDDLE
    return "".join(cells)
