"""Calibration: whether the probabilities mean what they say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from greenroom_pipeline.metrics.comparison import Spread, measure_spread
from greenroom_pipeline.metrics.metric import Estimate, Numbers, Sample, correct_spread, dot
from greenroom_pipeline.observations import Calibration

BINS = 10
SMALLEST = 1e-15
RESAMPLES = 2_000
STEPS = 50
FIRST_ROWS = 100_000
CONVERGED = 1e-10
# Beyond this the outcomes are separated by the predictions, and no slope is the likeliest.
STEEPEST = 1e3


@dataclass(frozen=True)
class Claims:
    """What a model claims, and whether it came true, row by row."""

    probabilities: Numbers
    """(n,) of the positive class; with many classes, of the predicted one."""
    outcomes: NDArray[np.bool_]
    weights: Numbers | None

    @property
    def rows(self) -> int:
        return int(self.probabilities.size)

    def take_every(self, step: int) -> Claims:
        weights = None if self.weights is None else self.weights[::step]
        return Claims(self.probabilities[::step], self.outcomes[::step], weights)


def measure_calibration(
    sample: Sample,
    *,
    model: Literal["candidate", "champion"],
    groups: NDArray[np.integer] | None,
    confidence: float,
    seed: int,
) -> Calibration:
    """Return slope and expected calibration error of a model that gives probabilities.

    *seed* draws the error's interval: the same evidence draws the same.
    """
    claims = _read_claims(sample)
    slope = estimate_slope(claims)
    error, error_interval = bound_error(claims, groups=groups, confidence=confidence, seed=seed)
    return Calibration(
        model=model,
        slope=None if slope is None else slope.value,
        slope_interval=None if slope is None else _bound(slope, groups=groups, confidence=confidence),
        error=error,
        error_interval=error_interval,
    )


def estimate_slope(claims: Claims) -> Estimate | None:
    """Fit the outcome's log-odds on the claim's (Cox 1958) and return the slope with its influence.

    None when no slope is the likeliest: one outcome alone, one claim alone, or claims that separate them.
    """
    if claims.outcomes.all() or not claims.outcomes.any():
        return None
    p = np.clip(claims.probabilities, SMALLEST, 1 - SMALLEST)
    claimed = np.log(p) - np.log1p(-p)
    if claimed.min() == claimed.max():
        return None
    calibrated = np.array([0.0, 1.0])
    # Some of very many rows come near the slope, so that all of them are gone through but a few times.
    every = max(claims.rows // FIRST_ROWS, 1)
    near = _fit(claims.take_every(every), claimed[::every], calibrated) if every > 1 else None
    coefficients = _fit(claims, claimed, calibrated if near is None else near)
    if coefficients is None or abs(coefficients[1]) > STEEPEST:
        return None
    residuals, curvature = _differentiate(claims, claimed, coefficients)
    across, along = np.linalg.inv(curvature)[1]
    return Estimate(float(coefficients[1]), correct_spread(residuals * (across + along * claimed)))


def _fit(claims: Claims, claimed: Numbers, coefficients: Numbers) -> Numbers | None:
    """Return intercept and slope of the greatest likelihood by Newton's steps; None where there is none."""
    for _ in range(STEPS):
        residuals, curvature = _differentiate(claims, claimed, coefficients)
        gradient = np.array([residuals.sum(), dot(residuals, claimed)]) / claims.rows
        if not np.linalg.det(curvature) > 0:
            return None
        step = np.linalg.solve(curvature, gradient)
        longest = float(np.abs(step).max())
        # A step that is too long for the curve is cut, so that it does not run away.
        coefficients = coefficients + step * min(1.0, 2.0 / (longest + SMALLEST))
        if longest < CONVERGED:
            return coefficients
    return None


def bound_error(
    claims: Claims, *, groups: NDArray[np.integer] | None, confidence: float, seed: int
) -> tuple[float, tuple[float, float] | None]:
    """Return the expected calibration error over ten bins of equal counts, and its interval.

    Noise alone gives every bin a gap, and their absolute sum counts it as error. So the lower end takes off
    all that noise could have added, drawn from the gaps' own spread: by the triangle inequality the true
    error is not below that, whatever it is. The upper end has no such bias to allow for.
    """
    bins, misses = _bin_misses(claims)
    gaps = np.bincount(bins, weights=misses) / claims.rows
    error = float(np.abs(gaps).sum())
    covariance = _spread_gaps(bins, misses, gaps, groups=groups)
    if covariance is None:
        return error, None
    tail = (1 - confidence) / 2
    random = np.random.default_rng(seed)
    noise = random.multivariate_normal(
        np.zeros(gaps.size), covariance, size=RESAMPLES, method="eigh", check_valid="ignore"
    )
    added = float(np.quantile(np.abs(noise).sum(axis=1), 1 - tail))
    signs = np.sign(gaps)
    deviation = math.sqrt(max(float(signs @ covariance @ signs), float(np.trace(covariance))))
    return error, (max(error - added, 0.0), error + float(norm.isf(tail)) * deviation)


def _read_claims(sample: Sample) -> Claims:
    assert sample.probabilities is not None
    if sample.positive is not None:
        return Claims(sample.scores(sample.positive), sample.target == sample.positive, sample.weights)
    return Claims(sample.scores_of(sample.predicted), sample.target == sample.predicted, sample.weights)


def _differentiate(
    claims: Claims, claimed: Numbers, coefficients: Numbers
) -> tuple[Numbers, NDArray[np.float64]]:
    """Return (n,) weighted residuals, and the mean curvature of the likelihood."""
    expected = expit(coefficients[0] + coefficients[1] * claimed)
    residuals = claims.outcomes - expected
    spread = expected * (1 - expected)
    if claims.weights is not None:
        residuals, spread = claims.weights * residuals, claims.weights * spread
    mixed = spread * claimed
    curvature = np.array([[spread.sum(), mixed.sum()], [mixed.sum(), dot(mixed, claimed)]]) / claims.rows
    return residuals, curvature


def _bin_misses(claims: Claims) -> tuple[NDArray[np.intp], Numbers]:
    """Return (n,) the bin of each claim, equal claims in one, and by how much it missed what happened."""
    edges = np.unique(np.quantile(claims.probabilities, np.arange(1, BINS) / BINS))
    misses = claims.probabilities - claims.outcomes
    return np.searchsorted(edges, claims.probabilities, side="left"), (
        misses if claims.weights is None else misses * claims.weights
    )


def _spread_gaps(
    bins: NDArray[np.intp], misses: Numbers, gaps: Numbers, *, groups: NDArray[np.integer] | None
) -> NDArray[np.float64] | None:
    """Return the covariance of the bins' gaps, (bins, bins); None for a single row or group."""
    rows = misses.size
    if groups is None:
        squares = np.bincount(bins, weights=misses**2, minlength=gaps.size) / rows
        return (np.diag(squares) - np.outer(gaps, gaps)) / (rows - 1) if rows > 1 else None
    _, codes = np.unique(groups, return_inverse=True)
    many = int(codes.max()) + 1
    sums = np.bincount(codes * gaps.size + bins, weights=misses, minlength=many * gaps.size)
    deviations = sums.reshape(many, gaps.size) - np.outer(np.bincount(codes), gaps)
    return deviations.T @ deviations * (many / (many - 1)) / rows**2 if many > 1 else None


def _bound(
    estimate: Estimate, *, groups: NDArray[np.integer] | None, confidence: float
) -> tuple[float, float] | None:
    spread: Spread | None = (
        None if estimate.influence is None else measure_spread(estimate.influence, groups=groups)
    )
    return None if spread is None else spread.interval(estimate.value, confidence=confidence)
