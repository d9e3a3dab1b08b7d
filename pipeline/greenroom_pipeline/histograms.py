"""How both models' probabilities or residuals are spread, counted in bins that both share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.curves import choose_classes
from greenroom_pipeline.distributions import Histogram, ModelName
from greenroom_pipeline.metrics.metric import Numbers, Sample
from greenroom_pipeline.target import Target

SCORE_BINS = 20
RESIDUAL_BINS = 30
TAIL = 0.005
"""The share of both models' residuals beyond either end of their bins: a few extremes would flatten the rest."""


def draw_histograms(target: Target, samples: Mapping[ModelName, Sample]) -> list[Histogram]:
    """Count probabilities by true class, or residuals; every row counts once, whatever its weight.

    Binary tasks have the positive class's probability on the rows of each class. Multiclass ones have that of
    each of the most frequent classes, on the rows that are of it and on all rows.
    """
    if target.task == "regression":
        return _count_residuals(samples)
    return [
        histogram
        for code in choose_classes(target)
        for model, sample in samples.items()
        if sample.probabilities is not None
        for histogram in _count_scores(sample, code=code, model=model)
    ]


def _count_scores(sample: Sample, *, code: int, model: ModelName) -> list[Histogram]:
    edges = np.arange(SCORE_BINS + 1) / SCORE_BINS
    bins = np.searchsorted(edges[1:-1], sample.scores(code), side="right")
    of_class = np.bincount(bins[sample.target == code], minlength=SCORE_BINS)
    all_rows = np.bincount(bins, minlength=SCORE_BINS)
    parts: dict[str | None, NDArray[np.intp]] = {sample.classes[code]: of_class, None: all_rows}
    if sample.positive is not None:
        parts = {
            name: of_class if place == code else all_rows - of_class
            for place, name in enumerate(sample.classes)
        }
    return [
        Histogram(
            kind="scores",
            model=model,
            label=sample.classes[code],
            of=name,
            edges=edges.tolist(),
            counts=counts.tolist(),
        )
        for name, counts in parts.items()
    ]


def _count_residuals(samples: Mapping[ModelName, Sample]) -> list[Histogram]:
    residuals = {model: sample.predicted - sample.target for model, sample in samples.items()}
    edges = _place_edges(np.concatenate(list(residuals.values())))
    return [
        Histogram(
            kind="residuals",
            model=model,
            edges=edges.tolist(),
            counts=np.histogram(values, bins=edges)[0].tolist(),
        )
        for model, values in residuals.items()
    ]


def _place_edges(residuals: Numbers) -> Numbers:
    low, high = (float(end) for end in np.quantile(residuals, [TAIL, 1 - TAIL]))
    largest = max(abs(low), abs(high))
    if high - low <= largest * 1e-9:
        # All alike: bins around them that 64 bits can tell apart.
        low, high = low - max(0.5, largest * 1e-3), high + max(0.5, largest * 1e-3)
    return np.linspace(low, high, RESIDUAL_BINS + 1)
