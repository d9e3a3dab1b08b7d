"""The share of right labels, and that of wrong ones."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, average

METHOD = "Tango's score interval and McNemar's mid-p"


def estimate(sample: Sample) -> Estimate:
    return average((sample.target == sample.predicted).astype(np.float64), sample)


def estimate_error(sample: Sample) -> Estimate:
    return average((sample.target != sample.predicted).astype(np.float64), sample)


ACCURACY = Metric(
    name="accuracy",
    title="Accuracy",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method=METHOD,
    docs="The share of rows whose predicted label is right.",
    estimate=estimate,
    interval="matched",
)

ERROR = Metric(
    name="error",
    title="Error rate",
    higher_is_better=False,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method=METHOD,
    docs="The share of rows whose predicted label is wrong.",
    estimate=estimate_error,
    interval="matched",
)
