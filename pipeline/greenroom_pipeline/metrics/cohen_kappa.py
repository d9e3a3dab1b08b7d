"""Cohen's kappa: agreement with the truth beyond chance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.confusion import Shares, estimate_confusion
from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined


def estimate(sample: Sample) -> Estimate:
    if sample.is_constant(sample.target) and sample.average(sample.target != sample.predicted) == 0:
        raise Undefined("all rows are of one class, and predicted as it")
    return estimate_confusion(sample, agree)


def agree(hits: Shares, true: Shares, predicted: Shares) -> NDArray[Any]:
    by_chance = (true * predicted).sum(axis=-1)
    return np.asarray((hits.sum(axis=-1) - by_chance) / (1 - by_chance))


COHEN_KAPPA = Metric(
    name="cohen_kappa",
    title="Cohen's kappa",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The share of right labels beyond what chance would give; 0 is chance, 1 is perfect.",
    estimate=estimate,
)
