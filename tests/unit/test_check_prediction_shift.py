"""GR106: how much the answers shift on the whole."""

from __future__ import annotations

from greenroom_pipeline.checks.prediction_shift import PredictionShift
from greenroom_pipeline.observations import Observations, Shift
from greenroom_pipeline.settings import GateTable, ShiftRule
from tests.findings import judge_observed

GATE = GateTable(shift=ShiftRule(max_shift=0.02))


def shift(difference: float, half: float, *, label: str = "late") -> Shift:
    return Shift(
        label=label,
        of="probability",
        candidate=0.3 + difference,
        champion=0.3,
        difference=difference,
        interval=(difference - half, difference + half),
        p_value=0.5,
    )


def test_a_small_shift_passes() -> None:
    """A shift beyond the limit is ruled out, and the sentence says what moved."""
    result = judge_observed(PredictionShift(), GATE, Observations(shifts=[shift(0.005, 0.004)]))

    assert result.outcome == "passed"
    assert result.reason == (
        "The mean probability of late moves from 0.300 to 0.305 (+0.005 ± 0.004). "
        "A shift of more than 0.02 is ruled out."
    )


def test_a_shift_either_way_fails() -> None:
    """Down counts as much as up, and of many classes the worst is told."""
    for difference in (0.05, -0.05):
        shifts = [shift(0.0, 0.001, label="on time"), shift(difference, 0.01)]
        result = judge_observed(PredictionShift(), GATE, Observations(shifts=shifts))

        assert result.outcome == "failed"
        assert "probability of late" in result.reason


def test_doubt_is_told() -> None:
    """An interval around the limit leaves it open, with a number of rows."""
    result = judge_observed(PredictionShift(), GATE, Observations(shifts=[shift(0.015, 0.01)]))

    assert result.outcome == "inconclusive"
    assert "about 3,100 more labelled rows" in result.reason


def test_ten_rows_never_decide() -> None:
    """No alarm and no pass from ten rows, whatever the interval says: three in four such alarms are false."""
    for half in (0.001, 0.4):
        found = judge_observed(PredictionShift(), GATE, Observations(shifts=[shift(0.3, half)]), rows=10)

        assert found.outcome == "inconclusive"


def test_a_shift_without_interval_fails_closed() -> None:
    """Too few groups to tell never pass."""
    unknown = shift(0.001, 0.001).model_copy(update={"interval": None})

    assert judge_observed(PredictionShift(), GATE, Observations(shifts=[unknown])).outcome == "failed"
