"""The mean absolute error."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, average


def estimate(sample: Sample) -> Estimate:
    return average(np.abs(sample.target - sample.predicted), sample)


MAE = Metric(
    name="mae",
    title="MAE",
    higher_is_better=False,
    tasks=frozenset({"regression"}),
    needs="numbers",
    method="paired mean of row differences",
    docs="The mean absolute error, in the target's own units; 0 is perfect.",
    estimate=estimate,
)
