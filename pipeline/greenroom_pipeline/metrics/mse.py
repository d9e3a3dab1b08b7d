"""The mean squared error."""

from __future__ import annotations

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, average


def estimate(sample: Sample) -> Estimate:
    return average((sample.target - sample.predicted) ** 2, sample)


MSE = Metric(
    name="mse",
    title="MSE",
    higher_is_better=False,
    tasks=frozenset({"regression"}),
    needs="numbers",
    method="paired mean of row differences",
    docs="The mean squared error, in the square of the target's units; 0 is perfect.",
    estimate=estimate,
)
