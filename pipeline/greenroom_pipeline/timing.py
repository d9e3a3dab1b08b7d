"""Timing: both previews called in turn on the same rows, over connections that are kept open."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from greenroom_services.client import HostClient
from greenroom_services.errors import ServiceError

Row = Mapping[str, Any]
Ask = Callable[[Sequence[Row]], object]
Times = tuple[list[float], list[float]]


def time_previews(
    client: HostClient, rows: Sequence[tuple[Row, Row]], *, project: str, slots: tuple[str, str], calls: int
) -> Times | None:
    """Return the seconds of *calls* pairs of answers; None when there is no row that both slots answer.

    Each of *rows* is one row, as the one and as the other takes it.
    """
    one, other = slots
    try:
        with client.asking(project, one) as ours, client.asking(project, other) as theirs:
            answered = [pair for pair in rows if _warm_up((ours, theirs), pair)]
            return call_in_turn((ours, theirs), answered, calls=calls) if answered else None
    except ServiceError:
        return None


def _warm_up(asks: tuple[Ask, Ask], pair: tuple[Row, Row]) -> bool:
    """Ask both once, untimed, and say whether both answer."""
    try:
        for ask, row in zip(asks, pair, strict=True):
            ask([row])
    except ServiceError:
        return False
    return True


def call_in_turn(asks: tuple[Ask, Ask], rows: Sequence[tuple[Row, Row]], *, calls: int) -> Times:
    """Call both with each row, and change who is first: what is asked second finds the machine warm."""
    times: Times = ([], [])
    for call in range(calls):
        pair = rows[call // 2 % len(rows)]
        for side in (0, 1) if call % 2 == 0 else (1, 0):
            start = time.perf_counter()
            asks[side]([pair[side]])
            times[side].append(time.perf_counter() - start)
    return times
