"""Latency: how much longer the candidate takes to answer than the champion, from calls made in turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.observations import Latency

RESAMPLES = 2_000
# Cells drawn at a time, which bounds memory.
_CELLS = 2_000_000


def compare_times(candidate: ArrayLike, champion: ArrayLike, *, confidence: float, seed: int) -> Latency:
    """Return the ratio of the medians of (n,) pairs of seconds, with an interval by the paired bootstrap.

    A pair is drawn as a whole, so that what held up the machine for both of its calls takes no side.
    The same *seed* draws the same pairs.
    """
    ours, theirs = np.asarray(candidate, dtype=np.float64), np.asarray(champion, dtype=np.float64)
    assert ours.shape == theirs.shape
    assert ours.size
    ratios = _draw_ratios(ours, theirs, np.random.default_rng(seed))
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratios, (tail, 1 - tail))
    medians = float(np.median(ours)), float(np.median(theirs))
    return Latency(
        candidate=medians[0],
        champion=medians[1],
        ratio=medians[0] / medians[1],
        interval=(float(low), float(high)),
        calls=ours.size,
    )


def _draw_ratios(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return (resamples,) ratios of medians, of pairs drawn anew."""
    at_once = max(1, _CELLS // ours.size)
    found = []
    for start in range(0, RESAMPLES, at_once):
        drawn = rng.integers(ours.size, size=(min(at_once, RESAMPLES - start), ours.size))
        found.append(np.median(ours[drawn], axis=1) / np.median(theirs[drawn], axis=1))
    return np.concatenate(found)
