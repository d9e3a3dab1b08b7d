"""The median absolute error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from greenroom_pipeline.metrics.metric import (
    Estimate,
    Metric,
    Numbers,
    Remeasure,
    Sample,
    correct_spread,
    dot,
)
from greenroom_pipeline.metrics.ranking import order_rows

# Of the two-sided 95 % that bandwidths are made for.
QUANTILE = float(norm.isf(0.025))
ROUNDING = 1e-12


@dataclass(frozen=True)
class Curve:
    """The distribution of errors: (n,) errors from the least to the greatest, and the weight up to each."""

    errors: Numbers
    reached: Numbers

    def quantile(self, share: float) -> float:
        """Return the error below which *share* of the weight lies; halfway where a gap is met exactly."""
        wanted = share * self.reached[-1]
        ends = np.searchsorted(self.reached, [wanted * (1 - ROUNDING), wanted * (1 + ROUNDING)])
        return float(self.errors[np.minimum(ends, self.errors.size - 1)].mean())


def estimate(sample: Sample) -> Estimate:
    """Return the median of the absolute errors, by weight: half of it lies on either side.

    A row moves it up or down by half the spacing of errors around it (Bahadur 1966).
    """
    errors, order = _order_errors(sample)
    weights = np.ones(sample.rows) if sample.weights is None else sample.weights
    curve = Curve(errors[order], np.cumsum(weights[order]))
    value = curve.quantile(0.5)
    sides = np.sign(errors - value)
    spacing = _measure_spacing(curve, rows=float(weights.sum() ** 2 / dot(weights, weights)))
    return Estimate(value, correct_spread(sample.weigh((sides - sample.average(sides)) * spacing / 2)))


def remeasure(sample: Sample) -> Remeasure:
    errors, order = _order_errors(sample)
    ordered = errors[order]
    return lambda weights: Curve(ordered, np.cumsum(weights[order])).quantile(0.5)


def _order_errors(sample: Sample) -> tuple[Numbers, NDArray[np.intp]]:
    errors = np.abs(sample.target - sample.predicted)
    return errors, order_rows(errors)


def _measure_spacing(curve: Curve, *, rows: float) -> float:
    """Return how fast the error grows with the share of rows, at the median.

    Of Hall & Sheather's bandwidth (1988) and that of the median's own uncertain rank the larger: the wide
    one is calm, and the narrow one sees the steps of rounded errors.
    """
    calm = (1.5 * (QUANTILE * norm.pdf(0)) ** 2 / rows) ** (1 / 3)
    narrow = QUANTILE / 2 / math.sqrt(rows)
    shares = [(max(0.5 - width, 0), min(0.5 + width, 1)) for width in (calm, narrow)]
    return max((curve.quantile(high) - curve.quantile(low)) / (high - low) for low, high in shares)


MEDIAN_ABSOLUTE_ERROR = Metric(
    name="median_absolute_error",
    title="Median absolute error",
    higher_is_better=False,
    tasks=frozenset({"regression"}),
    needs="numbers",
    method="Bahadur's representation of the median",
    docs="Half of the rows are off by less than this, in the target's own units; 0 is perfect.",
    estimate=estimate,
    interval="resampled",
    remeasure=remeasure,
)
