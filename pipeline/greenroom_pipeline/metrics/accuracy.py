"""The share of right labels."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, average


def estimate(sample: Sample) -> Estimate:
    return average((sample.target == sample.predicted).astype(np.float64))


ACCURACY = Metric(
    name="accuracy",
    title="Accuracy",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="paired mean of row differences",
    docs="The share of rows whose predicted label is right.",
    estimate=estimate,
)
