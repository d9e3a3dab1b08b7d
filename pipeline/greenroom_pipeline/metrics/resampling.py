"""The paired bootstrap, for metrics whose influence has no form of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.comparison import Comparison
from greenroom_pipeline.metrics.metric import Metric, Numbers, Sample, Undefined, measure, normalize_weights

RESAMPLES = 2_000
# With fewer defined resamples than this share nothing is said: the metric is undefined too near by.
FEWEST_DEFINED = 0.95


@dataclass(frozen=True)
class Draws:
    """A metric of both models on rows drawn anew, the same rows for both."""

    candidate: Numbers
    """(resamples,)"""
    champion: Numbers | None


def draw_again(
    metric: Metric,
    candidate: Sample,
    champion: Sample | None,
    *,
    groups: NDArray[np.integer] | None,
    seed: int,
    resamples: int = RESAMPLES,
) -> Draws | None:
    """Measure the metric on resampled rows: by group, or within each class, or plainly.

    None when the metric is undefined on too many of them. The same *seed* draws the same rows.
    """
    ours, theirs = [], []
    for counts in _draw_counts(candidate, groups=groups, seed=seed, resamples=resamples):
        try:
            first = measure(metric, _weigh_again(candidate, counts)).value
            second = None if champion is None else measure(metric, _weigh_again(champion, counts)).value
        except Undefined:
            continue
        ours.append(first)
        theirs.append(second)
    if len(ours) < FEWEST_DEFINED * resamples:
        return None
    return Draws(np.asarray(ours), None if champion is None else np.asarray(theirs, dtype=np.float64))


def compare_draws(difference: float, draws: Numbers, *, confidence: float) -> Comparison:
    """Return the percentile interval of drawn differences, and twice the share beyond 0 as p."""
    low, high = percentile_interval(draws, confidence=confidence)
    beyond = min((draws <= 0).sum(), (draws >= 0).sum())
    p_value = min(1.0, 2 * float(beyond + 1) / (draws.size + 1))
    return Comparison(difference, (low, high), p_value)


def percentile_interval(draws: Numbers, *, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def _draw_counts(
    sample: Sample, *, groups: NDArray[np.integer] | None, seed: int, resamples: int
) -> Iterator[NDArray[np.intp]]:
    """Yield how often each row is drawn."""
    random = np.random.default_rng(seed)
    # Classes are drawn apart, so that none is missing from a resample.
    strata = _split_classes(sample) if groups is None else []
    codes = None if groups is None else np.unique(groups, return_inverse=True)[1]
    for _ in range(resamples):
        if codes is not None:
            groups_drawn = codes.max() + 1
            counted = np.bincount(random.integers(groups_drawn, size=groups_drawn), minlength=groups_drawn)
            yield counted[codes]
            continue
        counts = np.zeros(sample.rows, dtype=np.intp)
        for rows in strata:
            counts[rows] = np.bincount(random.integers(rows.size, size=rows.size), minlength=rows.size)
        yield counts


def _split_classes(sample: Sample) -> list[NDArray[np.intp]]:
    target: NDArray[Any] = sample.target
    if target.dtype.kind == "f":
        return [np.arange(target.size)]
    return [np.flatnonzero(target == code) for code in np.unique(target)]


def _weigh_again(sample: Sample, counts: NDArray[np.intp]) -> Sample:
    weights = counts if sample.weights is None else counts * sample.weights
    return replace(sample, weights=normalize_weights(weights.astype(np.float64)))
