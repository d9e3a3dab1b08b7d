"""Matthews's correlation coefficient, for two classes and for many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.confusion import Shares, estimate_confusion
from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined


def estimate(sample: Sample) -> Estimate:
    """Return the correlation of the labels with the truth (Gorodkin 2004 for many classes)."""
    if sample.is_constant(sample.target):
        raise Undefined("all rows are of one class")
    if sample.is_constant(sample.predicted):
        raise Undefined("all rows are predicted as one class")
    return estimate_confusion(sample, correlate)


def correlate(hits: Shares, true: Shares, predicted: Shares) -> NDArray[Any]:
    together = hits.sum(axis=-1) - (true * predicted).sum(axis=-1)
    alone = (1 - (true * true).sum(axis=-1)) * (1 - (predicted * predicted).sum(axis=-1))
    return np.asarray(together / np.sqrt(alone))


MCC = Metric(
    name="mcc",
    title="Matthews correlation",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The correlation of predicted and true labels; 0 is chance, 1 is perfect.",
    estimate=estimate,
)
