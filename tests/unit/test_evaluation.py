"""The evaluation: overall and by slice, for every task, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from greenroom_pipeline.errors import DataError, GreenroomError, SettingsError
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.metrics.registry import STANDARD
from greenroom_pipeline.predictions import Predictions, as_labels
from greenroom_pipeline.report import Task
from greenroom_pipeline.settings import SliceRule
from greenroom_pipeline.slices import cut_slices

ROWS = 900


def names(task: Task) -> list[str]:
    return [metric.name for metric in STANDARD[task]]


def classify(scores: NDArray[np.float64]) -> Predictions:
    return Predictions(as_labels(scores > 0.5), np.column_stack([1 - scores, scores]), ("0", "1"))


def draw_binary(seed: int = 0, *, rows: int = ROWS) -> tuple[pd.DataFrame, Predictions, Predictions]:
    rng = np.random.default_rng(seed)
    late = rng.integers(0, 2, rows)
    frame = pd.DataFrame({"late": late, "carrier": rng.choice(["AA", "UA", "HA"], rows, p=[0.5, 0.45, 0.05])})
    frame["day"] = rng.integers(0, 60, rows)
    scores = [np.clip(0.3 * late + rng.normal(0.35, 0.2, rows), 0, 1) for _ in "ab"]
    return frame, classify(scores[0]), classify(scores[1])


def evaluate_binary(
    frame: pd.DataFrame, candidate: Predictions, champion: Predictions | None, **changes: Any
) -> Evaluation:
    settings: dict[str, Any] = {
        "task": "binary",
        "target": frame["late"],
        "metrics": names("binary"),
        "slices": cut_slices(frame, [SliceRule(column="carrier")]),
    }
    return evaluate(candidate=candidate, champion=champion, **(settings | changes))


def test_overall_comes_first_and_every_slice_follows() -> None:
    """Metrics are listed overall, then slice by slice, each with both models and their difference."""
    frame, candidate, champion = draw_binary()
    found = evaluate_binary(frame, candidate, champion).metrics

    assert [result.metric for result in found[:5]] == names("binary")
    assert [result.slice and result.slice.value for result in found[::5]] == [None, "AA", "HA", "UA"]
    assert [result.rows for result in found[::5]] == [ROWS, *frame["carrier"].value_counts().sort_index()]
    for result in found:
        assert result.candidate is not None
        assert result.champion is not None
        assert result.interval is not None
        assert result.difference is not None
        assert result.difference == pytest.approx(result.candidate - result.champion, abs=1e-12)
        assert result.interval[0] < result.difference < result.interval[1]


def test_slice_is_the_metric_of_its_rows() -> None:
    """A slice's value is what scikit-learn gives for just those rows."""
    frame, candidate, champion = draw_binary()
    evaluation = evaluate_binary(frame, candidate, champion)
    assert candidate.probabilities is not None
    for finding in evaluation.find_slices("roc_auc"):
        assert finding.result.slice is not None
        rows = (frame["carrier"] == finding.result.slice.value).to_numpy()
        expected = roc_auc_score(frame["late"][rows], candidate.probabilities[rows, 1])

        assert finding.result.candidate == pytest.approx(expected, abs=1e-12)


def test_small_slices_say_what_they_lack() -> None:
    """Too few rows, or too few of a class, is a reason, and the values are still shown."""
    frame, candidate, champion = draw_binary()
    by_rows = evaluate_binary(frame, candidate, champion).find_slices("accuracy")
    by_class = evaluate_binary(frame, candidate, champion, min_rows=2, min_class_rows=60)

    assert [finding.reason is None for finding in by_rows] == [True, False, True]
    assert "fewer than 100" in (by_rows[1].reason or "")
    assert by_rows[1].result.candidate is not None
    assert "of class" in (by_class.find_slices("accuracy")[1].reason or "")


def test_no_champion_leaves_differences_empty() -> None:
    """Without a champion the candidate stands alone."""
    frame, candidate, _ = draw_binary()
    evaluation = evaluate_binary(frame, candidate, None)

    assert not evaluation.has_champion
    for result in evaluation.metrics:
        assert result.candidate is not None
        assert (result.champion, result.difference, result.interval, result.p_value) == (None,) * 4


def test_undefined_is_null_with_a_reason() -> None:
    """A model without probabilities has no ROC AUC: null, a reason, and no NaN anywhere."""
    frame, candidate, champion = draw_binary()
    labels_alone = Predictions(candidate.values)
    evaluation = evaluate_binary(frame, labels_alone, champion)
    finding = evaluation.find_overall("roc_auc")

    assert finding is not None
    assert (finding.result.candidate, finding.result.difference) == (None, None)
    assert finding.reason == "it is undefined for the candidate: the model gives no probabilities"
    assert all(result.candidate == result.candidate for result in evaluation.metrics)


def test_groups_widen_intervals() -> None:
    """Rows that repeat within a day count as one day, and the method says so."""
    frame, candidate, champion = draw_binary(rows=300)
    rows = np.repeat(np.arange(300), 4)

    def repeat(model: Predictions) -> Predictions:
        assert model.probabilities is not None
        return Predictions(model.values[rows], model.probabilities[rows], model.classes)

    again = frame.iloc[rows].reset_index(drop=True)
    plain = evaluate_binary(again, repeat(candidate), repeat(champion)).metrics
    grouped = evaluate_binary(again, repeat(candidate), repeat(champion), groups=rows).metrics
    for one, other in zip(plain[:5], grouped[:5], strict=True):
        assert one.interval is not None
        assert other.interval is not None
        width = (other.interval[1] - other.interval[0]) / (one.interval[1] - one.interval[0])

        assert width == pytest.approx(2, rel=0.02)
        assert other.method.endswith(", summed by group")


def test_missing_group_is_a_group() -> None:
    """Rows without a group are kept, as one group."""
    frame, candidate, champion = draw_binary()
    groups = frame["day"].where(frame["day"] > 5).astype("Int64")
    finding = evaluate_binary(frame, candidate, champion, groups=groups).find_overall("f1")

    assert finding is not None
    assert finding.result.interval is not None


@pytest.mark.parametrize("kind", ["int", "bool", "float", "str", "category", "named"])
def test_target_type_does_not_matter(kind: str) -> None:
    """Labels as numbers, booleans, text or categories give the same numbers."""
    frame, candidate, champion = draw_binary()
    expected = evaluate_binary(frame, candidate, champion).metrics
    late = frame["late"]
    if kind == "named":
        named = np.array(["on time", "late"])
        target = pd.Series(named[late])
        rename = {"0": "on time", "1": "late"}

        def translate(model: Predictions) -> Predictions:
            values = np.array([rename[value] for value in model.values])
            return Predictions(values, model.probabilities, ("on time", "late"))

        found = evaluate_binary(
            frame, translate(candidate), translate(champion), target=target, positive="late"
        )
        assert found.metrics == expected
    else:
        assert evaluate_binary(frame, candidate, champion, target=late.astype(kind)).metrics == expected  # type: ignore[call-overload]


def test_positive_class_can_be_chosen() -> None:
    """F1 speaks of the class named as positive; by default it is the last one in order."""
    frame, candidate, champion = draw_binary()
    last = evaluate_binary(frame, candidate, champion, positive="1").metrics
    first = evaluate_binary(frame, candidate, champion, positive="False").metrics

    assert evaluate_binary(frame, candidate, champion).metrics == last
    assert first[4].candidate != last[4].candidate
    with pytest.raises(SettingsError, match="no class '2'"):
        evaluate_binary(frame, candidate, champion, positive="2")


def test_multiclass_models_may_know_different_classes() -> None:
    """Columns are matched by class, not by place; a class that a model never saw has probability 0."""
    target = np.array(["a", "b", "c"] * 50)
    whole = Predictions(target, np.tile(np.eye(3), (50, 1))[:, [2, 0, 1]], ("c", "a", "b"))
    lacking = Predictions(
        np.where(target == "c", "a", target), np.tile(np.eye(3), (50, 1))[:, :2] @ np.eye(2), ("a", "b")
    )
    lacking.probabilities[target == "c", 0] = 1  # type: ignore[index]
    found = evaluate(
        task="multiclass", target=target, candidate=whole, champion=lacking, metrics=names("multiclass")
    )
    by_name = {result.metric: result for result in found.metrics}

    assert by_name["accuracy"].candidate == 1
    assert by_name["roc_auc_ovr"].candidate == 1
    assert by_name["accuracy"].champion == pytest.approx(2 / 3)
    assert by_name["brier"].champion == pytest.approx(2 / 3)
    assert by_name["f1_macro"].champion == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_regression_with_a_constant_target() -> None:
    """R² has no value where the target does not vary; the errors still have theirs."""
    found = evaluate(
        task="regression",
        target=np.full(20, 3.0),
        candidate=Predictions(np.linspace(2, 4, 20)),
        champion=Predictions(np.linspace(1, 4, 20)),
        metrics=names("regression"),
    )

    assert [finding.reason is None for finding in found.findings] == [True, True, False]
    assert found.metrics[2].candidate is None


def test_one_row_has_values_and_no_interval() -> None:
    """A single row of numbers is measured, and nothing is claimed of how it varies."""
    one = Predictions(np.array([2.0]))
    found = evaluate(
        task="regression", target=[1.0], candidate=one, champion=Predictions(np.array([4.0])), metrics=["mae"]
    ).findings[0]

    assert (found.result.difference, found.result.interval) == (-2, None)
    assert "too few rows" in (found.reason or "")


@pytest.mark.parametrize(
    ("task", "target", "message"),
    [
        pytest.param("binary", ["1", None], "no value in 1 row", id="missing"),
        pytest.param("binary", [1, 1], "all rows of the holdout are of the class '1'", id="one-class"),
        pytest.param("binary", [0, 1, 2], "3 classes, 0, 1 and 2, but the task is binary", id="three"),
        pytest.param("binary", [], "no rows", id="no-rows"),
        pytest.param("regression", ["x", "y"], "must be numbers, but is 'x'", id="text"),
        pytest.param(
            "regression", [1.0, np.nan, np.inf], "too large in 2 rows, the first is row 1", id="nan"
        ),
        pytest.param("regression", [], "no rows", id="no-numbers"),
    ],
)
def test_unusable_target_is_refused(task: Task, target: list[Any], message: str) -> None:
    """A holdout that cannot judge a model says why."""
    answers = Predictions(np.zeros(len(target)) if task == "regression" else np.array(["0"] * len(target)))

    with pytest.raises(DataError, match=message):
        evaluate(task=task, target=target, candidate=answers, champion=None, metrics=[])


def test_wrong_predictions_name_the_model() -> None:
    """An error says whether candidate or champion is to blame."""
    frame, candidate, champion = draw_binary()
    short = Predictions(champion.values[:-1])

    with pytest.raises(GreenroomError, match=f"the champion gave {ROWS - 1} predictions for {ROWS} rows"):
        evaluate_binary(frame, candidate, short)
    with pytest.raises(DataError, match="the group column has 3 values"):
        evaluate_binary(frame, candidate, champion, groups=[1, 2, 3])
