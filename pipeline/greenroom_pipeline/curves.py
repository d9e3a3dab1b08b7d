"""The curves of a report: ROC, precision–recall, calibration and residuals, few enough points to draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.distributions import ModelName
from greenroom_pipeline.metrics.metric import Numbers, Sample
from greenroom_pipeline.metrics.ranking import rank
from greenroom_pipeline.report import Curve, Point
from greenroom_pipeline.target import Target

MOST_POINTS = 200
MOST_CLASSES = 8
BINS = 10
RESIDUAL_BINS = 20


def draw_curves(target: Target, samples: Mapping[ModelName, Sample]) -> list[Curve]:
    """Return a ROC, a precision–recall and a calibration curve of each model that gives probabilities.

    Binary tasks have them for the positive class, multiclass ones for the most frequent classes. Regressions
    have the mean residual over the prediction instead. Every row counts once, whatever its weight.
    """
    if target.task == "regression":
        return [
            Curve(kind="residuals", model=model, points=residual_points(sample))
            for model, sample in samples.items()
        ]
    drawn = [
        (code, model, sample)
        for code in choose_classes(target)
        for model, sample in samples.items()
        if sample.probabilities is not None
    ]
    return [curve for code, model, sample in drawn for curve in _draw_class(sample, code=code, model=model)]


def choose_classes(target: Target) -> list[int]:
    """Return the codes of the classes that are drawn, each against the others."""
    if target.positive is not None:
        return [target.positive]
    codes, counts = np.unique(target.values, return_counts=True)
    frequent = codes[np.argsort(-counts, kind="stable")[:MOST_CLASSES]]
    return sorted(int(code) for code in frequent)


def ranked_points(sample: Sample, *, code: int) -> tuple[list[Point], list[Point]]:
    """Return the ROC curve of one class and its precision–recall curve, from one sort.

    ROC: false against true positive rate, from corner to corner. Precision–recall: recall against precision,
    to the point of all rows; it starts level, since the precision of the very first rows is chance.
    """
    true, false = _count_from_above(sample.target == code, sample.raw_scores(code))
    found, alarmed = true / true[-1], false / false[-1]
    roc = _thin(alarmed, found, along=alarmed + found)
    precision_recall = _thin(found, true / (true + false), along=found)
    return [Point(x=0, y=0), *roc], [Point(x=0, y=precision_recall[0].y), *precision_recall]


def calibration_points(sample: Sample, *, code: int) -> list[Point]:
    """Return mean probability against what share was really of the class, in bins of equal counts."""
    scores = np.clip(sample.scores(code), 0, 1)
    return _join(*_average_in_bins(scores, sample.target == code, bins=BINS))


def residual_points(sample: Sample) -> list[Point]:
    """Return mean prediction against mean residual, predicted − actual, in bins of equal counts."""
    predicted, actual = _average_in_bins(sample.predicted, sample.target, bins=RESIDUAL_BINS)
    return _join(predicted, predicted - actual)


def _draw_class(sample: Sample, *, code: int, model: ModelName) -> list[Curve]:
    roc, precision_recall = ranked_points(sample, code=code)
    label = sample.classes[code]
    return [
        Curve(kind="roc", model=model, label=label, points=roc),
        Curve(kind="precision_recall", model=model, label=label, points=precision_recall),
        Curve(kind="calibration", model=model, label=label, points=calibration_points(sample, code=code)),
    ]


def _average_in_bins(by: Numbers, values: NDArray[Any], *, bins: int) -> tuple[Numbers, Numbers]:
    """Return the means of *by* and of *values* in bins of equal counts of *by*, equal ones in one bin."""
    edges = np.unique(np.quantile(by, np.arange(1, bins) / bins))
    places = np.searchsorted(edges, by, side="left")
    counts = np.bincount(places)
    filled = counts > 0
    means, others = (np.bincount(places, weights=each)[filled] / counts[filled] for each in (by, values))
    return means, others


def _count_from_above(
    of_class: NDArray[np.bool_], scores: NDArray[np.floating[Any]]
) -> tuple[Numbers, Numbers]:
    """Return (k,) the rows of the class, and the others, that score at least each of k scores, highest first."""
    ranking = rank(scores)
    below, true_below = (
        np.concatenate([[0.0], until[:-1]]) for until in (ranking.count(), ranking.accumulate(of_class))
    )
    true = np.count_nonzero(of_class) - true_below[::-1].astype(np.float64)
    return true, of_class.size - below[::-1] - true


def _thin(xs: Numbers, ys: Numbers, *, along: Numbers) -> list[Point]:
    """Return points evenly along the curve, after its start and up to its end; *along* rises from 0."""
    places = np.searchsorted(along, np.linspace(0, along[-1], MOST_POINTS)[1:-1])
    kept = np.unique(np.append(places, along.size - 1))
    return _join(xs[kept], ys[kept])


def _join(xs: ArrayLike, ys: ArrayLike) -> list[Point]:
    pairs = zip(np.asarray(xs).tolist(), np.asarray(ys).tolist(), strict=True)
    return [Point(x=x, y=y) for x, y in pairs]
