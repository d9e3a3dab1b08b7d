"""The curves of a report: ROC and calibration, of both models, few enough points to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.metrics.metric import Sample
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import Curve, Point, Task
from greenroom_pipeline.target import Target, read_sample, read_target

MOST_POINTS = 200
MOST_CLASSES = 8
BINS = 10


def draw_curves(
    *,
    task: Task,
    target: ArrayLike | pd.Series[Any],
    candidate: Predictions,
    champion: Predictions | None,
    positive: str | None = None,
) -> list[Curve]:
    """Return a ROC and a calibration curve of each model that gives probabilities; none for regression.

    Binary tasks have them for the positive class, multiclass ones for the most frequent classes.
    """
    if task == "regression":
        return []
    truth = read_target(target, task=task, candidate=candidate, champion=champion, positive=positive)
    samples = {"candidate": read_sample(candidate, target=truth)}
    if champion is not None:
        samples["champion"] = read_sample(champion, target=truth)
    return [
        Curve(kind=kind, model=model, label=truth.classes[code], points=draw(sample, code=code))
        for code in _choose_classes(truth)
        for kind, draw in (("roc", roc_curve_points), ("calibration", calibration_points))
        for model, sample in samples.items()
        if sample.probabilities is not None
    ]


def roc_curve_points(sample: Sample, *, code: int) -> list[Point]:
    """Return the ROC curve of one class against the others: false against true positive rate."""
    # Imported where it is used: a run that finds its report recorded draws nothing.
    from sklearn.metrics import roc_curve

    assert sample.probabilities is not None
    false_rate, true_rate, _ = roc_curve(sample.target == code, sample.probabilities[:, code])
    # Evenly along the curve, both ends included.
    way = false_rate + true_rate
    places = np.searchsorted(way, np.linspace(0, way[-1], MOST_POINTS))
    kept = np.unique(np.concatenate([[0], places[1:-1], [way.size - 1]]))
    return _join(false_rate[kept], true_rate[kept])


def calibration_points(sample: Sample, *, code: int) -> list[Point]:
    """Return mean probability against what share was really of the class, in bins of equal counts."""
    assert sample.probabilities is not None
    from sklearn.calibration import calibration_curve

    scores = np.clip(sample.probabilities[:, code], 0, 1)
    share, mean = calibration_curve(sample.target == code, scores, n_bins=BINS, strategy="quantile")
    return _join(mean, share)


def _choose_classes(target: Target) -> list[int]:
    if target.positive is not None:
        return [target.positive]
    codes, counts = np.unique(target.values, return_counts=True)
    frequent = codes[np.argsort(-counts, kind="stable")[:MOST_CLASSES]]
    return sorted(int(code) for code in frequent)


def _join(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> list[Point]:
    return [Point(x=float(x), y=float(y)) for x, y in zip(xs, ys, strict=True)]
