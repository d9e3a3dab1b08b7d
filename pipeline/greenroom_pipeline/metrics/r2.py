"""The share of the target's variance that the predictions explain."""

from __future__ import annotations

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined
from greenroom_pipeline.metrics.smooth import estimate_smooth


def estimate(sample: Sample) -> Estimate:
    """Return 1 − squared error / squared distance from the mean."""
    if sample.is_constant(sample.target):
        raise Undefined("the target is the same in all rows")
    # Around the mean, so that large targets lose no digits.
    centred = sample.target - sample.average(sample.target)
    columns = [(sample.target - sample.predicted) ** 2, centred, centred**2]
    return estimate_smooth(
        columns, lambda means: 1 - means[..., 0] / (means[..., 2] - means[..., 1] ** 2), sample
    )


R2 = Metric(
    name="r2",
    title="R²",
    higher_is_better=True,
    tasks=frozenset({"regression"}),
    needs="numbers",
    method="delta method",
    docs="The share of the target's variance that the predictions explain; 1 is perfect.",
    estimate=estimate,
)
