"""The mean absolute error as a share of the target."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined, average


def estimate(sample: Sample) -> Estimate:
    if not sample.target.all():
        raise Undefined("the target is 0 in some rows")
    return average(np.abs((sample.target - sample.predicted) / sample.target), sample)


MAPE = Metric(
    name="mape",
    title="MAPE",
    higher_is_better=False,
    tasks=frozenset({"regression"}),
    needs="numbers",
    method="paired mean of row differences",
    docs="The mean absolute error as a share of the target; 0.1 is 10 % off, 0 is perfect.",
    estimate=estimate,
)
