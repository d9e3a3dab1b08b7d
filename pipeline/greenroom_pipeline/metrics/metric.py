"""What a metric is: an estimate and each row's influence on it, from one model's answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.report import Task

# Its square, summed over the rows of any holdout, is still a number.
LARGEST = 1e140


class Undefined(Exception):
    """The metric has no value on these rows; the message ends the sentence "it is undefined: …"."""


@dataclass(frozen=True)
class Sample:
    """One model's answers beside the truth, on the same n rows."""

    target: NDArray[Any]
    """(n,) class codes, or numbers."""
    predicted: NDArray[Any]
    """(n,) in the target's coding."""
    probabilities: NDArray[np.float64] | None = None
    """(n, k), a column for each class code."""
    positive: int | None = None
    """The code of the positive class in binary tasks, else None."""

    def take(self, rows: NDArray[np.intp]) -> Sample:
        """Return the same of some rows."""
        probabilities = None if self.probabilities is None else self.probabilities[rows]
        return Sample(self.target[rows], self.predicted[rows], probabilities, self.positive)


@dataclass(frozen=True)
class Estimate:
    """A metric's value, and how much each row moves it."""

    value: float
    influence: NDArray[np.float64] | None
    """(n,), scaled so that the sum of its squares over n² is the value's variance, with the correction
    for small samples that suits the metric. None when there are too few rows to tell."""


@dataclass(frozen=True)
class Metric:
    """One way to score a model."""

    name: str
    title: str
    higher_is_better: bool
    tasks: frozenset[Task]
    needs: Literal["probabilities", "labels", "numbers"]
    method: str
    """How its intervals are made, as the report says it."""
    docs: str
    """One line for the list of metrics."""
    estimate: Callable[[Sample], Estimate]
    """Raises `Undefined`."""


def measure(metric: Metric, sample: Sample) -> Estimate:
    """Return the metric's estimate; raises `Undefined` rather than giving a value that is not a number."""
    if sample.target.size == 0:
        raise Undefined("there are no rows")
    if metric.needs == "probabilities" and sample.probabilities is None:
        raise Undefined("the model gives no probabilities")
    with np.errstate(all="ignore"):
        estimate = metric.estimate(sample)
    spread = 0.0 if estimate.influence is None else np.abs(estimate.influence).max()
    # Written so that NaN fails it too.
    if not (abs(estimate.value) < LARGEST and spread < LARGEST):
        raise Undefined("the predictions are too large to compute with")
    return estimate


def correct_spread(influence: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Scale a plain influence by √(n/(n−1)), as the variance of a mean needs; None for a single row."""
    rows = influence.size
    return influence * np.sqrt(rows / (rows - 1)) if rows > 1 else None


def average(losses: NDArray[np.float64]) -> Estimate:
    """Return the mean of per-row values: its influence is each row's distance from it."""
    value = float(losses.mean())
    return Estimate(value, correct_spread(losses - value))
