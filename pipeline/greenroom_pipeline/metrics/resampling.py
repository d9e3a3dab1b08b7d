"""The paired bootstrap, for metrics whose influence does not serve on few rows, or that have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from greenroom_pipeline.metrics.comparison import Comparison
from greenroom_pipeline.metrics.metric import (
    Metric,
    Numbers,
    Remeasure,
    Sample,
    Undefined,
    measure,
    normalize_weights,
)

RESAMPLES = 2_000
# With fewer defined resamples than this share nothing is said: the metric is undefined too near by.
FEWEST_DEFINED = 0.95
# With fewer draws beyond 0 their share says too little, as correcting for many slices needs small p-values.
FEWEST_BEYOND = 5

Draw = Callable[[np.random.Generator], NDArray[np.intp]]
"""Return how often each of the n rows is drawn."""


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
    """Measure the metric on resampled rows: by group, or plainly.

    None when there is but one row or group to draw, or when the metric is undefined on too many resamples.
    The same *seed* draws the same rows.
    """
    draw = _prepare_rows(candidate.rows) if groups is None else _prepare_groups(groups)
    if draw is None:
        return None
    models = (candidate,) if champion is None else (candidate, champion)
    values = _measure_draws([_prepare(metric, model) for model in models], draw, seed, resamples)
    if len(values) < FEWEST_DEFINED * resamples:
        return None
    columns = np.asarray(values).T
    return Draws(columns[0], None if champion is None else columns[1])


def compare_draws(difference: float, draws: Numbers, *, confidence: float) -> Comparison:
    """Return the percentile interval of drawn differences, and twice the share beyond 0 as p."""
    interval = percentile_interval(draws, confidence=confidence)
    beyond = int(min((draws <= 0).sum(), (draws >= 0).sum()))
    p_value = min(1.0, 2 * (beyond + 1) / (draws.size + 1))
    if beyond < FEWEST_BEYOND:
        p_value = min(p_value, _bound_tail(difference, draws))
    return Comparison(difference, interval, p_value)


def _bound_tail(difference: float, draws: Numbers) -> float:
    """Return the p of a normal tail, which is smaller than counting can show."""
    error = float(draws.std())
    return 2 * float(norm.sf(abs(difference) / error)) if error > 0 else float(difference == 0)


def percentile_interval(draws: Numbers, *, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def _measure_draws(measures: list[Remeasure], draw: Draw, seed: int, resamples: int) -> list[list[float]]:
    random = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        counts = draw(random).astype(np.float64)
        try:
            values.append([measure(counts) for measure in measures])
        except Undefined:
            continue
    return values


def _prepare(metric: Metric, sample: Sample) -> Remeasure:
    """Return what measures the metric with rows counted as they are drawn, and by their own weights."""
    remeasure = metric.remeasure(sample) if metric.remeasure else _measure_afresh(metric, sample)
    own = sample.weights
    return remeasure if own is None else lambda counts: remeasure(counts * own)


def _measure_afresh(metric: Metric, sample: Sample) -> Remeasure:
    return lambda weights: measure(metric, replace(sample, weights=normalize_weights(weights))).value


def _prepare_groups(groups: NDArray[np.integer]) -> Draw | None:
    size = int(groups.max()) + 1
    if size < 2:
        return None
    return lambda random: np.bincount(random.integers(size, size=size), minlength=size)[groups]


def _prepare_rows(rows: int) -> Draw | None:
    """Rows are drawn plainly: how many are of which class is a matter of chance too."""
    if rows < 2:
        return None
    return lambda random: np.bincount(random.integers(rows, size=rows), minlength=rows)
