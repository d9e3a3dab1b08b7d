"""The logarithmic loss of the probabilities."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, average

SMALLEST = 1e-15


def estimate(sample: Sample) -> Estimate:
    """Return the mean of −ln p of the true class, p clipped to [1e-15, 1 − 1e-15]."""
    of_truth = sample.scores_of(sample.target)
    np.clip(of_truth, SMALLEST, 1 - SMALLEST, out=of_truth)
    losses = np.log(of_truth, out=of_truth)
    losses *= -1
    return average(losses, sample)


LOG_LOSS = Metric(
    name="log_loss",
    title="Log loss",
    higher_is_better=False,
    tasks=frozenset({"binary", "multiclass"}),
    needs="probabilities",
    method="paired mean of row differences",
    docs="The mean of −ln of the probability given to what really happened; 0 is perfect.",
    estimate=estimate,
)
