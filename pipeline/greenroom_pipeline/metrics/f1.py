"""The F1 score: of the positive class, or the plain mean over the classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined, correct_spread


def estimate(sample: Sample) -> Estimate:
    """Return F1 of the positive class, or its mean over the classes that occur among these rows.

    Only classes of the target count, so that both models are averaged over the same ones.
    """
    codes = np.unique(sample.target)
    if sample.positive is not None:
        if sample.positive not in codes:
            raise Undefined("no row is of the positive class")
        codes = np.asarray([sample.positive])
    parts = [_score_class(sample.target == code, sample.predicted == code) for code in codes]
    value = float(np.mean([score for score, _ in parts]))
    return Estimate(value, correct_spread(np.mean([influence for _, influence in parts], axis=0)))


def _score_class(true: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> tuple[float, NDArray[np.float64]]:
    """Return the score and its influence by the delta method: F1 is a ratio of two means."""
    hits = 2.0 * (true & predicted)
    marks = true.astype(np.float64) + predicted
    score = float(hits.sum() / marks.sum())
    return score, (hits - score * marks) / marks.mean()


F1 = Metric(
    name="f1",
    title="F1",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The harmonic mean of precision and recall; 1 is perfect.",
    estimate=estimate,
)
