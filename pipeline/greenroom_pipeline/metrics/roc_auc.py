"""The area under the ROC curve, with DeLong's placement values as influence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined


def estimate(sample: Sample) -> Estimate:
    """Return the AUC of the positive class, or the plain mean of one-vs-rest AUCs over the classes present.

    DeLong, DeLong & Clarke-Pearson 1988, by the mid-ranks of Sun & Xu 2014: one sort, ties count half.
    """
    assert sample.probabilities is not None
    present = np.unique(sample.target)
    if present.size < 2:
        raise Undefined("all rows are of one class")
    if sample.positive is not None:
        return _score_class(sample.target == sample.positive, sample.probabilities[:, sample.positive])
    parts = [_score_class(sample.target == code, sample.probabilities[:, code]) for code in present]
    value = float(np.mean([part.value for part in parts]))
    influences = [part.influence for part in parts if part.influence is not None]
    enough = len(influences) == len(parts)
    return Estimate(value, np.mean(influences, axis=0) if enough else None)


def _score_class(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Estimate:
    ups, downs = scores[positive], scores[~positive]
    ranks = rankdata(scores)
    # The share of the other class that each row is ranked rightly against.
    up_placements = (ranks[positive] - rankdata(ups)) / downs.size
    down_placements = 1 - (ranks[~positive] - rankdata(downs)) / ups.size
    value = float(up_placements.mean())
    if min(ups.size, downs.size) < 2:
        return Estimate(value, None)
    influence = np.empty(scores.size)
    influence[positive] = (up_placements - value) * _weigh(scores.size, ups.size)
    influence[~positive] = (down_placements - value) * _weigh(scores.size, downs.size)
    return Estimate(value, influence)


def _weigh(rows: int, of_class: int) -> float:
    """Each class has its own mean, hence its own n − 1."""
    return float(rows / np.sqrt(of_class * (of_class - 1)))


ROC_AUC = Metric(
    name="roc_auc",
    title="ROC AUC",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="probabilities",
    method="DeLong",
    docs="How often a row of the class is ranked above a row of another; 0.5 is chance, 1 is perfect.",
    estimate=estimate,
)
