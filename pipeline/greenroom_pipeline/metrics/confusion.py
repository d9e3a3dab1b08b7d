"""Metrics of labels that follow from the confusion matrix: its diagonal and both of its margins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.metric import Estimate, Sample, Undefined, correct_spread
from greenroom_pipeline.metrics.smooth import differentiate

Shares = NDArray[Any]
"""(…, k) a share of all rows for each class."""
Score = Callable[[Shares, Shares, Shares], Shares]
"""From shares of hits, of true and of predicted rows to a value of each class, (…, k)."""


def estimate_confusion(sample: Sample, score: Callable[[Shares, Shares, Shares], NDArray[Any]]) -> Estimate:
    """Return *score* of the shares of hits, true and predicted rows by class, influence by the delta method.

    Rows with the same true and predicted class move it alike, so all is found from the table of the two.
    """
    classes = int(max(sample.target.max(), sample.predicted.max())) + 1
    cells = sample.target * np.intp(classes) + sample.predicted
    table = (
        np.bincount(cells, weights=sample.weights, minlength=classes**2).reshape(classes, classes)
        / sample.rows
    )

    def formula(shares: NDArray[Any]) -> NDArray[Any]:
        return score(shares[..., :classes], shares[..., classes : 2 * classes], shares[..., 2 * classes :])

    point = np.concatenate([table.diagonal(), table.sum(axis=1), table.sum(axis=0)])
    slopes = differentiate(formula, point)
    of_hit, of_true, of_predicted = np.split(slopes, 3)
    moves = np.diag(of_hit) + of_true[:, None] + of_predicted - slopes @ point
    return Estimate(float(formula(point)), correct_spread(sample.weigh(moves.ravel()[cells])))


def precision(hits: Shares, true: Shares, predicted: Shares) -> Shares:
    return _divide(hits, predicted)


def recall(hits: Shares, true: Shares, predicted: Shares) -> Shares:
    return _divide(hits, true)


def f1(hits: Shares, true: Shares, predicted: Shares) -> Shares:
    return _divide(2 * hits, true + predicted)


def of_positive(score: Score) -> Callable[[Sample], Estimate]:
    """Return the estimate of the positive class's score."""

    def estimate(sample: Sample) -> Estimate:
        code = sample.positive
        assert code is not None
        if sample.average(sample.target == code) == 0:
            raise Undefined("no row is of the positive class")
        if score is precision and sample.average(sample.predicted == code) == 0:
            raise Undefined("no row is predicted as the positive class")
        return estimate_confusion(sample, lambda *shares: score(*shares)[..., code])

    return estimate


def macro(score: Score) -> Callable[[Sample], Estimate]:
    """Return the estimate of the plain mean over the classes that occur among the rows.

    Only classes of the target count, so that both models are averaged over the same ones. A class that is
    never predicted has precision 0, as in scikit-learn.
    """
    return lambda sample: estimate_confusion(sample, lambda *shares: _mean(score(*shares), shares[1]))


def weighted(score: Score) -> Callable[[Sample], Estimate]:
    """Return the estimate of the mean over the classes, each by its share of the rows."""
    return lambda sample: estimate_confusion(
        sample, lambda hits, true, predicted: (score(hits, true, predicted) * true).sum(axis=-1)
    )


def _mean(scores: Shares, true: Shares) -> NDArray[Any]:
    present = true.real > 0
    return np.asarray((scores * present).sum(axis=-1) / present.sum(axis=-1))


def _divide(part: Shares, whole: Shares) -> Shares:
    empty = whole.real == 0
    return np.where(empty, 0, part / np.where(empty, 1, whole))
