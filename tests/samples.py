"""Two models' answers to the same rows, drawn at random for each task, and every metric that fits it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom_pipeline.metrics.metric import Metric, Sample, normalize_weights
from greenroom_pipeline.metrics.registry import METRICS, find_metric
from greenroom_pipeline.report import Task

Pair = tuple[Sample, Sample]
Draw = Callable[..., Pair]


def draw_binary(rng: np.random.Generator, *, rows: int) -> Pair:
    """Both models see the truth through noise that they share in part; scores of two decimals have ties."""
    target = (rng.random(rows) < 0.4).astype(np.int8)
    shared = 0.3 * target + rng.normal(0.35, 0.15, rows)
    first, second = (np.clip(np.round(shared + rng.normal(0, 0.1, rows), 2), 0.01, 0.99) for _ in "ab")
    return score_binary(target, first), score_binary(target, second)


def score_binary(target: NDArray[np.integer], scores: NDArray[np.float64]) -> Sample:
    predicted = (scores > 0.5).astype(np.int8)
    return Sample(target, predicted, np.column_stack([1 - scores, scores]), 1, ("0", "1"))


def draw_multiclass(rng: np.random.Generator, *, rows: int) -> Pair:
    """Three classes of unlike size; the models' probabilities lean to the truth, rounded so that ties occur."""
    target = rng.choice(3, rows, p=[0.5, 0.3, 0.2]).astype(np.int8)
    shared = rng.random((rows, 3)) + 0.8 * np.eye(3)[target]

    def answer() -> Sample:
        lean = np.round(shared + 0.6 * rng.random((rows, 3)), 1) + 0.05
        probabilities = lean / lean.sum(axis=1, keepdims=True)
        predicted = lean.argmax(axis=1).astype(np.int8)
        return Sample(target, predicted, probabilities, classes=("a", "b", "c"))

    return answer(), answer()


def draw_regression(rng: np.random.Generator, *, rows: int) -> Pair:
    """Numbers well away from 0; both models share most of their error."""
    target = rng.normal(50, 8, rows)
    shared = target + rng.normal(0, 3, rows)
    first, second = (Sample(target, shared + rng.normal(0, spread, rows)) for spread in (1.5, 2))
    return first, second


def weigh(pair: Pair, weights: NDArray[np.float64]) -> Pair:
    """Return the pair with *weights*, (n,), for its rows."""
    normalized = normalize_weights(weights)
    first, second = (
        Sample(one.target, one.predicted, one.probabilities, one.positive, one.classes, normalized)
        for one in pair
    )
    return first, second


DRAWS: dict[Task, Draw] = {
    "binary": draw_binary,
    "multiclass": draw_multiclass,
    "regression": draw_regression,
}
FAMILY_MEMBERS: dict[Task, tuple[str, ...]] = {
    "binary": ("recall:0",),
    "multiclass": ("recall:b",),
    "regression": ("pinball:0.9",),
}


def metrics_for(task: Task) -> list[Metric]:
    return [metric for metric in METRICS.values() if task in metric.tasks]


def all_metrics(task: Task) -> list[Metric]:
    """Return every metric of the task, with a member of each family."""
    return [*metrics_for(task), *(find_metric(name, task=task) for name in FAMILY_MEMBERS[task])]


EVERY_METRIC = [
    pytest.param(draw, metric, id=f"{task}-{metric.name}")
    for task, draw in DRAWS.items()
    for metric in all_metrics(task)
]
