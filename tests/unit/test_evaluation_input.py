"""What an evaluation is given: bad numbers anywhere, labels of every kind, slices and rows that lack something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from greenroom_pipeline.errors import DataError, GreenroomError
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import Task
from greenroom_pipeline.settings import SliceRule
from greenroom_pipeline.slices import cut_slices
from tests.samples import DRAWS, metrics_for

ROWS = 200
CLASSES: dict[Task, tuple[str, ...]] = {"binary": ("0", "1"), "multiclass": ("0", "1", "2"), "regression": ()}
TASKS = list(DRAWS)


def draw_inputs(task: Task, *, rows: int = ROWS, seed: int = 3) -> dict[str, Any]:
    """Return what `evaluate` takes of a task, with every metric that fits it but those that name a class."""
    models = DRAWS[task](np.random.default_rng(seed), rows=rows)
    answers = [Predictions(one.predicted.copy(), one.probabilities, CLASSES[task]) for one in models]
    metrics = [metric for metric in metrics_for(task) if metric.interval != "resampled"]
    target = models[0].target.copy()
    return {
        "task": task,
        "target": target,
        "candidate": answers[0],
        "champion": answers[1],
        "metrics": metrics,
    }


def spoil_numbers(values: Any, bad: float) -> Any:
    spoilt = np.asarray(values, dtype=np.float64)
    spoilt[7] = bad
    return spoilt


def spoil_probabilities(predictions: Predictions, bad: float) -> Predictions:
    assert predictions.probabilities is not None
    probabilities = predictions.probabilities.copy()
    probabilities[7, 1] = bad
    return Predictions(predictions.values, probabilities, predictions.classes)


Spoil = Callable[[dict[str, Any], float], dict[str, Any]]
SPOILS: dict[str, Spoil] = {
    "target": lambda given, bad: {"target": spoil_numbers(given["target"], bad)},
    "weights": lambda given, bad: {"weights": spoil_numbers(np.ones(ROWS), bad)},
    **{
        f"{model}'s predictions": lambda given, bad, model=model: {  # type: ignore[misc]
            model: Predictions(
                spoil_numbers(given[model].values, bad), given[model].probabilities, given[model].classes
            )
        }
        for model in ("candidate", "champion")
    },
    **{
        f"{model}'s probabilities": lambda given, bad, model=model: {  # type: ignore[misc]
            model: spoil_probabilities(given[model], bad)
        }
        for model in ("candidate", "champion")
    },
}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("task", "where"),
    [
        (task, where)
        for task in TASKS
        for where in SPOILS
        if task != "regression" or "probabilities" not in where
    ],
)
def test_bad_number_anywhere_is_refused(task: Task, where: str, bad: float) -> None:
    """NaN or an infinity in target, weights, predictions or probabilities: one line that names the row, no verdict."""
    given = draw_inputs(task)
    with pytest.raises(GreenroomError) as caught:
        evaluate(**given | SPOILS[where](given, bad))

    message = str(caught.value)
    assert "\n" not in message
    assert "row 7" in message


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        pytest.param(np.ones(3), "there are 3 weights for 200 rows", id="too-few"),
        pytest.param(np.append(np.ones(ROWS - 1), -1), "the weight of row 199 is -1.0", id="negative"),
        pytest.param(np.zeros(ROWS), "all weights are 0", id="all-zero"),
        pytest.param(
            pd.Series(["much"] * ROWS), "weights must be numbers, but the first is 'much'", id="text"
        ),
        pytest.param(
            pd.Series([None] + [1] * (ROWS - 1), dtype="Int64"), "the weight of row 0 is nan", id="missing"
        ),
    ],
)
def test_unusable_weights_are_refused(weights: Any, message: str) -> None:
    """Weights that cannot be used say which, and what would do."""
    with pytest.raises(DataError, match=message):
        evaluate(**draw_inputs("binary"), weights=weights)


@pytest.mark.parametrize("task", TASKS)
def test_weights_of_one_change_no_value(task: Task) -> None:
    """Weights of 1 are no weights: the same values, intervals and methods."""
    given = draw_inputs(task)
    plain, weighed = evaluate(**given).metrics, evaluate(**given, weights=np.full(ROWS, 2.5)).metrics

    assert weighed == plain


def finite(evaluation: Evaluation) -> bool:
    """Whether every number of the evaluation is one, and what is missing has a reason."""
    for finding in evaluation.findings:
        result = finding.result
        numbers = [result.candidate, result.champion, result.difference, result.p_value]
        numbers += [*(result.interval or ()), *(result.candidate_interval or ())]
        if not all(number is None or np.isfinite(number) for number in numbers):
            return False
        if result.interval is None and finding.reason is None:
            return False
    return True


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("constant", ["both", "candidate", "champion"])
def test_constant_predictions_give_numbers_or_reasons(task: Task, constant: str) -> None:
    """A model that always answers the same is measured where that has a meaning; nothing is NaN, nothing warns."""
    given = draw_inputs(task)
    for model in ("candidate", "champion"):
        if constant in (model, "both"):
            answers: Predictions = given[model]
            probabilities = answers.probabilities
            given[model] = Predictions(
                np.full(ROWS, answers.values[0]),
                None if probabilities is None else np.tile(probabilities[0], (ROWS, 1)),
                answers.classes,
            )

    assert finite(evaluate(**given))


@pytest.mark.parametrize("task", TASKS)
def test_slices_may_lack_anything(task: Task) -> None:
    """Slices of one row, of one class, or of rows without a value are each a slice, with numbers or reasons."""
    given = draw_inputs(task)
    place = pd.Series(["most"] * ROWS, dtype=object)
    place[:1], place[1:40] = "one row", None
    if task != "regression":
        place[(given["target"] == 1) & (np.arange(ROWS) > 100)] = "one class"
    given["slices"] = cut_slices(pd.DataFrame({"place": place}), [SliceRule(column="place")])
    found = evaluate(**given, min_rows=1, min_class_rows=1)
    rows = {one.slice.value: one.rows for one in found.metrics if one.slice is not None}

    assert rows["one row"] == 1
    assert rows["(missing)"] == 39
    assert sum(rows.values()) == ROWS
    assert finite(found)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_slice_that_lacks_a_class_says_so(task: Task) -> None:
    """A slice without rows of a class is too small to test, and the reason names the class."""
    given = draw_inputs(task)
    column = np.where(given["target"] == 1, "rest", np.where(np.arange(ROWS) % 2, "zeros", "rest"))
    given["slices"] = cut_slices(pd.DataFrame({"kind": column}), [SliceRule(column="kind")])
    found = evaluate(**given, min_rows=5, min_class_rows=2)
    reasons = {one.reason for one in found.findings if one.result.slice and one.result.slice.value == "zeros"}

    assert reasons == {"it has 0 rows of class 1, fewer than 2"}


@pytest.mark.parametrize("task", TASKS)
def test_hardly_any_rows(task: Task) -> None:
    """No row is refused with one line; one or two rows give numbers or reasons, never NaN."""
    with pytest.raises(DataError, match="the holdout has no rows"):
        evaluate(**draw_inputs(task, rows=0))
    for seed in range(10):
        given = draw_inputs(task, rows=2, seed=seed)
        if task != "regression":
            given["target"] = np.array([0, 1], dtype=np.int8)
        assert finite(evaluate(**given))


KINDS: dict[str, Callable[[Any], Any]] = {
    "integers": lambda codes: np.asarray(codes, dtype=np.int64),
    "small integers": lambda codes: np.asarray(codes, dtype=np.int8),
    "floats": lambda codes: np.asarray(codes, dtype=np.float64),
    "booleans": lambda codes: np.asarray(codes, dtype=bool),
    "text": lambda codes: np.asarray(codes).astype(str),
    "objects": lambda codes: np.asarray(codes).astype(object),
    "categories": lambda codes: pd.Categorical(np.asarray(codes).astype(str), categories=["9", "1", "0"]),
}


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("side", ["target", "answers"])
def test_labels_of_every_kind_are_the_same(kind: str, side: str) -> None:
    """Text, booleans, integers, floats and categories, of the target or of a model, give the same evaluation."""
    given = draw_inputs("binary")
    expected = evaluate(**given)
    write = KINDS[kind]
    if side == "target":
        values = write(given["target"])
        changed = {"target": pd.Series(values) if kind == "categories" else values}
    else:
        changed = {
            model: Predictions(write(given[model].values), given[model].probabilities, given[model].classes)
            for model in ("candidate", "champion")
        }

    assert evaluate(**given | changed) == expected


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_rows_without_a_group_are_one_group(missing: Any) -> None:
    """A group column with missing values counts the rows without one together, on the whole and on slices."""
    given = draw_inputs("binary")
    days = pd.Series(np.arange(ROWS) // 5, dtype=object)
    days[::7] = missing
    half = pd.DataFrame({"half": np.where(np.arange(ROWS) < 100, "first", "second")})
    given["slices"] = cut_slices(half, [SliceRule(column="half")])
    named = evaluate(**given, groups=days.where(days.notna(), "none"))

    assert evaluate(**given, groups=days) == named
    assert finite(named)


def test_probabilities_of_32_bits_are_measured_in_64() -> None:
    """Compact probabilities give the numbers that the same values in 64 bits give."""
    given = draw_inputs("binary")
    short, long = (
        given
        | {
            model: Predictions(
                given[model].values, given[model].probabilities.astype(np.float32).astype(kind), ("0", "1")
            )
            for model in ("candidate", "champion")
        }
        for kind in (np.float32, np.float64)
    )
    for one, other in zip(evaluate(**short).metrics, evaluate(**long).metrics, strict=True):
        assert one.difference == pytest.approx(other.difference, abs=1e-12)
        assert one.candidate == pytest.approx(other.candidate, abs=1e-12)
