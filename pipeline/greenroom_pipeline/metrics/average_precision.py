"""Average precision: the area under the precision–recall curve, as a step function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.metric import (
    Estimate,
    Metric,
    Numbers,
    Remeasure,
    Sample,
    Undefined,
    combine,
    correct_spread,
    dot,
)
from greenroom_pipeline.metrics.ranking import rank, split_steps

METHOD = "delta method"


def estimate(sample: Sample) -> Estimate:
    """Return the average precision of the positive class."""
    assert sample.positive is not None
    return _estimate_class(sample, sample.positive)


def estimate_macro(sample: Sample) -> Estimate:
    """Return its plain mean over the classes that occur among the rows."""
    parts = [_estimate_class(sample, code) for code in sample.present()]
    return combine(parts, np.full(len(parts), 1 / len(parts)))


def remeasure(sample: Sample) -> Remeasure:
    assert sample.positive is not None
    return _remeasure_class(sample, sample.positive)


def remeasure_macro(sample: Sample) -> Remeasure:
    measures = [_remeasure_class(sample, code) for code in sample.present()]
    return lambda weights: float(np.mean([measure(weights) for measure in measures]))


def _estimate_class(sample: Sample, code: int) -> Estimate:
    """Sum the precision at each threshold over the steps of recall; ties share a threshold.

    A row adds to the precision at its own threshold, and changes that at every lower one: to first order
    by (whether it is of the class − the precision) / the rows seen. Both sums run along one ranking.
    """
    positive = sample.target == code
    ranking = rank(-sample.scores(code))
    seen = ranking.count() if sample.weights is None else ranking.accumulate(sample.weights)
    hits = ranking.accumulate(sample.weigh(positive))
    if not hits[-1] > 0:
        raise Undefined("no row is of the class")
    steps, precision, per_seen = split_steps(hits), _divide(hits, seen), _divide(1, seen)
    value = dot(steps, precision) / hits[-1]
    gains, costs = _sum_from(steps * per_seen), _sum_from(steps * precision * per_seen)
    moves = np.where(positive[ranking.order], ranking.widen(precision + gains) - value, 0) - ranking.widen(
        costs
    )
    influence = ranking.to_rows(moves * (sample.rows / hits[-1]))
    return Estimate(value, correct_spread(sample.weigh(influence)))


def _remeasure_class(sample: Sample, code: int) -> Remeasure:
    ranking = rank(-sample.scores(code))
    positive = sample.target == code

    def measure(weights: Numbers) -> float:
        hits, seen = ranking.accumulate(weights * positive), ranking.accumulate(weights)
        if not hits[-1] > 0:
            raise Undefined("no row is of the class")
        return dot(split_steps(hits), _divide(hits, seen)) / float(hits[-1])

    return measure


def _divide(part: Numbers | int, seen: NDArray[Any]) -> Numbers:
    """Where rows that weigh nothing come first, nothing is seen yet."""
    share: Numbers = np.divide(part, seen, out=np.zeros(seen.size), where=seen > 0)
    return share


def _sum_from(steps: Numbers) -> Numbers:
    """Return (k,) the sum from each step to the last."""
    return np.cumsum(steps[::-1])[::-1]


AVERAGE_PRECISION = Metric(
    name="average_precision",
    title="Average precision",
    higher_is_better=True,
    tasks=frozenset({"binary"}),
    needs="probabilities",
    method=METHOD,
    docs="Precision averaged over all thresholds, by steps of recall; suits rare positives.",
    estimate=estimate,
    interval="resampled",
    remeasure=remeasure,
)

AVERAGE_PRECISION_MACRO = Metric(
    name="average_precision_macro",
    title="Average precision (macro)",
    higher_is_better=True,
    tasks=frozenset({"multiclass"}),
    needs="probabilities",
    method=METHOD,
    docs="The average precision of each class against the others, averaged over the classes.",
    estimate=estimate_macro,
    interval="resampled",
    remeasure=remeasure_macro,
)
