"""How far apart two distributions are: effect sizes, each with its own units and its own noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2

from greenroom_pipeline.metrics.metric import Numbers

BINS = 10
# An empty bin would make the index infinite.
SMALLEST_SHARE = 1e-4


def measure_stability(expected: Numbers, actual: Numbers) -> float:
    """Return the population stability index of two (bins,) shares; 0 is alike."""
    before, after = (np.maximum(shares, SMALLEST_SHARE) for shares in (expected, actual))
    return float(((after - before) * np.log(after / before)).sum())


def bound_stability(first: int, second: int, *, bins: int) -> float:
    """Return what the index stays below in 95 % of pairs of samples from one distribution (Yurdakul 2018).

    *first* and *second* are their rows. The index of the same rows twice is less noisy still.
    """
    return float((1 / first + 1 / second) * chi2.ppf(0.95, bins - 1))


def cut_shares(expected: Numbers, actual: Numbers) -> tuple[Numbers, Numbers]:
    """Return the shares of both in the bins that cut *expected* into tenths; equal values never part."""
    edges = np.unique(np.quantile(expected, np.arange(1, BINS) / BINS))
    return _share_bins(expected, edges), _share_bins(actual, edges)


def measure_kolmogorov_smirnov(first: Numbers, second: Numbers) -> float:
    """Return the greatest distance of the two distribution functions; both come sorted."""
    values = np.concatenate([first, second])
    below = (np.searchsorted(each, values, side="right") / each.size for each in (first, second))
    return float(np.abs(np.subtract(*below)).max())


def measure_wasserstein(first: Numbers, second: Numbers) -> float:
    """Return the mean distance of two samples of one size, sorted: each value to the one of its rank."""
    return float(np.abs(first - second).mean())


def measure_jensen_shannon(first: Numbers, second: Numbers) -> float:
    """Return the distance of two (classes,) shares by the natural logarithm, 0 to √ln 2."""
    return float(jensenshannon(first, second))


def _share_bins(values: Numbers, edges: NDArray[np.float64]) -> Numbers:
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=edges.size + 1)
    return counts / values.size
