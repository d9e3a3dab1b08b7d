"""The delta method: values that are smooth functions of means, with their influence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.metric import Estimate, Numbers, Sample, correct_spread

Formula = Callable[[NDArray[Any]], NDArray[Any]]
"""From means along the last axis to the value; plain arithmetic and roots, on complex numbers too."""

# So small that its square is nothing beside 1: the complex step is exact to the last digit.
STEP = 1e-100


def estimate_smooth(columns: Sequence[Numbers], formula: Formula, sample: Sample) -> Estimate:
    """Return *formula* of the columns' means; a row moves it by its distance from them along the gradient."""
    means = np.asarray([sample.average(column) for column in columns])
    value = float(formula(means))
    influence = np.zeros(sample.rows)
    for column, mean, slope in zip(columns, means, differentiate(formula, means), strict=True):
        influence += slope * (column - mean)
    return Estimate(value, correct_spread(sample.weigh(influence)))


def differentiate(formula: Formula, point: Numbers) -> Numbers:
    """Return the gradient at *point*, (k,), by complex steps (Squire & Trapp 1998)."""
    return np.asarray(np.imag(formula(point + 1j * STEP * np.eye(point.size))) / STEP, dtype=np.float64)
