"""The pinball loss of predicted quantiles."""

from __future__ import annotations

import contextlib

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, average


def pinball_of(quantile: str) -> Metric:
    """Return the loss of predictions of one *quantile*, a number between 0 and 1; `ValueError` otherwise."""
    level = _read_level(quantile)
    return Metric(
        name=f"pinball:{quantile}",
        title=f"Pinball loss at {quantile}",
        higher_is_better=False,
        tasks=frozenset({"regression"}),
        needs="numbers",
        method="paired mean of row differences",
        docs="The loss of predictions of one quantile, in the target's own units; 0 is perfect.",
        estimate=lambda sample: estimate(sample, level),
    )


def _read_level(quantile: str) -> float:
    with contextlib.suppress(ValueError):
        level = float(quantile)
        if 0 < level < 1:
            return level
    raise ValueError(f"{quantile} is no quantile; give a number between 0 and 1, such as pinball:0.9")


def estimate(sample: Sample, level: float) -> Estimate:
    missed = sample.target - sample.predicted
    return average(np.maximum(level * missed, (level - 1) * missed), sample)
