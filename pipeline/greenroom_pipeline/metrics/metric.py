"""What a metric is: an estimate and each row's influence on it, from one model's answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.report import Task

# Its square, summed over the rows of any holdout, is still a number.
LARGEST = 1e140

Numbers = NDArray[np.float64]


class Undefined(Exception):
    """The metric has no value on these rows; the message ends the sentence "it is undefined: …"."""


@dataclass(frozen=True)
class Sample:
    """One model's answers beside the truth, on the same n rows."""

    target: NDArray[Any]
    """(n,) class codes, or numbers."""
    predicted: NDArray[Any]
    """(n,) in the target's coding."""
    probabilities: NDArray[np.floating[Any]] | None = None
    """(n, k), a column for each class code, in 32 bits or 64."""
    positive: int | None = None
    """The code of the positive class in binary tasks, else None."""
    classes: tuple[str, ...] = ()
    """The class of each code, for metrics that name one."""
    weights: Numbers | None = None
    """(n,) how much each row counts, with a mean of 1; None counts all alike."""
    losses: Mapping[str, Numbers] = field(default_factory=dict)
    """(n,) what the project's own metrics gave each row, by their names."""

    @property
    def rows(self) -> int:
        return int(self.target.size)

    def take(self, rows: NDArray[np.intp]) -> Sample:
        """Return the same of some rows; their weights have a mean of 1 again."""
        return Sample(
            self.target[rows],
            self.predicted[rows],
            None if self.probabilities is None else self.probabilities[rows],
            self.positive,
            self.classes,
            None if self.weights is None else normalize_weights(self.weights[rows]),
            {name: values[rows] for name, values in self.losses.items()},
        )

    def answers_like(self, other: Sample) -> bool:
        """Whether both models say the same of every row."""
        if self.probabilities is not None and other.probabilities is not None:
            return np.array_equal(self.probabilities, other.probabilities)
        return np.array_equal(self.predicted, other.predicted)

    def scores(self, code: int) -> Numbers:
        """Return (n,) the probabilities of one class, in 64 bits however they are kept."""
        return self.raw_scores(code).astype(np.float64, copy=False)

    def raw_scores(self, code: int) -> NDArray[np.floating[Any]]:
        """Return (n,) the same as they are kept, which is enough to rank them."""
        assert self.probabilities is not None
        return np.ascontiguousarray(self.probabilities[:, code])

    def scores_of(self, codes: NDArray[Any]) -> Numbers:
        """Return (n,) the probability of the class that *codes* names in each row, in 64 bits and of its own."""
        assert self.probabilities is not None
        if self.probabilities.shape[1] == 2:
            # Ten times as fast as choosing by index.
            chosen = np.where(codes == 1, self.probabilities[:, 1], self.probabilities[:, 0])
        else:
            chosen = np.take_along_axis(self.probabilities, codes[:, None].astype(np.intp), axis=1)[:, 0]
        return chosen.astype(np.float64, copy=False)

    def present(self) -> NDArray[np.intp]:
        """Return the class codes of the rows that count."""
        return np.flatnonzero(np.bincount(self.target, weights=self.weights) > 0)

    def is_constant(self, values: NDArray[Any]) -> bool:
        """Whether all rows that count have the same of *values*."""
        counted = values if self.weights is None else values[self.weights > 0]
        return bool((counted == counted[0]).all())

    def average(self, values: NDArray[Any]) -> float:
        """Return the weighted mean of per-row *values*."""
        return float(values.mean() if self.weights is None else dot(self.weights, values) / self.rows)

    def weigh(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return per-row *values* times the rows' weights, such as an influence of rows that count alike."""
        return values if self.weights is None else values * self.weights


def dot(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Return the sum of products, in one thread: BLAS takes as many as there are, and each number of threads
    rounds otherwise.
    """
    return float(np.einsum("i,i->", left, right))


def normalize_weights(weights: Numbers) -> Numbers:
    total = weights.sum()
    return weights * (weights.size / total) if total > 0 else weights


@dataclass(frozen=True)
class Estimate:
    """A metric's value, and how much each row moves it."""

    value: float
    influence: Numbers | None
    """(n,), scaled so that the sum of its squares over n² is the value's variance, with the correction
    for small samples that suits the metric. None when there are too few rows to tell."""


Interval = Literal["influence", "matched", "resampled"]


Remeasure = Callable[[Numbers], float]
"""From (n,) weights, of any sum, to the value; raises `Undefined`."""


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
    interval: Interval = "influence"
    """`matched`: a share of rows that are right, compared by pairs of right and wrong. `resampled`: rows
    are drawn anew unless they are so many that the influence serves; it may be None always."""
    among: Callable[[Sample], NDArray[np.bool_]] | None = None
    """The rows that a share of right answers is taken of, (n,); None is all of them."""
    remeasure: Callable[[Sample], Remeasure] | None = None
    """What makes drawing anew cheap: all that does not hang on weights is done once. None measures afresh."""


def measure(metric: Metric, sample: Sample) -> Estimate:
    """Return the metric's estimate; raises `Undefined` rather than giving a value that is not a number."""
    if sample.rows == 0:
        raise Undefined("there are no rows")
    if metric.needs == "probabilities" and sample.probabilities is None:
        raise Undefined("the model gives no probabilities")
    if sample.weights is not None and not sample.weights.any():
        raise Undefined("no row has a weight above 0")
    with np.errstate(all="ignore"):
        estimate = metric.estimate(sample)
    influence = estimate.influence
    spread = 0.0 if influence is None else max(influence.max(), -influence.min())
    # Written so that NaN fails it too.
    if not (abs(estimate.value) < LARGEST and spread < LARGEST):
        raise Undefined("the predictions are too large to compute with")
    return estimate


def correct_spread(influence: Numbers) -> Numbers | None:
    """Scale a plain influence by √(n/(n−1)) in place, as the variance of a mean needs; None for a single row."""
    rows = influence.size
    if rows < 2:
        return None
    influence *= np.sqrt(rows / (rows - 1))
    return influence


def average(losses: Numbers, sample: Sample | None = None) -> Estimate:
    """Return the mean of per-row values, by the weights of *sample*: a row's influence is its distance."""
    if sample is None:
        value = float(losses.mean())
        return Estimate(value, correct_spread(losses - value))
    value = sample.average(losses)
    return Estimate(value, correct_spread(sample.weigh(losses - value)))


def combine(parts: Sequence[Estimate], shares: Numbers) -> Estimate:
    """Return the sum of estimates on the same rows, each by its share."""
    value = float(shares @ [part.value for part in parts])
    influence: Numbers | None = None
    for part, share in zip(parts, shares, strict=True):
        if part.influence is None:
            return Estimate(value, None)
        influence = share * part.influence if influence is None else influence + share * part.influence
    return Estimate(value, influence)
