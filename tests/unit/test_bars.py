"""Intervals drawn with characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom_pipeline.publishing.bars import HALF, draw_bars

ENDS = st.tuples(*[st.floats(-1e9, 1e9)] * 3).map(sorted).map(tuple)


def test_a_gain_lies_to_the_right() -> None:
    """No change is the middle; an interval that leaves it out does not cross it, and all share one scale."""
    assert draw_bars([(0.5, 0.75, 1.0), (-0.5, -0.25, 0.25), None, (0.0, 0.0, 0.0)]) == [
        "───────┼───━●━━",
        "───━━●━╋━━─────",
        "",
        "───────●───────",
    ]


@given(st.lists(ENDS, min_size=1))
def test_every_bar_has_the_same_width(ends: list[tuple[float, float, float]]) -> None:
    """Whatever the figures, each bar has one middle and fits its table."""
    bars = draw_bars(ends)

    assert {len(bar) for bar in bars} == {2 * HALF + 1}
    assert all(bar.count("●") == 1 for bar in bars)
