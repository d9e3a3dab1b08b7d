"""Desks whose reports have pinned cases."""

from __future__ import annotations

from greenroom_pipeline.cases import Pins
from tests.pinned import result
from tests.portal.desk_in_memory import HOSTILE, MemoryDesk, make_report, make_review


def broken_cases() -> MemoryDesk:
    """Twelve broke, one could not be judged, two hold, and one was taken away."""
    cases = [
        result("HA 17 in winter", row={f"column_{place}": place for place in range(9)}),
        *(result(f"broken {place}") for place in range(11)),
        result("open", "not_tested"),
        result("kept", "met"),
        result("kept as well", "met"),
    ]
    return _with(cases=cases, pins=Pins(taken=["a case that was"]))


def held_cases() -> MemoryDesk:
    return _with(cases=[result("kept", "met")], pins=Pins(taken=[]))


def hostile_cases() -> MemoryDesk:
    texts = dict.fromkeys(("expected", "answered", "champion", "reason", "by"), HOSTILE)
    return _with(
        cases=[result(HOSTILE, row={HOSTILE: HOSTILE}, **texts), result(HOSTILE, "met", **texts)],
        pins=Pins(taken=[HOSTILE]),
    )


def _with(**changes: object) -> MemoryDesk:
    return MemoryDesk([make_review(7, "A change", verdict="fail")], {7: make_report(7, "fail", **changes)})
