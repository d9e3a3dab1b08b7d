"""The root of the mean squared error."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, correct_spread


def estimate(sample: Sample) -> Estimate:
    """Return √(mean of squared errors), its influence by the delta method."""
    squares = (sample.target - sample.predicted) ** 2
    mean = float(squares.mean())
    value = float(np.sqrt(mean))
    influence = (squares - mean) / (2 * value) if value > 0 else np.zeros(squares.size)
    return Estimate(value, correct_spread(influence))


RMSE = Metric(
    name="rmse",
    title="RMSE",
    higher_is_better=False,
    tasks=frozenset({"regression"}),
    needs="numbers",
    method="delta method",
    docs="The root of the mean squared error, in the target's own units; 0 is perfect.",
    estimate=estimate,
)
