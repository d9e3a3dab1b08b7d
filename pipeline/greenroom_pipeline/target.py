"""The target: the truth of the holdout, and models' answers brought into its coding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.errors import DataError, SettingsError
from greenroom_pipeline.metrics.metric import LARGEST, Sample, normalize_weights
from greenroom_pipeline.predictions import Predictions, as_label, as_labels, order_labels, validate
from greenroom_pipeline.report import Task
from greenroom_pipeline.wording import count, join_names, suggest_name


@dataclass(frozen=True)
class Target:
    """What really happened, in the form that metrics read."""

    task: Task
    values: NDArray[Any]
    """(n,) class codes, or numbers."""
    classes: tuple[str, ...]
    """The class of each code, the holdout's and those that only a model knows; empty for regression."""
    positive: int | None
    """The code of the positive class in binary tasks."""

    @property
    def rows(self) -> int:
        return int(self.values.size)

    def count_classes(self) -> dict[str, int]:
        """Return how many rows each class has that rows are of, in order; none for regression."""
        counts = np.bincount(self.values) if self.classes else ()
        return {self.classes[code]: int(rows) for code, rows in enumerate(counts) if rows}

    def classes_present(self) -> dict[int, str]:
        """Return the classes that rows are of, by code; none for regression."""
        if not self.classes:
            return {}
        return {int(code): self.classes[code] for code in np.flatnonzero(np.bincount(self.values))}


@dataclass(frozen=True)
class Whole:
    """What all rows of a holdout say that some of its rows do not."""

    counts: Mapping[str, int]
    """How many rows each class of the target has, in order; none for regression."""
    classes: tuple[str, ...]
    """These and the ones that only a model knows, in order."""
    greatest_weight: float | None
    """None where all rows count alike."""


def describe_whole(
    counts: Mapping[Any, int], *, known: Sequence[Any], greatest_weight: float | None = None
) -> Whole:
    """Return what a holdout says from the rows that each value of its target has; *known* are models' classes."""
    rows: dict[str, int] = {}
    for value, many in counts.items():
        rows[as_label(value)] = rows.get(as_label(value), 0) + many
    return Whole(
        counts={label: rows[label] for label in order_labels(list(rows))},
        classes=order_labels([*rows, *map(as_label, known)]),
        greatest_weight=greatest_weight,
    )


def code_target(
    values: ArrayLike | pd.Series[Any], *, task: Task, whole: Whole, positive: str | None = None
) -> Target:
    """Return the target of some rows of a holdout, coded as the whole is; `DataError` when it cannot be used."""
    if task == "regression":
        return Target(task, _read_numbers(values), (), None)
    code = _choose_positive(whole.classes, positive) if task == "binary" else None
    return Target(task, _encode(as_labels(values), whole.classes), whole.classes, code)


def read_target(
    values: ArrayLike | pd.Series[Any],
    *,
    task: Task,
    candidate: Predictions,
    champion: Predictions | None,
    positive: str | None = None,
) -> Target:
    """Return the target, coded so that both models' answers fit.

    Raises `DataError` when it cannot be used, `ScoringError` when the predictions do not go with it.
    """
    if task == "regression":
        numbers = _read_numbers(values)
        _validate_both(candidate, champion, rows=numbers.size, task=task)
        return Target(task, numbers, (), None)
    labels = as_labels(values)
    own = order_labels(labels.categories.tolist())
    _refuse_classes(own, rows=len(labels), task=task)
    _validate_both(candidate, champion, rows=len(labels), task=task, classes=own)
    classes = order_labels(
        [*own, *_known_classes(candidate), *(_known_classes(champion) if champion else ())]
    )
    code = _choose_positive(classes, positive) if task == "binary" else None
    return Target(task, _encode(labels, classes), classes, code)


def read_classes(
    values: ArrayLike | pd.Series[Any], *, task: Task, positive: str | None = None
) -> tuple[str, ...]:
    """Return the target's classes in order, none for regression, before any model has answered.

    Raises `DataError` when the target cannot be used, `SettingsError` when *positive* is none of its classes.
    """
    if task == "regression":
        _read_numbers(values)
        return ()
    labels = as_labels(values)
    classes = order_labels(labels.categories.tolist())
    _refuse_classes(classes, rows=len(labels), task=task)
    if task == "binary":
        _choose_positive(classes, positive)
    return classes


def read_sample(
    predictions: Predictions, *, target: Target, weights: NDArray[np.float64] | None = None
) -> Sample:
    """Return a model's answers in the target's coding; a class that it does not know has probability 0."""
    if target.task == "regression":
        numbers = np.asarray(predictions.values, dtype=np.float64)
        return Sample(target.values, numbers, weights=weights)
    predicted = _encode(as_labels(predictions.values), target.classes)
    probabilities = _order_probabilities(predictions, target)
    return Sample(target.values, predicted, probabilities, target.positive, target.classes, weights)


def read_weights(values: ArrayLike | pd.Series[Any], *, rows: int) -> NDArray[np.float64] | None:
    """Return (rows,) weights with a mean of 1, None where all rows count alike.

    `DataError` unless all are numbers of 0 or more.
    """
    weights = _read_positive(values)
    if weights.size != rows:
        raise DataError(
            f"there are {count(weights.size, 'weight')} for {count(rows, 'row')}; give each row one"
        )
    if not weights.any():
        raise DataError("all weights are 0, so no row counts; give some rows a weight above 0")
    if (weights == weights[0]).all():
        return None
    return _scale(weights, greatest=weights.max())


def scale_weights(values: ArrayLike | pd.Series[Any], *, greatest: float) -> NDArray[np.float64]:
    """Return weights of some rows with a mean of 1; *greatest* is that of the whole holdout."""
    return _scale(_read_positive(values), greatest=greatest)


def _scale(weights: NDArray[np.float64], *, greatest: float) -> NDArray[np.float64]:
    # Sums of the greatest weights, and quotients of the least, would leave the range of 64 bits.
    return normalize_weights(weights / greatest)


def _read_positive(values: ArrayLike | pd.Series[Any]) -> NDArray[np.float64]:
    series = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values))
    try:
        weights: NDArray[np.float64] = series.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise DataError(f"weights must be numbers, but the first is {series.iloc[0]!r}; mend them") from None
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if wrong.size:
        raise DataError(
            f"the weight of row {wrong[0]} is {weights[wrong[0]]}; give each row a number of 0 or more"
        )
    return weights


def _order_probabilities(predictions: Predictions, target: Target) -> NDArray[np.floating[Any]] | None:
    if predictions.probabilities is None:
        return None
    if predictions.classes == target.classes:
        return predictions.probabilities
    probabilities = np.zeros((target.rows, len(target.classes)), dtype=predictions.probabilities.dtype)
    places = [target.classes.index(name) for name in predictions.classes]
    probabilities[:, places] = predictions.probabilities
    return probabilities


def _validate_both(
    candidate: Predictions,
    champion: Predictions | None,
    *,
    rows: int,
    task: Task,
    classes: Sequence[str] = (),
) -> None:
    validate(candidate, rows=rows, task=task, classes=classes, model="the candidate")
    if champion is not None:
        validate(champion, rows=rows, task=task, classes=classes, model="the champion")


def _read_numbers(values: ArrayLike | pd.Series[Any]) -> NDArray[np.float64]:
    series = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values))
    try:
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the target of a regression must be numbers, but is {series.iloc[0]!r} in the first row; "
            "mend the holdout or the task"
        ) from error
    # Written so that NaN is among the wrong ones.
    wrong = np.flatnonzero(~(np.abs(numbers) < LARGEST))
    if wrong.size:
        raise DataError(
            f"the target is missing, infinite or too large in {count(wrong.size, 'row')}, the first is row {wrong[0]}; "
            "drop or label them"
        )
    if not numbers.size:
        raise DataError("the holdout has no rows; give it labelled ones")
    return numbers


def _refuse_classes(classes: Sequence[str], *, rows: int, task: Task) -> None:
    if not rows:
        raise DataError("the holdout has no rows; give it labelled ones")
    if len(classes) == 1:
        raise DataError(
            f"all rows of the holdout are of the class {classes[0]!r}; give it rows of another too"
        )
    if task == "binary" and len(classes) > 2:
        raise DataError(
            f"the target has {len(classes)} classes, {join_names(classes)}, but the task is binary; "
            'set task = "multiclass", or mend the target'
        )


def _known_classes(predictions: Predictions) -> list[str]:
    return [*predictions.classes, *as_labels(predictions.values).categories.tolist()]


def _encode(labels: pd.Categorical, classes: Sequence[str]) -> NDArray[Any]:
    """Return the place of each label among *classes*, in the smallest type that holds them."""
    return np.asarray(labels.set_categories(list(classes)).codes)


def _choose_positive(classes: Sequence[str], positive: str | None) -> int:
    if positive is None:
        return len(classes) - 1
    if as_label(positive) not in classes:
        raise SettingsError(
            f"[data] positive: the target has no class {positive!r}; {suggest_name(positive, classes)}"
        )
    return classes.index(as_label(positive))
