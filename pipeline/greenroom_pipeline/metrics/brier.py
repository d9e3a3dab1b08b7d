"""The Brier score of the probabilities."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, average


def estimate(sample: Sample) -> Estimate:
    """Return the mean squared distance of the probabilities from the truth.

    Binary: of the positive class alone, from 0 to 1. Multiclass: summed over the classes, from 0 to 2.
    """
    assert sample.probabilities is not None
    if sample.positive is not None:
        distance = sample.scores(sample.positive) - (sample.target == sample.positive)
        distance *= distance
        return average(distance, sample)
    distance = sample.probabilities.astype(np.float64)
    distance[np.arange(sample.rows), sample.target] -= 1
    return average((distance**2).sum(axis=1), sample)


BRIER = Metric(
    name="brier",
    title="Brier score",
    higher_is_better=False,
    tasks=frozenset({"binary", "multiclass"}),
    needs="probabilities",
    method="paired mean of row differences",
    docs="The mean squared distance of the probabilities from what really happened; 0 is perfect.",
    estimate=estimate,
)
