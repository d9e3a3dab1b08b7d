"""The paired comparison: from two estimates on the same rows to a difference, its interval and p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from greenroom_pipeline.metrics.metric import Estimate

# Sums of 64-bit numbers in another order differ by this much at most.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Comparison:
    """Candidate − champion in the metric's own units."""

    difference: float
    interval: tuple[float, float] | None
    """Two-sided; None when there are too few rows or groups to tell."""
    p_value: float | None
    """Two-sided, of no difference; None with the interval."""


def compare(
    candidate: Estimate, champion: Estimate, *, confidence: float, groups: NDArray[np.intp] | None = None
) -> Comparison:
    """Compare two estimates on the same rows; *groups* are codes of rows that are not independent.

    Rows are summed within their group first, and then the groups are the sample: few of them need
    Student's t with one degree of freedom less than there are groups. Without groups the quantile is
    the normal one, as in DeLong's test.
    """
    difference = candidate.value - champion.value
    if candidate.influence is None or champion.influence is None:
        return Comparison(difference, None, None)
    paired = candidate.influence - champion.influence
    if _alike(candidate, champion, paired=paired):
        return Comparison(0.0, (0.0, 0.0), 1.0)
    freedom = None if groups is None else np.unique(groups).size - 1
    if freedom is not None and freedom < 1:
        return Comparison(difference, None, None)
    error = _standard_error(paired) if groups is None else _grouped_error(paired, groups)
    half = error * _quantile((1 - confidence) / 2, freedom)
    p_value = 2 * _tail(abs(difference) / error, freedom) if error > 0 else float(difference == 0)
    return Comparison(difference, (difference - half, difference + half), p_value)


def adjust_holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Return p-values corrected for being many, by Holm 1979: reject where they are at most α."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(p_values) else steps
    return adjusted


def _alike(candidate: Estimate, champion: Estimate, *, paired: NDArray[np.float64]) -> bool:
    """Whether no row tells the models apart by more than rounding."""
    assert candidate.influence is not None
    values = max(abs(candidate.value), abs(champion.value)) * ROUNDING
    rows = np.abs(candidate.influence).max() * ROUNDING
    return bool(abs(candidate.value - champion.value) <= values and np.abs(paired).max() <= rows)


def _quantile(tail: float, freedom: int | None) -> float:
    return float(norm.isf(tail) if freedom is None else t.isf(tail, freedom))


def _tail(z: float, freedom: int | None) -> float:
    return float(norm.sf(z) if freedom is None else t.sf(z, freedom))


def _standard_error(influence: NDArray[np.float64]) -> float:
    return float(np.sqrt(influence @ influence) / influence.size)


def _grouped_error(influence: NDArray[np.float64], groups: NDArray[np.intp]) -> float:
    """The correction is G/(G−1); the n/(n−1) that the influence carries vanishes beside it."""
    _, codes = np.unique(groups, return_inverse=True)
    sums = np.bincount(codes, weights=influence)
    return float(np.sqrt(sums @ sums * sums.size / (sums.size - 1)) / influence.size)
