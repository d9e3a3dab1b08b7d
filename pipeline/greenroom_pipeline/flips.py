"""Rows that flip: one model right where the other is wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.metrics.comparison import measure_spread
from greenroom_pipeline.metrics.metric import Sample, average
from greenroom_pipeline.metrics.shares import Pairs, mcnemar_exact, wilson_interval
from greenroom_pipeline.observations import Flips


def count_flips(
    candidate: Sample, champion: Sample, *, groups: NDArray[np.integer] | None, confidence: float
) -> Flips:
    """Count the rows that the candidate mends and breaks; rows count alike, whatever their weights.

    *groups* are codes of rows that are not independent: then p is that of the mean over groups, since the
    exact test takes rows that are.
    """
    ours, theirs = candidate.target == candidate.predicted, champion.target == champion.predicted
    fixed, broken = ours & ~theirs, theirs & ~ours
    pairs = Pairs(gained=int(fixed.sum()), lost=int(broken.sum()), rows=candidate.rows)
    return Flips(
        fixed=pairs.gained,
        broken=pairs.lost,
        rows=pairs.rows,
        p_value=mcnemar_exact(pairs) if groups is None else weigh_balance(_balance(fixed, broken), groups),
        broken_interval=(0.0, 0.0)
        if candidate.answers_like(champion)
        else _bound_share(broken, groups=groups, confidence=confidence),
    )


def weigh_balance(balance: NDArray[np.float64], groups: NDArray[np.integer]) -> float | None:
    """Return the two-sided p of as many fixed as broken, by group; None for a single one.

    *balance* is 1 for a row that is fixed, −1 for one that is broken, else 0; *groups* are codes, all used.
    """
    mean = average(balance)
    spread = None if mean.influence is None else measure_spread(mean.influence, groups=groups)
    return None if spread is None else spread.p_value(mean.value)


def _balance(fixed: NDArray[np.bool_], broken: NDArray[np.bool_]) -> NDArray[np.float64]:
    return fixed.astype(np.float64) - broken


def _bound_share(
    broken: NDArray[np.bool_], *, groups: NDArray[np.integer] | None, confidence: float
) -> tuple[float, float] | None:
    if groups is None or not broken.any():
        # Where no row breaks, groups count as rows would.
        size = broken.size if groups is None else np.unique(groups).size
        return wilson_interval(int(broken.sum()), size, confidence=confidence) if size > 1 else None
    share = average(broken.astype(np.float64))
    spread = None if share.influence is None else measure_spread(share.influence, groups=groups)
    if spread is None:
        return None
    low, high = spread.interval(share.value, confidence=confidence)
    return max(low, 0.0), min(high, 1.0)
