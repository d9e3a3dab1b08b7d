"""Rows in order of their scores, ties sharing a step: one sort serves all that is summed along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.metric import Numbers


@dataclass(frozen=True)
class Ranking:
    """The n rows from the lowest score to the highest, in k steps of equal scores."""

    order: NDArray[np.intp]
    """(n,) the row at each place."""
    ends: NDArray[np.intp]
    """(k,) one past the last place of each step."""

    def accumulate(self, weights: NDArray[Any]) -> Numbers:
        """Return (k,) the sum of (n,) *weights* up to the end of each step."""
        along = np.cumsum(weights[self.order], dtype=np.float64)
        return along if self._untied else along[self.ends - 1]

    def spread(self, steps: Numbers) -> Numbers:
        """Return (n,) for each row the value of its step, from (k,)."""
        rows = np.empty(self.order.size)
        rows[self.order] = steps if self._untied else np.repeat(steps, np.diff(self.ends, prepend=0))
        return rows

    @property
    def _untied(self) -> bool:
        return self.ends.size == self.order.size


def rank(scores: NDArray[np.floating]) -> Ranking:
    # Scores that come in order, as a resample's do, are sorted in linear time.
    order = np.argsort(scores)
    ordered = scores[order]
    ends = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    return Ranking(order, np.append(ends, scores.size))


def until_middle(until: Numbers) -> Numbers:
    """Return (k,) sums up to the middle of each step, from those up to its end: ties count half."""
    middle = until.copy()
    middle[1:] += until[:-1]
    return middle / 2
