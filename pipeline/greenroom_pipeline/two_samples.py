"""Two samples of one column: how far apart they are, and whether that could be chance."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, ks_2samp

from greenroom_pipeline.distances import measure_jensen_shannon, measure_kolmogorov_smirnov
from greenroom_pipeline.metrics.metric import Numbers

MISSING = "(missing)"
OTHERS = "(others)"
# Cochran's rule: below it the chi-square distribution does not hold.
LEAST_EXPECTED = 5
MOST_CATEGORIES = 200
# Above it the exact distribution is no other, and takes long.
_EXACT_ROWS = 1_000

Counts = NDArray[np.int64]


class Categories(NamedTuple):
    """How often each category occurs in both samples."""

    names: list[str]
    counts: Counts
    """(2, k), first and second sample."""


def compare_numbers(first: Numbers, second: Numbers) -> float:
    """Return p of the two-sample Kolmogorov–Smirnov test; a missing number counts as less than any."""
    method: Literal["exact", "asymp"] = "exact" if max(first.size, second.size) <= _EXACT_ROWS else "asymp"
    return float(ks_2samp(_order(first), _order(second), method=method).pvalue)


def measure_numbers(first: Numbers, second: Numbers) -> float:
    """Return the Kolmogorov–Smirnov distance, 0 to 1; a missing number counts as less than any."""
    return measure_kolmogorov_smirnov(np.sort(_order(first)), np.sort(_order(second)))


def compare_counts(counts: Counts) -> float:
    """Return p of the two-sample chi-square test: neither sample is taken for the truth."""
    told = counts[:, counts.sum(axis=0) > 0]
    if told.shape[1] < 2 or not told.sum(axis=1).all():
        return 1.0
    return float(chi2_contingency(told, correction=False).pvalue)


def measure_counts(counts: Counts) -> float:
    """Return the Jensen–Shannon distance of the shares by the natural logarithm, 0 to √ln 2."""
    first, second = counts / counts.sum(axis=1, keepdims=True)
    distance = measure_jensen_shannon(first, second)
    # Shares that are equal but for rounding give the root of a number just below 0.
    return distance if np.isfinite(distance) else 0.0


def count_categories(first: pd.Series[Any], second: pd.Series[Any]) -> Categories:
    """Count the categories of both, most frequent first; missing ones are a category of their own."""
    codes, names = pd.factorize(pd.concat([first, second], ignore_index=True).fillna(MISSING))
    parts = codes[: len(first)], codes[len(first) :]
    counts = np.stack([np.bincount(part, minlength=len(names)) for part in parts]).astype(np.int64)
    order = np.argsort(-counts.sum(axis=0), kind="stable")
    return Categories([str(names[place]) for place in order], counts[:, order])


def join_rare(found: Categories) -> Categories:
    """Put categories together that are too rare for the test, by both samples' rows and so without favour.

    Where even together they are too rare, they join the rarest of the others.
    """
    counts, rows = found.counts, found.counts.sum(axis=1)
    expected = counts.sum(axis=0) * rows.min() / max(rows.sum(), 1)
    kept = min(int((expected >= LEAST_EXPECTED).sum()), MOST_CATEGORIES)
    if kept == counts.shape[1]:
        return found
    if kept and expected[kept:].sum() < LEAST_EXPECTED:
        kept -= 1
    rest = counts[:, kept:].sum(axis=1, keepdims=True)
    return Categories([*found.names[:kept], OTHERS], np.hstack([counts[:, :kept], rest]))


def _order(numbers: Numbers) -> Numbers:
    return np.where(np.isnan(numbers), -np.inf, numbers)
