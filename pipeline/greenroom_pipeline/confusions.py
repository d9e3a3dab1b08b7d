"""What rows are against what both models say they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.distributions import Confusion, ModelName
from greenroom_pipeline.metrics.metric import Sample
from greenroom_pipeline.target import Target

MOST_CLASSES = 12
OTHERS = "(others)"


def count_confusions(target: Target, samples: Mapping[ModelName, Sample]) -> list[Confusion]:
    """Count rows by true and predicted class, in the target's order; none for regression.

    Of more than twelve classes the most frequent among the rows have a line each, and the rest share the last.
    Every row counts once, whatever its weight.
    """
    if target.task == "regression":
        return []
    lines, names = _place_classes(target)
    return [
        Confusion(model=model, classes=names, counts=_count(sample, lines=lines, size=len(names)).tolist())
        for model, sample in samples.items()
    ]


def _place_classes(target: Target) -> tuple[NDArray[np.intp], list[str]]:
    """Return the line of each class code, and the lines' names."""
    known = len(target.classes)
    if known <= MOST_CLASSES:
        return np.arange(known), list(target.classes)
    rows = np.bincount(target.values, minlength=known)
    shown = np.sort(np.argsort(-rows, kind="stable")[:MOST_CLASSES])
    lines = np.full(known, MOST_CLASSES)
    lines[shown] = np.arange(MOST_CLASSES)
    return lines, [*(target.classes[code] for code in shown), OTHERS]


def _count(sample: Sample, *, lines: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    cells = lines[sample.target] * size + lines[sample.predicted]
    return np.bincount(cells, minlength=size * size).reshape(size, size)
