"""The paired comparison: from two estimates on the same rows to a difference, its interval and p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from greenroom_pipeline.metrics.metric import Estimate, Numbers, dot

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
    candidate: Estimate, champion: Estimate, *, confidence: float, groups: NDArray[np.integer] | None = None
) -> Comparison:
    """Compare two estimates on the same rows; *groups* are codes of rows that are not independent, all used.

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
    spread = measure_spread(paired, groups=groups)
    if spread is None:
        return Comparison(difference, None, None)
    return Comparison(
        difference, spread.interval(difference, confidence=confidence), spread.p_value(difference)
    )


@dataclass(frozen=True)
class Spread:
    """How much an estimate varies from holdout to holdout."""

    error: float
    """The standard error."""
    freedom: int | None
    """Degrees of freedom of Student's t; None for the normal distribution."""

    def interval(self, value: float, *, confidence: float) -> tuple[float, float]:
        tail = (1 - confidence) / 2
        quantile = norm.isf(tail) if self.freedom is None else t.isf(tail, self.freedom)
        half = self.error * float(quantile)
        return value - half, value + half

    def p_value(self, value: float) -> float:
        """Return the two-sided p of *value* being 0."""
        if self.error <= 0:
            return float(value == 0)
        z = abs(value) / self.error
        return 2 * float(norm.sf(z) if self.freedom is None else t.sf(z, self.freedom))


def measure_spread(influence: Numbers, *, groups: NDArray[np.integer] | None) -> Spread | None:
    """Return the spread that an influence stands for; None for a single group."""
    if groups is None:
        return Spread(float(np.sqrt(dot(influence, influence)) / influence.size), None)
    sums = np.bincount(groups, weights=influence)
    if sums.size < 2:
        return None
    # The correction is G/(G−1); the n/(n−1) that the influence carries vanishes beside it.
    error = float(np.sqrt(dot(sums, sums) * sums.size / (sums.size - 1)) / influence.size)
    return Spread(error, sums.size - 1)


def adjust_holm(p_values: Sequence[float]) -> Numbers:
    """Return p-values corrected for being many, by Holm 1979: reject where they are at most α."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(p_values) else steps
    return adjusted


def adjust_benjamini_hochberg(p_values: Sequence[float]) -> Numbers:
    """Return p-values corrected for the false discovery rate, by Benjamini & Hochberg 1995."""
    order = np.argsort(p_values, kind="stable")
    many = len(p_values)
    steps = np.asarray(p_values, dtype=np.float64)[order] * many / np.arange(1, many + 1)
    adjusted = np.empty(many)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1)
    return adjusted


def _alike(candidate: Estimate, champion: Estimate, *, paired: Numbers) -> bool:
    """Whether no row tells the models apart by more than rounding."""
    assert candidate.influence is not None
    if abs(candidate.value - champion.value) > max(abs(candidate.value), abs(champion.value)) * ROUNDING:
        return False
    return bool(np.abs(paired).max() <= np.abs(candidate.influence).max() * ROUNDING)
