"""Curves: few points, true to the predictions, for both models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from greenroom_pipeline.exhibits import draw_exhibits
from greenroom_pipeline.predictions import Predictions, as_labels
from greenroom_pipeline.report import Curve


def classify(scores: np.ndarray) -> Predictions:
    return Predictions(as_labels(scores > 0.5), np.column_stack([1 - scores, scores]), ("0", "1"))


def draw(**evidence: Any) -> list[Curve]:
    return draw_exhibits(**evidence).curves


def pairs(curve: Curve) -> list[tuple[float, float]]:
    return [(point.x, point.y) for point in curve.points]


def test_curves_keep_their_area_in_200_points() -> None:
    """Twenty thousand rows become at most 200 points of each curve, with the same area under it."""
    rng = np.random.default_rng(1)
    late = rng.integers(0, 2, 20_000)
    scores = [np.clip(0.2 * late + rng.normal(0.4, 0.2, late.size), 0, 1) for _ in "ab"]
    curves = draw(task="binary", target=late, candidate=classify(scores[0]), champion=classify(scores[1]))

    kinds = ("roc", "precision_recall", "calibration")
    assert [(curve.kind, curve.model, curve.label) for curve in curves] == [
        (kind, model, "1") for model in ("candidate", "champion") for kind in kinds
    ]
    for (roc, precision_recall, _), score in zip((curves[:3], curves[3:]), scores, strict=True):
        assert max(len(roc.points), len(precision_recall.points)) <= 200
        assert (pairs(roc)[0], pairs(roc)[-1]) == ((0, 0), (1, 1))
        assert auc(*zip(*pairs(roc), strict=True)) == pytest.approx(roc_auc_score(late, score), abs=1e-3)
        assert auc(*zip(*pairs(precision_recall), strict=True)) == pytest.approx(
            average_precision_score(late, score), abs=1e-2
        )


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=150).filter(
        lambda rows: len({late for late, _ in rows}) == 2
    )
)
def test_curves_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    """With few steps each point is scikit-learn's own, ties and constant scores included."""
    late = np.array([each for each, _ in rows])
    scores = np.array([score / 20 for _, score in rows])
    roc, precision_recall, calibration = draw(
        task="binary", target=late, candidate=classify(scores), champion=None
    )
    false, true, _ = roc_curve(late, scores, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(late, scores)
    share, mean = calibration_curve(late, scores, n_bins=10, strategy="quantile")

    assert np.array(pairs(roc)) == pytest.approx(np.column_stack([false, true]))
    # scikit-learn's last point, precision 1 at no recall, is of no row.
    theirs = np.column_stack([recall, precision])[-2::-1]
    ours = np.array(pairs(precision_recall))
    assert ours[0] == pytest.approx((0, ours[1][1]))
    assert ours[1] == pytest.approx(theirs[theirs[:, 0] > 0][0])
    assert ours[-1] == pytest.approx((1, late.mean()))
    assert np.abs(ours[1:, None] - theirs).max(axis=2).min(axis=1) == pytest.approx(0)
    assert np.array(pairs(calibration)) == pytest.approx(np.column_stack([mean, share]))


def test_calibration_of_true_probabilities_is_the_diagonal() -> None:
    """When outcomes follow the probabilities, what is said is what happens."""
    rng = np.random.default_rng(2)
    scores = rng.random(50_000)
    (curve,) = (
        curve
        for curve in draw(
            task="binary", target=rng.random(50_000) < scores, candidate=classify(scores), champion=None
        )
        if curve.kind == "calibration"
    )

    assert len(curve.points) == 10
    for point in curve.points:
        assert point.y == pytest.approx(point.x, abs=0.03)


def test_each_class_of_many_has_its_curve() -> None:
    """With many classes each of the eight most frequent is drawn against the rest."""
    rng = np.random.default_rng(3)
    names = tuple("abcdefghij")
    target = rng.choice(names, 3_000, p=[0.01, 0.02, *[0.97 / 8] * 8])
    answers = Predictions(target, rng.dirichlet([1] * 10, 3_000), names)
    curves = draw(task="multiclass", target=target, candidate=answers, champion=None)

    assert {curve.label for curve in curves} == set("cdefghij")
    assert len(curves) == 8 * 3


def test_residuals_are_told_by_prediction() -> None:
    """A model that says a tenth too much is off by a tenth of what it says, over its whole range."""
    rng = np.random.default_rng(4)
    actual = rng.uniform(10, 100, 5_000)
    high, constant = Predictions(actual * 1.1), Predictions(np.full(5_000, 55.0))
    ours, theirs = draw(task="regression", target=actual, candidate=high, champion=constant)

    assert (ours.kind, ours.model, ours.label) == ("residuals", "candidate", None)
    assert len(ours.points) == 20
    assert [y for _, y in pairs(ours)] == pytest.approx([x / 11 for x, _ in pairs(ours)])
    assert pairs(theirs) == [pytest.approx((55.0, 55 - actual.mean()))]


def test_nothing_to_draw() -> None:
    """Labels without probabilities have no curves; constant scores have a straight one."""
    labels = Predictions(np.array(["0", "1"] * 2))
    constant = classify(np.full(4, 0.3))
    late = [0, 1, 0, 1]

    assert draw(task="binary", target=late, candidate=labels, champion=None) == []
    roc, precision_recall, calibration = draw(task="binary", target=late, candidate=constant, champion=labels)
    assert pairs(roc) == [(0, 0), (1, 1)]
    assert pairs(precision_recall) == [(0, 0.5), (1, 0.5)]
    assert pairs(calibration) == [pytest.approx((0.3, 0.5))]
