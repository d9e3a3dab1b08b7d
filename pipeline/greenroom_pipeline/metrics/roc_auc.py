"""The area under the ROC curve, with DeLong's placement values as influence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined, combine, dot
from greenroom_pipeline.metrics.ranking import rank, split_steps, until_middle

METHOD = "DeLong"


def estimate(sample: Sample) -> Estimate:
    """Return the AUC of the positive class (DeLong, DeLong & Clarke-Pearson 1988)."""
    assert sample.positive is not None
    _require_two(sample)
    return _score_class(sample, sample.positive)


def estimate_macro(sample: Sample) -> Estimate:
    """Return the plain mean of one-vs-rest AUCs, over the classes that occur among the rows."""
    present = _require_two(sample)
    parts = [_score_class(sample, code) for code in present]
    return combine(parts, np.full(present.size, 1 / present.size))


def estimate_weighted(sample: Sample) -> Estimate:
    """Return the mean of one-vs-rest AUCs by the classes' shares, which are random too."""
    present = _require_two(sample)
    parts = [_score_class(sample, code) for code in present]
    shares = np.asarray([sample.average(sample.target == code) for code in present])
    mean = combine(parts, shares)
    if mean.influence is None:
        return mean
    values = np.zeros(int(present[-1]) + 1)
    values[present] = [part.value for part in parts]
    return Estimate(mean.value, mean.influence + sample.weigh(values[sample.target] - mean.value))


def _require_two(sample: Sample) -> NDArray[np.intp]:
    present = sample.present()
    if present.size < 2:
        raise Undefined("all rows that count are of one class")
    return present


def _score_class(sample: Sample, code: int) -> Estimate:
    positive = sample.target == code
    ranking = rank(sample.raw_scores(code))
    seen = ranking.count() if sample.weights is None else ranking.accumulate(sample.weights)
    hits = ranking.accumulate(sample.weigh(positive))
    up, down = hits[-1], seen[-1] - hits[-1]
    if not (up > 0 and down > 0):
        raise Undefined("all rows that count are of one class")
    # The share of the other class that a row of each step is ranked rightly against.
    of_up, of_down = until_middle(seen), until_middle(hits)
    of_up -= of_down
    of_up /= down
    of_down /= -up
    of_down += 1
    value = dot(split_steps(hits), of_up) / up
    ups, downs = int(positive.sum()), int(sample.rows - positive.sum())
    if min(ups, downs) < 2:
        return Estimate(value, None)
    # Each class has its own mean, hence its own n − 1.
    for moves, rows, weight in ((of_up, ups, up), (of_down, downs, down)):
        moves -= value
        moves *= sample.rows / weight * np.sqrt(rows / (rows - 1))
    moves = np.where(positive[ranking.order], ranking.widen(of_up), ranking.widen(of_down))
    return Estimate(value, sample.weigh(ranking.to_rows(moves)))


ROC_AUC = Metric(
    name="roc_auc",
    title="ROC AUC",
    higher_is_better=True,
    tasks=frozenset({"binary"}),
    needs="probabilities",
    method=METHOD,
    docs="How often a row of the class is ranked above a row of another; 0.5 is chance, 1 is perfect.",
    estimate=estimate,
)

ROC_AUC_OVR = Metric(
    name="roc_auc_ovr",
    title="ROC AUC (one-vs-rest)",
    higher_is_better=True,
    tasks=frozenset({"multiclass"}),
    needs="probabilities",
    method=METHOD,
    docs="The ROC AUC of each class against the others, averaged over the classes.",
    estimate=estimate_macro,
)

ROC_AUC_OVR_WEIGHTED = Metric(
    name="roc_auc_ovr_weighted",
    title="ROC AUC (one-vs-rest, weighted)",
    higher_is_better=True,
    tasks=frozenset({"multiclass"}),
    needs="probabilities",
    method=METHOD,
    docs="The ROC AUC of each class against the others, averaged by the classes' shares of the rows.",
    estimate=estimate_weighted,
)
