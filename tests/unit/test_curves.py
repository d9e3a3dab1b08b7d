"""Curves: few points, true to the predictions, for both models."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import auc, roc_auc_score

from greenroom_pipeline.curves import draw_curves
from greenroom_pipeline.predictions import Predictions, as_labels


def classify(scores: np.ndarray) -> Predictions:
    return Predictions(as_labels(scores > 0.5), np.column_stack([1 - scores, scores]), ("0", "1"))


def test_roc_curve_keeps_its_area_in_200_points() -> None:
    """Twenty thousand rows become at most 200 points from corner to corner under the same area."""
    rng = np.random.default_rng(1)
    late = rng.integers(0, 2, 20_000)
    scores = [np.clip(0.2 * late + rng.normal(0.4, 0.2, late.size), 0, 1) for _ in "ab"]
    curves = draw_curves(
        task="binary", target=late, candidate=classify(scores[0]), champion=classify(scores[1])
    )

    assert [(curve.kind, curve.model, curve.label) for curve in curves] == [
        ("roc", "candidate", "1"),
        ("roc", "champion", "1"),
        ("calibration", "candidate", "1"),
        ("calibration", "champion", "1"),
    ]
    for curve, score in zip(curves[:2], scores, strict=True):
        xs, ys = [point.x for point in curve.points], [point.y for point in curve.points]
        assert len(xs) <= 200
        assert (xs[0], ys[0], xs[-1], ys[-1]) == (0, 0, 1, 1)
        assert auc(xs, ys) == pytest.approx(roc_auc_score(late, score), abs=1e-3)


def test_calibration_of_true_probabilities_is_the_diagonal() -> None:
    """When outcomes follow the probabilities, what is said is what happens."""
    rng = np.random.default_rng(2)
    scores = rng.random(50_000)
    (curve,) = (
        curve
        for curve in draw_curves(
            task="binary", target=rng.random(50_000) < scores, candidate=classify(scores), champion=None
        )
        if curve.kind == "calibration"
    )

    assert len(curve.points) == 10
    for point in curve.points:
        assert point.y == pytest.approx(point.x, abs=0.03)


def test_each_class_of_many_has_its_curve() -> None:
    """With many classes each of the most frequent is drawn against the rest."""
    rng = np.random.default_rng(3)
    target = rng.choice(["a", "b", "c"], 300)
    answers = Predictions(target, rng.dirichlet([1, 1, 1], 300), ("a", "b", "c"))
    curves = draw_curves(task="multiclass", target=target, candidate=answers, champion=None)

    assert {curve.label for curve in curves} == {"a", "b", "c"}


def test_nothing_to_draw() -> None:
    """Numbers, and labels without probabilities, have no curves; constant scores have a straight one."""
    numbers = Predictions(np.zeros(4))
    labels = Predictions(np.array(["0", "1"] * 2))
    constant = classify(np.full(4, 0.3))
    late = [0, 1, 0, 1]

    assert draw_curves(task="regression", target=np.arange(4.0), candidate=numbers, champion=numbers) == []
    assert draw_curves(task="binary", target=late, candidate=labels, champion=None) == []
    flat = draw_curves(task="binary", target=late, candidate=constant, champion=labels)
    assert [(point.x, point.y) for point in flat[0].points] == [(0, 0), (1, 1)]
    assert [point.x for point in flat[1].points] == pytest.approx([0.3])
    assert [point.y for point in flat[1].points] == [0.5]
