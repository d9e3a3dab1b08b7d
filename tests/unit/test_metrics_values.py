"""Each metric's value, against scikit-learn's, and where it has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.metrics.metric import Metric, Sample, Undefined, measure
from greenroom_pipeline.metrics.registry import FAMILIES, METRICS, find_metric
from greenroom_pipeline.report import Task
from tests.samples import DRAWS, EVERY_METRIC, Draw, Pair, all_metrics, weigh

Reference = Callable[[Sample], float]


def read_scores(sample: Sample, code: int = 1) -> NDArray[np.floating[Any]]:
    return sample.scores(code)


def score_labels(score: Callable[..., float], **options: Any) -> Reference:
    """The reference's averages span the classes of the target alone, as ours do."""
    if options.get("average") in ("macro", "weighted"):
        return lambda s: score(
            s.target,
            s.predicted,
            labels=np.unique(s.target),
            sample_weight=s.weights,
            zero_division=0,
            **options,
        )
    return lambda s: score(s.target, s.predicted, sample_weight=s.weights, **options)


def score_numbers(score: Callable[..., float], **options: Any) -> Reference:
    return lambda s: score(s.target, s.predicted, sample_weight=s.weights, **options)


def score_one_against_rest(score: Callable[..., float], *, by_share: bool = False) -> Reference:
    def average(sample: Sample) -> float:
        codes = np.unique(sample.target)
        values = [
            score(sample.target == code, read_scores(sample, code), sample_weight=sample.weights)
            for code in codes
        ]
        shares = [np.average(sample.target == code, weights=sample.weights) for code in codes]
        return float(np.average(values, weights=shares if by_share else None))

    return average


LABELS: dict[str, Reference] = {
    "accuracy": score_labels(reference.accuracy_score),
    "error": lambda s: 1 - reference.accuracy_score(s.target, s.predicted, sample_weight=s.weights),
    "balanced_accuracy": score_labels(reference.recall_score, average="macro"),
    "f1_macro": score_labels(reference.f1_score, average="macro"),
    "f1_weighted": score_labels(reference.f1_score, average="weighted"),
    "precision_macro": score_labels(reference.precision_score, average="macro"),
    "precision_weighted": score_labels(reference.precision_score, average="weighted"),
    "recall_macro": score_labels(reference.recall_score, average="macro"),
    "recall_weighted": score_labels(reference.recall_score, average="weighted"),
    "mcc": score_labels(reference.matthews_corrcoef),
    "cohen_kappa": score_labels(reference.cohen_kappa_score),
}
REFERENCES: dict[Task, dict[str, Reference]] = {
    "binary": LABELS
    | {
        "roc_auc": lambda s: reference.roc_auc_score(s.target, read_scores(s), sample_weight=s.weights),
        "average_precision": lambda s: reference.average_precision_score(
            s.target, read_scores(s), sample_weight=s.weights
        ),
        "log_loss": lambda s: reference.log_loss(s.target, s.probabilities, sample_weight=s.weights),
        "brier": lambda s: reference.brier_score_loss(s.target, read_scores(s), sample_weight=s.weights),
        "f1": score_labels(reference.f1_score),
        "precision": score_labels(reference.precision_score),
        "recall": score_labels(reference.recall_score),
        "recall:0": score_labels(reference.recall_score, pos_label=0),
    },
    "multiclass": LABELS
    | {
        "roc_auc_ovr": score_one_against_rest(reference.roc_auc_score),
        "roc_auc_ovr_weighted": score_one_against_rest(reference.roc_auc_score, by_share=True),
        "average_precision_macro": score_one_against_rest(reference.average_precision_score),
        "log_loss": lambda s: reference.log_loss(
            s.target, s.probabilities, sample_weight=s.weights, labels=[0, 1, 2]
        ),
        "brier": lambda s: reference.brier_score_loss(
            s.target, s.probabilities, sample_weight=s.weights, labels=[0, 1, 2]
        ),
        "recall:b": lambda s: float(np.average(s.predicted == 1, weights=(s.target == 1) * weights_of(s))),
    },
    "regression": {
        "rmse": score_numbers(reference.root_mean_squared_error),
        "mae": score_numbers(reference.mean_absolute_error),
        "r2": score_numbers(reference.r2_score),
        "mse": score_numbers(reference.mean_squared_error),
        "mape": score_numbers(reference.mean_absolute_percentage_error),
        "median_absolute_error": score_numbers(reference.median_absolute_error),
        "pinball:0.9": score_numbers(reference.mean_pinball_loss, alpha=0.9),
    },
}
REFERENCED = [
    pytest.param(DRAWS[task], find_metric(name, task=task), expected, id=f"{task}-{name}")
    for task, table in REFERENCES.items()
    for name, expected in table.items()
]


def weights_of(sample: Sample) -> NDArray[np.float64]:
    return np.ones(sample.rows) if sample.weights is None else sample.weights


def weigh_at_random(rng: np.random.Generator, pair: Pair) -> Pair:
    """Weights of 0 are among them."""
    return weigh(pair, rng.integers(0, 5, pair[0].rows) * rng.random(pair[0].rows))


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("draw", "metric", "expected"), REFERENCED)
def test_value_is_scikit_learns(draw: Draw, metric: Metric, expected: Reference, weighted: bool) -> None:
    """Every metric of every task has the value that scikit-learn gives, ties and weights included."""
    rng = np.random.default_rng(17)
    for rows in (12, 400, 401):
        pair = draw(rng, rows=rows)
        sample, _ = weigh_at_random(rng, pair) if weighted else pair

        assert measure(metric, sample).value == pytest.approx(float(expected(sample)), abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        pytest.param(METRICS[name], expected, id=name)
        for name, expected in REFERENCES["multiclass"].items()
        if name in METRICS
    ],
)
def test_class_that_occurs_only_in_predictions(metric: Metric, expected: Reference) -> None:
    """A class that no row is of, but that a model predicts, costs what scikit-learn says; averages leave it out."""
    rng = np.random.default_rng(19)
    sample, _ = DRAWS["multiclass"](rng, rows=300)
    kept = sample.take(np.flatnonzero(sample.target != 2))

    assert (kept.predicted == 2).any()
    assert measure(metric, kept).value == pytest.approx(float(expected(kept)), abs=1e-12)


def test_every_metric_of_every_task_is_compared() -> None:
    """No metric can join the registry without a reference value here."""
    for task, table in REFERENCES.items():
        assert {metric.name for metric in all_metrics(task)} == set(table)


SMOOTH = [case for case in EVERY_METRIC if "median_absolute_error" not in str(case.id)]


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("draw", "metric"), SMOOTH)
def test_influence_is_the_change_when_a_row_weighs_more(draw: Draw, metric: Metric, weighted: bool) -> None:
    """A row's influence is the value's slope along that row's weight, but for the correction of small samples."""
    rng = np.random.default_rng(23)
    pair = draw(rng, rows=1000)
    sample, _ = weigh(pair, rng.random(1000) + 0.5) if weighted else pair
    influence = measure(metric, sample).influence
    assert influence is not None
    assert influence.mean() == pytest.approx(0, abs=0.01 * influence.std())
    step = 1e-4
    for row in rng.choice(1000, 30):
        heavier = weights_of(sample).copy()
        heavier[row] += step * heavier[row]
        moved = measure(metric, weigh((sample, sample), heavier)[0]).value - measure(metric, sample).value

        assert influence[row] == pytest.approx(1000 * moved / step, rel=0.003, abs=0.01 * influence.std())


def undefined_cases() -> list[Any]:
    ones, scores = np.ones(5, dtype=np.int8), np.full((5, 2), 0.5)
    mixed, numbers = np.array([0, 1, 0, 1, 1], dtype=np.int8), np.arange(5.0)
    huge = Sample(numbers, np.full(5, 1e200))
    weightless = Sample(mixed, ones, scores, 1, weights=np.zeros(5))
    one_sided = Sample(mixed, ones, scores, 1, weights=np.array([0, 1, 0, 1, 3.0]))
    return [
        pytest.param("roc_auc", Sample(ones, ones, scores, 1), "one class", id="one-class"),
        pytest.param("roc_auc_ovr", Sample(ones, ones, scores), "one class", id="one-class-of-many"),
        pytest.param("roc_auc", one_sided, "rows that count are of one class", id="one-class-weighs"),
        pytest.param("roc_auc", Sample(ones, ones, None, 1), "no probabilities", id="no-probabilities"),
        pytest.param("average_precision", Sample(ones, ones, scores, 0), "of the class", id="no-positive"),
        pytest.param("f1", Sample(ones, ones, scores, 0), "positive class", id="no-positive-row"),
        pytest.param("recall", Sample(ones, ones, scores, 0), "of the class", id="no-row-to-recall"),
        pytest.param(
            "precision", Sample(mixed, mixed * 0, None, 1), "predicted as the positive", id="none-predicted"
        ),
        pytest.param("mcc", Sample(mixed, ones), "predicted as one class", id="constant-answers"),
        pytest.param("mcc", Sample(ones, mixed), "all rows are of one class", id="constant-truth"),
        pytest.param("cohen_kappa", Sample(ones, ones), "predicted as it", id="nothing-to-agree-on"),
        pytest.param("r2", Sample(np.full(5, 3.0), numbers), "same in all rows", id="constant-target"),
        pytest.param("mape", Sample(numbers, numbers), "0 in some rows", id="zero-target"),
        pytest.param("rmse", huge, "too large", id="overflow"),
        pytest.param("mae", huge, "too large", id="overflow-of-the-variance"),
        pytest.param("mae", Sample(numbers[:0], numbers[:0]), "no rows", id="no-rows"),
        pytest.param("accuracy", weightless, "no row has a weight", id="no-weight"),
    ]


@pytest.mark.parametrize(("name", "sample", "reason"), undefined_cases())
def test_undefined_gives_a_reason_and_no_number(name: str, sample: Sample, reason: str) -> None:
    """Where a metric has no value it says why, and NaN never leaves it."""
    with pytest.raises(Undefined, match=reason):
        measure(METRICS[name], sample)


@pytest.mark.parametrize(("draw", "metric"), EVERY_METRIC)
@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_hardly_any_rows_give_a_number_or_a_reason(draw: Draw, metric: Metric, rows: int) -> None:
    """None, one, two or three rows give a finite value, or say why there is none; never NaN, never a warning."""
    for seed in range(20):
        sample, _ = draw(np.random.default_rng(seed), rows=rows)
        try:
            estimate = measure(metric, sample)
        except Undefined:
            continue
        assert np.isfinite(estimate.value)
        assert rows > 1 or estimate.influence is None


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


@pytest.mark.parametrize(
    ("name", "task", "message"),
    [
        pytest.param("pinball:1.5", "regression", "1.5 is no quantile; give a number", id="quantile-outside"),
        pytest.param(
            "pinball:high", "regression", "high is no quantile; give a number", id="quantile-in-words"
        ),
        pytest.param("pinball:", "regression", "is not known", id="nothing-behind-the-colon"),
        pytest.param("recall:late", "regression", "does not fit a regression task", id="class-of-numbers"),
        pytest.param("recal:late", "binary", "is not known; did you mean 'recall'", id="misspelt-family"),
    ],
)
def test_wrong_member_of_a_family_is_refused(name: str, task: Task, message: str) -> None:
    """What stands behind the colon is looked over, and the error says what would do."""
    with pytest.raises(SettingsError, match=message):
        find_metric(name, task=task)


def test_recall_of_a_class_that_is_not_there_names_the_nearest() -> None:
    """A class that the target does not have is an error of the settings, with a known one named."""
    sample = Sample(np.array([0, 1]), np.array([0, 1]), classes=("on time", "late"))

    with pytest.raises(SettingsError, match="no class 'latte'; did you mean 'late'"):
        measure(find_metric("recall:latte", task="binary"), sample)


def test_every_family_is_documented() -> None:
    """Metrics that take a word behind a colon have a section of their own."""
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## `(\w+):[A-Z]+`: .+\n(.+)$", text, flags=re.MULTILINE)

    assert sections == [
        (name, find(word).docs) for (name, find), word in zip(FAMILIES.items(), ("a", "0.5"), strict=True)
    ]
