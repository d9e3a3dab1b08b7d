"""What both models would get right and wrong if they said the positive class from another threshold on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.distributions import ModelName, Thresholds
from greenroom_pipeline.metrics.metric import Sample
from greenroom_pipeline.target import Target

STEPS = 100


def count_thresholds(target: Target, samples: Mapping[ModelName, Sample]) -> list[Thresholds]:
    """Count true and false positives at 0, 0.01 … 1 of each model that gives probabilities; binary tasks alone.

    A model says the class where its probability is at least the threshold. Every row counts once, whatever
    its weight.
    """
    if target.positive is None:
        return []
    return [
        _count_model(sample, code=target.positive, model=model)
        for model, sample in samples.items()
        if sample.probabilities is not None
    ]


def _count_model(sample: Sample, *, code: int, model: ModelName) -> Thresholds:
    thresholds = np.arange(STEPS + 1) / STEPS
    scores = sample.raw_scores(code)
    # In the bits that the probabilities are kept in: 0.35 in 32 bits is below 0.35 in 64.
    reached = np.searchsorted(thresholds.astype(scores.dtype), scores, side="right")
    of_class = sample.target == code
    positives = int(np.count_nonzero(of_class))
    return Thresholds(
        model=model,
        label=sample.classes[code],
        thresholds=thresholds.tolist(),
        true_positives=_count_reaching(reached[of_class]),
        false_positives=_count_reaching(reached[~of_class]),
        positives=positives,
        negatives=sample.rows - positives,
    )


def _count_reaching(reached: NDArray[np.intp]) -> list[int]:
    """Return for each threshold the rows that reach it, from how many thresholds each row reaches."""
    counts = np.bincount(reached, minlength=STEPS + 2)
    reaching: list[int] = counts[::-1].cumsum()[::-1][1:].tolist()
    return reaching
