"""The root of the mean squared error."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample
from greenroom_pipeline.metrics.smooth import estimate_smooth


def estimate(sample: Sample) -> Estimate:
    squares = (sample.target - sample.predicted) ** 2
    if not squares.any():
        # The root has no slope at 0; a perfect model is moved by no row.
        return Estimate(0.0, np.zeros(sample.rows) if sample.rows > 1 else None)
    return estimate_smooth([squares], lambda means: np.sqrt(means[..., 0]), sample)


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
