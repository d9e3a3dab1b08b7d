"""GR107: whether probabilities mean what they say."""

from __future__ import annotations

import pytest

from greenroom_pipeline.checks.calibrated import Calibrated
from greenroom_pipeline.observations import Calibration, Observations
from greenroom_pipeline.settings import CalibrationRule, GateTable
from tests.findings import judge_observed

OBSERVED = Observations(
    calibration=[
        Calibration(
            model="candidate", slope=0.8, slope_interval=(0.7, 0.9), error=0.04, error_interval=(0.01, 0.06)
        ),
        Calibration(
            model="champion", slope=1.02, slope_interval=(0.9, 1.1), error=0.02, error_interval=(0.0, 0.03)
        ),
    ]
)


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        pytest.param(CalibrationRule(min_slope=0.65), "passed", id="slope-high-enough"),
        pytest.param(CalibrationRule(min_slope=0.95), "failed", id="too-sure-of-itself"),
        pytest.param(CalibrationRule(min_slope=0.75), "inconclusive", id="slope-in-doubt"),
        pytest.param(CalibrationRule(max_slope=1.2), "passed", id="not-too-timid"),
        pytest.param(CalibrationRule(max_slope=0.6), "failed", id="too-timid"),
        pytest.param(CalibrationRule(max_error=0.08), "passed", id="error-small-enough"),
        pytest.param(CalibrationRule(max_error=0.005), "failed", id="error-too-great"),
        pytest.param(CalibrationRule(max_error=0.05), "inconclusive", id="error-in-doubt"),
    ],
)
def test_the_interval_is_held_against_each_limit(rule: CalibrationRule, outcome: str) -> None:
    """Slope from below and above, error from above."""
    assert judge_observed(Calibrated(), GateTable(calibration=rule), OBSERVED).outcome == outcome


def test_the_sentence_has_both_models() -> None:
    """A reader sees the candidate's figure with its interval, the limit, and the champion's."""
    result = judge_observed(Calibrated(), GateTable(calibration=CalibrationRule(min_slope=0.95)), OBSERVED)

    assert result.reason == (
        "The calibration slope is 0.800 (0.700 to 0.900; the champion's is 1.020), but must be at least 0.95."
    )


def test_models_without_probabilities_fail_closed() -> None:
    """A project that asks for calibrated probabilities gets no pass from labels."""
    gate = GateTable(calibration=CalibrationRule(max_error=0.1))

    assert judge_observed(Calibrated(), gate, Observations()).outcome == "failed"
    assert judge_observed(Calibrated(), gate, Observations(), task="regression").outcome == "not_applicable"


def test_an_undefined_slope_fails_closed() -> None:
    """Constant predictions have no slope, and do not pass."""
    flat = OBSERVED.calibration[0].model_copy(update={"slope": None, "slope_interval": None})
    gate = GateTable(calibration=CalibrationRule(min_slope=0.1))

    assert judge_observed(Calibrated(), gate, Observations(calibration=[flat])).outcome == "failed"
