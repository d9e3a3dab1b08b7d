"""Shares of right answers: pairs of right and wrong, compared by score intervals and exact tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binom, binomtest, norm

from greenroom_pipeline.metrics.metric import Metric, Sample


@dataclass(frozen=True)
class Pairs:
    """On how many of the same rows which model is right."""

    gained: int
    """The candidate is right, and the champion wrong."""
    lost: int
    """The champion is right, and the candidate wrong."""
    rows: int


def count_pairs(metric: Metric, candidate: Sample, champion: Sample) -> Pairs:
    """Count the rows that *metric* is a share of, by which model answers them rightly."""
    rows = slice(None) if metric.among is None else metric.among(candidate)
    ours = (candidate.target == candidate.predicted)[rows]
    theirs = (champion.target == champion.predicted)[rows]
    return Pairs(int((ours & ~theirs).sum()), int((theirs & ~ours).sum()), int(ours.size))


def count_hits(metric: Metric, sample: Sample) -> tuple[int, int]:
    """Return how many rows are right, and of how many."""
    rows = slice(None) if metric.among is None else metric.among(sample)
    hits: NDArray[np.bool_] = (sample.target == sample.predicted)[rows]
    return int(hits.sum()), int(hits.size)


def mcnemar_mid_p(pairs: Pairs) -> float:
    """Return the two-sided mid-p of McNemar's test (Fagerland, Lydersen & Laake 2013)."""
    rarer, changed = min(pairs.gained, pairs.lost), pairs.gained + pairs.lost
    if pairs.gained == pairs.lost:
        # Half of the middle's probability is taken off, from a sum that counts it twice.
        return float(1 - binom.pmf(rarer, changed, 0.5)) if changed else 1.0
    return float(2 * binom.cdf(rarer, changed, 0.5) - binom.pmf(rarer, changed, 0.5))


def mcnemar_exact(pairs: Pairs) -> float:
    """Return the two-sided exact p of McNemar's test."""
    changed = pairs.gained + pairs.lost
    return float(binomtest(pairs.gained, changed, 0.5).pvalue) if changed else 1.0


def tango_interval(pairs: Pairs, *, confidence: float) -> tuple[float, float]:
    """Return Tango's score interval (1998) of the difference of two shares on the same rows."""
    z = float(norm.isf((1 - confidence) / 2))
    return _find_tango_end(pairs, quantile=z, edge=-1), _find_tango_end(pairs, quantile=-z, edge=1)


def _find_tango_end(pairs: Pairs, *, quantile: float, edge: int) -> float:
    """Return where the score is *quantile*, between the difference and *edge*."""
    middle = (pairs.gained - pairs.lost) / pairs.rows
    last = edge * (1 - 1e-12)

    def exceed(difference: float) -> float:
        return _tango_score(pairs, difference) - quantile

    if abs(middle) >= abs(last) and middle * edge > 0:
        return float(edge)
    # At the edge itself no pairs are likely, so the score there is as good as infinite.
    return float(brentq(exceed, middle, last, xtol=1e-12))


def _tango_score(pairs: Pairs, difference: float) -> float:
    """Return how many standard errors the pairs lie above *difference*, at the likeliest shares for it."""
    n, gained, lost = pairs.rows, pairs.gained, pairs.lost
    b = -(gained + lost) + (2 * n - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    share = (math.sqrt(max(b * b - 8 * n * c, 0)) - b) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    distance = gained - lost - n * difference
    if abs(distance) < 1e-9:
        return 0.0
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def wilson_interval(hits: int, rows: int, *, confidence: float) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of a share."""
    found = binomtest(hits, rows).proportion_ci(confidence_level=confidence, method="wilson")
    return float(found.low), float(found.high)
