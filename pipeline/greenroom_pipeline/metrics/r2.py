"""The share of the target's variance that the predictions explain."""

from __future__ import annotations

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined, correct_spread


def estimate(sample: Sample) -> Estimate:
    """Return 1 − squared error / squared distance from the mean, its influence by the delta method."""
    if (sample.target == sample.target[0]).all():
        raise Undefined("the target is the same in all rows")
    errors = (sample.target - sample.predicted) ** 2
    distances = (sample.target - sample.target.mean()) ** 2
    value = float(1 - errors.mean() / distances.mean())
    return Estimate(value, correct_spread(((1 - value) * distances - errors) / distances.mean()))


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
