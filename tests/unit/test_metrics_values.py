"""Each metric's value, against scikit-learn's, and where it has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.metrics.metric import Sample, Undefined, measure
from greenroom_pipeline.metrics.registry import METRICS, find_metric, metrics_for

Reference = Callable[[Sample], float]


def draw_binary(seed: int, *, rows: int = 400) -> Sample:
    """Probabilities of one decimal, so that ties abound."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, rows)
    score = np.clip(np.round(0.25 * target + rng.normal(0.4, 0.2, rows), 1), 0, 1)
    predicted = (score > 0.5).astype(np.intp)
    return Sample(target, predicted, np.column_stack([1 - score, score]), positive=1)


def draw_multiclass(seed: int, *, rows: int = 400, classes: int = 4) -> Sample:
    rng = np.random.default_rng(seed)
    target = rng.integers(0, classes, rows)
    weights = np.round(rng.random((rows, classes)) + 0.6 * np.eye(classes)[target], 1) + 0.05
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    return Sample(target, probabilities.argmax(axis=1), probabilities)


def draw_regression(seed: int, *, rows: int = 400) -> Sample:
    rng = np.random.default_rng(seed)
    target = rng.normal(50, 20, rows)
    return Sample(target, np.round(target + rng.normal(2, 9, rows)))


def positive_scores(sample: Sample) -> NDArray[np.float64]:
    assert sample.probabilities is not None
    return sample.probabilities[:, 1]


BINARY: dict[str, Reference] = {
    "roc_auc": lambda s: reference.roc_auc_score(s.target, positive_scores(s)),
    "log_loss": lambda s: reference.log_loss(s.target, np.clip(s.probabilities, 1e-15, 1 - 1e-15)),  # type: ignore[arg-type]
    "brier": lambda s: reference.brier_score_loss(s.target, positive_scores(s)),
    "accuracy": lambda s: reference.accuracy_score(s.target, s.predicted),
    "f1": lambda s: reference.f1_score(s.target, s.predicted),
}
MULTICLASS: dict[str, Reference] = {
    "roc_auc_ovr": lambda s: reference.roc_auc_score(s.target, s.probabilities, multi_class="ovr"),
    "log_loss": lambda s: reference.log_loss(s.target, s.probabilities),
    "brier": lambda s: reference.brier_score_loss(s.target, s.probabilities),
    "accuracy": lambda s: reference.accuracy_score(s.target, s.predicted),
    "f1_macro": lambda s: reference.f1_score(s.target, s.predicted, average="macro"),
}
REGRESSION: dict[str, Reference] = {
    "rmse": lambda s: reference.root_mean_squared_error(s.target, s.predicted),
    "mae": lambda s: reference.mean_absolute_error(s.target, s.predicted),
    "r2": lambda s: reference.r2_score(s.target, s.predicted),
}
CASES = [
    pytest.param(draw, name, expected, id=f"{draw.__name__.removeprefix('draw_')}-{name}")
    for draw, table in ((draw_binary, BINARY), (draw_multiclass, MULTICLASS), (draw_regression, REGRESSION))
    for name, expected in table.items()
]


@pytest.mark.parametrize(("draw", "name", "expected"), CASES)
def test_value_is_scikit_learns(draw: Callable[[int], Sample], name: str, expected: Reference) -> None:
    """Every metric of every task has the value that scikit-learn gives, ties included."""
    for seed in range(5):
        sample = draw(seed)

        assert measure(METRICS[name], sample).value == pytest.approx(float(expected(sample)), abs=1e-12)


def test_every_metric_of_every_task_is_compared() -> None:
    """No metric can join the registry without a reference value here."""
    assert {metric.name for metric in metrics_for("binary")} == set(BINARY)
    assert {metric.name for metric in metrics_for("multiclass")} == set(MULTICLASS)
    assert {metric.name for metric in metrics_for("regression")} == set(REGRESSION)


@pytest.mark.parametrize(("draw", "name", "expected"), CASES)
def test_influence_adds_up_to_nothing(draw: Callable[[int], Sample], name: str, expected: Reference) -> None:
    """An influence is a deviation: over all rows it cancels out."""
    influence = measure(METRICS[name], draw(7)).influence

    assert influence is not None
    assert np.isfinite(influence).all()
    assert influence.mean() == pytest.approx(0, abs=0.01 * influence.std())


@pytest.mark.parametrize("name", [metric.name for metric in metrics_for("regression")])
def test_influence_is_the_change_when_a_row_weighs_more(name: str) -> None:
    """A row's influence, over n, is how the value moves when that row is seen a little more often."""
    sample = draw_regression(3, rows=1000)
    twice = sample.take(np.append(np.arange(1000), 17))
    influence = measure(METRICS[name], sample).influence

    assert influence is not None
    moved = measure(METRICS[name], twice).value - measure(METRICS[name], sample).value
    assert moved == pytest.approx(influence[17] / 1000, rel=0.02)


@pytest.mark.parametrize("name", ["roc_auc", "f1", "accuracy"])
def test_binary_influence_is_the_change_when_a_row_weighs_more(name: str) -> None:
    """The same for metrics of ranks and labels."""
    sample = draw_binary(3, rows=2000)
    row = int(np.flatnonzero((sample.target == 1) & (sample.predicted == 0))[0])
    twice = sample.take(np.append(np.arange(2000), row))
    influence = measure(METRICS[name], sample).influence

    assert influence is not None
    moved = measure(METRICS[name], twice).value - measure(METRICS[name], sample).value
    assert moved == pytest.approx(influence[row] / 2000, rel=0.02)


def undefined_cases() -> list[Any]:
    ones, scores = np.ones(5, dtype=np.intp), np.full((5, 2), 0.5)
    numbers = np.arange(5.0)
    huge = Sample(numbers, np.full(5, 1e200))
    return [
        pytest.param("roc_auc", Sample(ones, ones, scores, 1), "one class", id="one-class"),
        pytest.param("roc_auc", Sample(ones, ones, None, 1), "no probabilities", id="no-probabilities"),
        pytest.param("f1", Sample(ones, ones, scores, 0), "positive class", id="no-positive-row"),
        pytest.param("r2", Sample(np.full(5, 3.0), numbers), "same in all rows", id="constant-target"),
        pytest.param("rmse", huge, "too large", id="overflow"),
        pytest.param("mae", huge, "too large", id="overflow-of-the-variance"),
        pytest.param("mae", Sample(numbers[:0], numbers[:0]), "no rows", id="no-rows"),
    ]


@pytest.mark.parametrize(("name", "sample", "reason"), undefined_cases())
def test_undefined_gives_a_reason_and_no_number(name: str, sample: Sample, reason: str) -> None:
    """Where a metric has no value it says why, and NaN never leaves it."""
    with pytest.raises(Undefined, match=reason):
        measure(METRICS[name], sample)


@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_single_row_has_no_spread(name: str) -> None:
    """One row gives at most a value, and no influence to make an interval from."""
    sample = Sample(np.array([3.0]), np.array([5.0]))
    if name == "r2":
        with pytest.raises(Undefined):
            measure(METRICS[name], sample)
    else:
        assert measure(METRICS[name], sample).value == 2
        assert measure(METRICS[name], sample).influence is None


def test_constant_predictions_have_chance_auc() -> None:
    """A model that says the same of every row ranks nothing: one half, with no spread."""
    target = np.array([0, 1] * 20)
    estimate = measure(METRICS["roc_auc"], Sample(target, target, np.full((40, 2), 0.5), 1))

    assert estimate.value == 0.5
    assert estimate.influence is not None
    assert not estimate.influence.any()


def test_unknown_metric_names_the_nearest() -> None:
    """A misspelt metric, or one of another task, is refused with a known name."""
    with pytest.raises(SettingsError, match="did you mean 'roc_auc'"):
        find_metric("rocauc", task="binary")
    with pytest.raises(SettingsError, match="does not fit a regression task"):
        find_metric("roc_auc", task="regression")
