"""Predictions: labels in one form, the table that scoring hands back, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from greenroom_pipeline.errors import DataError, ScoringError
from greenroom_pipeline.predictions import (
    Predictions,
    as_label,
    as_labels,
    from_frame,
    order_labels,
    to_frame,
    validate,
)
from greenroom_pipeline.report import Task


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(np.array([1, 0]), ["1", "0"], id="integers"),
        pytest.param(np.array([1.0, 0.5]), ["1", "0.5"], id="floats"),
        pytest.param(np.array([True, False]), ["1", "0"], id="booleans"),
        pytest.param(pd.Series([True, None, False], dtype="boolean").dropna(), ["1", "0"], id="nullable"),
        pytest.param(np.array(["True", "false"]), ["1", "0"], id="booleans-as-text"),
        pytest.param(np.array(["1.0", "007"]), ["1", "007"], id="numbers-as-text"),
        pytest.param(pd.Series(["b", "a"], dtype="category"), ["b", "a"], id="categories"),
        pytest.param(np.array([1, "x", True], dtype=object), ["1", "x", "1"], id="mixed"),
        pytest.param(np.array([]), [], id="none"),
    ],
)
def test_labels_have_one_form(values: Any, expected: list[str]) -> None:
    """A class is written the same whichever type it comes in, and text that is not a number is kept."""
    assert as_labels(values).tolist() == expected


def test_label_of_one_value() -> None:
    """The form of a single class is that of a column of it."""
    assert [as_label(value) for value in (np.float32(2), np.True_, "yes")] == ["2", "1", "yes"]


def test_labels_are_ordered_by_size() -> None:
    """Ten comes after two, and text after numbers."""
    assert order_labels(["10", "b", "2", "a", "2"]) == ("2", "10", "a", "b")


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_label_is_refused(missing: Any) -> None:
    """A target without a value says in how many rows, and where."""
    with pytest.raises(DataError, match="the target has no value in 1 row, the first is row 1"):
        as_labels(pd.Series(["a", missing, "b"], dtype=object))


def test_table_comes_back_as_it_went() -> None:
    """Predictions survive their table form, classes and order included."""
    before = Predictions(np.array(["a", "b"]), np.array([[0.7, 0.3], [0.1, 0.9]]), ("a", "b"))
    table = to_frame(before)
    after = from_frame(table, task="binary")

    assert list(table.columns) == ["prediction", "probability:a", "probability:b"]
    assert after.values.tolist() == ["a", "b"]
    assert after.probabilities is not None
    assert after.probabilities.tolist() == [[0.7, 0.3], [0.1, 0.9]]
    assert after.classes == ("a", "b")


def test_table_of_numbers() -> None:
    """Regression has numbers, no classes and no probabilities."""
    read = from_frame(pd.DataFrame({"prediction": [1, 2]}), task="regression")

    assert read.values.dtype == np.float64
    assert (read.probabilities, read.classes) == (None, ())


def test_table_without_probabilities() -> None:
    """A classifier may give labels alone."""
    assert from_frame(pd.DataFrame({"prediction": [True, False]}), task="binary").probabilities is None


@pytest.mark.parametrize(
    ("columns", "task", "message"),
    [
        pytest.param({"answer": [1.0]}, "regression", "no column 'prediction', only answer", id="column"),
        pytest.param(
            {"prediction": [1.0, np.nan, np.inf]}, "regression", "in 2 rows, the first is row 1", id="nan"
        ),
        pytest.param({"prediction": ["x"]}, "regression", "must predict numbers, but answers 'x'", id="text"),
        pytest.param({"prediction": ["a", None]}, "binary", "predicts NaN in 1 row", id="missing-label"),
        pytest.param({"prediction": [1.0, np.inf]}, "binary", "an infinite number in 1 row", id="infinite"),
    ],
)
def test_unusable_table_is_refused(columns: dict[str, Any], task: Task, message: str) -> None:
    """A table that cannot be compared says which rows are to blame."""
    with pytest.raises(ScoringError, match=message):
        from_frame(pd.DataFrame(columns), task=task)


def classify(probabilities: Any, *, labels: Any = ("a", "b"), classes: Any = ("a", "b")) -> Predictions:
    return Predictions(np.array(list(labels)), np.array(probabilities, dtype=np.float64), tuple(classes))


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        pytest.param(classify([[1, 0]] * 3, labels="aba"), "gave 3 predictions for 2 rows", id="rows"),
        pytest.param(classify([[1, 0]]), "gave 1 × 2 probabilities for 2 rows", id="probability-rows"),
        pytest.param(classify([[1, 0], [np.nan, 1]]), "NaN .* in 1 row, the first is row 1", id="nan"),
        pytest.param(classify([[1.5, -0.5], [1, 0]]), "outside 0 to 1 in 1 row", id="range"),
        pytest.param(classify([[1, 0], [0.5, 0.4]]), "do not add up to 1 in 1 row", id="sum"),
        pytest.param(classify([[1, 0], [1, 0]], classes="aa"), "names a class twice", id="twice"),
        pytest.param(
            classify([[1, 0], [1, 0]], classes="ac"),
            "the class 'c', which .* classes are a and b",
            id="class",
        ),
        pytest.param(classify([[1, 0], [1, 0]], labels="az"), "knows the class 'z'", id="label"),
    ],
)
def test_unusable_predictions_are_refused(predictions: Predictions, message: str) -> None:
    """Wrong rows, probabilities and classes are each named."""
    with pytest.raises(ScoringError, match=f"^the champion.*{message}"):
        validate(predictions, rows=2, task="binary", classes=("a", "b"), model="the champion")


def test_rounding_of_probabilities_is_tolerated() -> None:
    """Probabilities in 32 bits that overshoot by rounding are as good as exact ones."""
    validate(classify([[1.0000001, -1e-8], [0.3335, 0.6661]]), rows=2, task="binary", classes=("a", "b"))


def test_multiclass_model_may_know_a_rare_class() -> None:
    """A class that this holdout lacks is fine for many classes, unless most are spelled otherwise."""
    more = classify([[0.5, 0.3, 0.2]] * 2, classes="abc")

    validate(more, rows=2, task="multiclass", classes=("a", "b"))
    with pytest.raises(ScoringError, match="knows the class 'a'"):
        validate(more, rows=2, task="multiclass", classes=("A", "b", "C"))
