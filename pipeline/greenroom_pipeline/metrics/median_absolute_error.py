"""The median absolute error."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample


def estimate(sample: Sample) -> Estimate:
    """Return the median of the absolute errors, by weight: half of it lies on either side."""
    errors = np.abs(sample.target - sample.predicted)
    if sample.weights is None:
        return Estimate(float(np.median(errors)), None)
    order = np.argsort(errors)
    reached = np.cumsum(sample.weights[order])
    half = reached[-1] / 2
    low, high = np.searchsorted(reached, half * (1 - 1e-12)), np.searchsorted(reached, half * (1 + 1e-12))
    return Estimate(float((errors[order[low]] + errors[order[min(high, errors.size - 1)]]) / 2), None)


MEDIAN_ABSOLUTE_ERROR = Metric(
    name="median_absolute_error",
    title="Median absolute error",
    higher_is_better=False,
    tasks=frozenset({"regression"}),
    needs="numbers",
    method="paired bootstrap",
    docs="Half of the rows are off by less than this, in the target's own units; 0 is perfect.",
    estimate=estimate,
    interval="resampled",
)
