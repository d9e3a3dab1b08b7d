"""One model's predictions on the holdout: their checks, their table form, and their labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.errors import DataError, ScoringError
from greenroom_pipeline.metrics.metric import LARGEST
from greenroom_pipeline.report import Task
from greenroom_pipeline.wording import count, join_names

PREDICTION_COLUMN = "prediction"
PROBABILITY_PREFIX = "probability:"
SUM_TOLERANCE = 1e-3
# Probabilities kept in 32 bits overshoot 0 and 1 by rounding.
RANGE_TOLERANCE = 1e-6

_BOOLEANS = {"True": "1", "true": "1", "False": "0", "false": "0"}
_WHOLE_NUMBER = re.compile(r"(-?\d+)\.0*")


@dataclass(frozen=True)
class Predictions:
    """What one model answered to each row of the holdout, in its order."""

    values: NDArray[Any] | pd.Categorical
    """(n,) predicted labels, or numbers."""
    probabilities: NDArray[np.floating[Any]] | None = None
    """(n, k) in 32 bits or 64, or None when the model gives none."""
    classes: tuple[str, ...] = ()
    """The k classes in the columns' order; empty for regression and without probabilities."""


def as_label(value: Any) -> str:
    """Return a class in its one written form.

    Model, table and holdout often write one class in different types: 1, 1.0, true. So booleans become
    `1` and `0`, and whole numbers lose their decimals, also where they come as text. Other text is kept.
    """
    text = str(value)
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    whole = _WHOLE_NUMBER.fullmatch(text)
    return whole.group(1) if whole else text


def as_labels(values: ArrayLike | pd.Series[Any], *, what: str = "the target") -> pd.Categorical:
    """Return (n,) classes in their one written form; `DataError` where one is missing or infinite.

    Only classes that occur are categories.
    """
    codes, kinds = _find_kinds(_as_series(values))
    _refuse_labels(codes < 0, f"{what} has no value")
    infinite = [place for place, kind in enumerate(kinds) if _is_infinite(kind)]
    if infinite:
        _refuse_labels(np.isin(codes, infinite), f"{what} is infinite")
    # Two types may write one class.
    places, labels = pd.factorize(np.asarray([as_label(kind) for kind in kinds], dtype=object))
    compact: NDArray[np.signedinteger] = places.astype(np.min_scalar_type(-max(len(labels), 1)))
    kind = pd.CategoricalDtype(pd.Index(labels, dtype=object))
    return pd.Categorical.from_codes(compact[codes], dtype=kind)


def code_labels(predictions: Predictions, *, model: str = "the model") -> Predictions:
    """Return the same with labels in their one written form, which is read much faster than text or objects.

    *model* is how an error names the one that answered.
    """
    series = _as_series(predictions.values)
    _refuse_missing(series, model=model)
    return replace(predictions, values=as_labels(series, what=f"the label of {model}"))


def order_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct labels in order: numbers by size, then text."""
    return tuple(sorted(set(labels), key=_label_order))


def from_frame(frame: pd.DataFrame, *, task: Task, model: str = "the model") -> Predictions:
    """Read the table that scoring hands back: `prediction`, and `probability:<class>` for each class.

    *model* is how an error names the one that answered.
    """
    if PREDICTION_COLUMN not in frame.columns:
        raise ScoringError(
            f"{model}'s predictions have no column {PREDICTION_COLUMN!r}, only {join_names(list(frame.columns))}"
        )
    if task == "regression":
        return Predictions(_as_numbers(frame[PREDICTION_COLUMN], model=model))
    _refuse_missing(frame[PREDICTION_COLUMN], model=model)
    columns = [str(column) for column in frame.columns if str(column).startswith(PROBABILITY_PREFIX)]
    return Predictions(
        as_labels(frame[PREDICTION_COLUMN]),
        _as_probabilities(frame[columns]) if columns else None,
        tuple(as_label(column.removeprefix(PROBABILITY_PREFIX)) for column in columns),
    )


def to_frame(predictions: Predictions) -> pd.DataFrame:
    """Return the table form that `from_frame` reads."""
    table: dict[str, Any] = {PREDICTION_COLUMN: predictions.values}
    if predictions.probabilities is not None:
        for column, name in enumerate(predictions.classes):
            table[f"{PROBABILITY_PREFIX}{name}"] = predictions.probabilities[:, column]
    return pd.DataFrame(table)


def validate(
    predictions: Predictions, *, rows: int, task: Task, classes: Sequence[str] = (), model: str = "the model"
) -> None:
    """Raise `ScoringError` unless the predictions can be compared on *rows* rows of *task*.

    *classes* are the holdout's; *model* is how the error names the one that answered.
    """
    if len(predictions.values) != rows:
        raise ScoringError(
            f"{model} gave {count(len(predictions.values), 'prediction')} for {count(rows, 'row')}; "
            "it must answer each row once, in order"
        )
    if task == "regression":
        _as_numbers(pd.Series(predictions.values), model=model)
        return
    _refuse_missing(pd.Series(predictions.values), model=model)
    _check_probabilities(predictions, rows=rows, model=model)
    if classes:
        _check_classes(predictions, task=task, classes=classes, model=model)


def _as_series(values: ArrayLike | pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(values, pd.Series):
        return values
    return pd.Series(values if isinstance(values, pd.Categorical) else np.asarray(values))


def _refuse_labels(wrong: NDArray[np.bool_], what: str) -> None:
    rows = np.flatnonzero(wrong)
    if rows.size:
        raise DataError(
            f"{what} in {count(rows.size, 'row')}, the first is row {rows[0]}; drop or label them"
        )


def _is_infinite(value: Any) -> bool:
    return isinstance(value, (float, np.floating)) and bool(np.isinf(value))


def _find_kinds(series: pd.Series[Any]) -> tuple[NDArray[Any], Sequence[Any]]:
    """Return each row's place among the values that occur, −1 where it has none, and these values."""
    if not isinstance(series.dtype, pd.CategoricalDtype):
        codes, kinds = pd.factorize(series)
        return codes, list(kinds)
    coded = series.cat.codes.to_numpy()
    used = np.bincount(coded[coded >= 0], minlength=len(series.cat.categories)) > 0
    # The last place is what −1, the code of a missing value, points to.
    places = np.append(np.cumsum(used) - 1, -1).astype(coded.dtype)
    return places[coded], series.cat.categories[used].tolist()


def _label_order(label: str) -> tuple[bool, float, str]:
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label


def _as_probabilities(frame: pd.DataFrame) -> NDArray[np.floating[Any]]:
    """Return the columns side by side, in 32 bits where all of them come so."""
    compact = all(dtype == np.float32 for dtype in frame.dtypes)
    return np.asarray(frame.to_numpy(dtype=np.float32 if compact else np.float64, na_value=np.nan))


def _as_numbers(series: pd.Series[Any], *, model: str = "the model") -> NDArray[np.float64]:
    try:
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ScoringError(f"{model} must predict numbers, but answers {series.iloc[0]!r}") from error
    _refuse_rows(~np.isfinite(numbers), f"{model} predicts NaN or an infinite number")
    _refuse_rows(np.abs(numbers) >= LARGEST, f"{model} predicts a number too large to compute with")
    return numbers


def _refuse_missing(series: pd.Series[Any], *, model: str = "the model") -> None:
    _refuse_rows(series.isna().to_numpy(dtype=bool), f"{model} predicts NaN")
    if series.dtype.kind == "f":
        _refuse_rows(np.isinf(series.to_numpy()), f"{model} predicts an infinite number")


def _refuse_rows(wrong: ArrayLike, what: str) -> None:
    rows = np.flatnonzero(wrong)
    if rows.size:
        raise ScoringError(
            f"{what} in {count(rows.size, 'row')}, the first is row {rows[0]} of the holdout; mend the model, "
            "for example how it fills in missing values"
        )


def _check_probabilities(predictions: Predictions, *, rows: int, model: str) -> None:
    probabilities, classes = predictions.probabilities, predictions.classes
    if probabilities is None:
        return
    if probabilities.shape != (rows, len(classes)):
        shape = " × ".join(str(size) for size in probabilities.shape)
        raise ScoringError(
            f"{model} gave {shape} probabilities for {count(rows, 'row')} and {len(classes)} classes"
        )
    if len(set(classes)) < len(classes):
        raise ScoringError(f"{model} names a class twice: {join_names(classes)}")
    # The extremes tell at once whether any row needs looking at; NaN makes either comparison false.
    if not (probabilities.min() >= -RANGE_TOLERANCE and probabilities.max() <= 1 + RANGE_TOLERANCE):
        _refuse_rows(~np.isfinite(probabilities).all(axis=1), f"{model} gives NaN or infinite probabilities")
        outside = (probabilities < -RANGE_TOLERANCE) | (probabilities > 1 + RANGE_TOLERANCE)
        _refuse_rows(outside.any(axis=1), f"{model} gives probabilities outside 0 to 1")
    sums = reduce(np.add, probabilities.T)
    _refuse_rows(np.abs(sums - 1) > SUM_TOLERANCE, f"{model} gives probabilities that do not add up to 1")


def _check_classes(predictions: Predictions, *, task: Task, classes: Sequence[str], model: str) -> None:
    predicted = {str(label) for label in as_labels(predictions.values).categories}
    named = predicted | set(predictions.classes)
    unknown = order_labels(list(named - set(classes)))
    # A model of many classes may well know some that this holdout lacks, but not all under another spelling.
    tolerated = task == "multiclass" and len(named & set(classes)) > len(unknown)
    if unknown and not tolerated:
        raise ScoringError(
            f"{model} knows the class {unknown[0]!r}, which the holdout's target does not have: "
            f"its classes are {join_names(order_labels(classes))}"
        )
