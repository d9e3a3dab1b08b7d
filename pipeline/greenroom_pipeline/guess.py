"""What a table does not say and its values suggest: the task, and what kind of answers a column holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from greenroom_pipeline.errors import DataError, SettingsError
from greenroom_pipeline.model_columns import (
    Kind,
    ModelColumns,
    count_rows,
    is_number,
    read_numbers,
    require_numbers,
)
from greenroom_pipeline.predictions import RANGE_TOLERANCE, as_label
from greenroom_pipeline.report import Task
from greenroom_pipeline.wording import join_names

MOST_CODES = 50
"""With more whole numbers than this, a target of whole numbers is taken for an amount."""
MOST_TEXTS = 200


class TaskGuess(NamedTuple):
    task: Task
    why: str


class KindGuess(NamedTuple):
    kind: Kind
    why: str


def guess_task(
    frame: pd.DataFrame, target: str, models: Sequence[ModelColumns], *, kind: Kind | None
) -> TaskGuess:
    """Return the task that the target's values suggest; `SettingsError` when they suggest two."""
    series = frame[target]
    different = len({as_label(value) for value in series.dropna().unique()})
    if kind == "number":
        return TaskGuess("regression", "the predictions are numbers")
    if different <= 2:
        return TaskGuess("binary", f"{target!r} has two classes")
    if not _is_numeric(series):
        if different > MOST_TEXTS:
            raise DataError(
                f"column {target!r} holds text with {different:,} different values, such as "
                f"{str(series.dropna().iloc[0])!r}; name a target of numbers or classes, or pass --task"
            )
        return TaskGuess("multiclass", f"{target!r} has {different:,} classes")
    if kind is not None or any(model.classes for model in models):
        return TaskGuess(
            "multiclass", f"{target!r} has {different:,} values and the predictions are of classes"
        )
    if different <= MOST_CODES and all(_looks_probable(frame[model.names[0]]) for model in models):
        raise SettingsError(
            f"column {target!r} holds {different} different numbers and the predictions lie between 0 and 1; if they "
            f"are probabilities, mend the rows that are of no class; else pass --task"
        )
    if not _is_whole(series):
        return TaskGuess("regression", f"{target!r} holds numbers with decimals")
    if not all(_is_whole(frame[model.names[0]]) for model in models):
        return TaskGuess("regression", "the predictions are numbers with decimals")
    if different > MOST_CODES:
        return TaskGuess("regression", f"{target!r} holds {different:,} different numbers")
    raise SettingsError(
        f"column {target!r} holds {different} different whole numbers, which may be classes or amounts; "
        "pass --task multiclass or --task regression"
    )


def guess_kind(
    frame: pd.DataFrame, model: ModelColumns, *, task: Task, classes: Sequence[str], positive: str | None
) -> KindGuess:
    """Return what kind of answers a model's columns hold; an error says what to pass when that is unclear."""
    if task == "regression":
        return KindGuess("number", "")
    if model.classes:
        return KindGuess("probability", "there is a column for each class")
    series = frame[model.names[0]]
    if not _is_numeric(series):
        _refuse_stray_text(series, classes=classes)
        return KindGuess("label", f"{series.name!r} holds no numbers")
    numbers = read_numbers(series)
    inside = bool(((numbers >= -RANGE_TOLERANCE) & (numbers <= 1 + RANGE_TOLERANCE)).all())
    hard = inside and bool(((numbers == 0) | (numbers == 1)).all())
    if inside and not hard and task == "binary":
        return KindGuess("probability", f"{series.name!r} holds numbers between 0 and 1")
    labels = [as_label(value) for value in pd.unique(numbers)[: MOST_TEXTS + len(classes)]]
    unknown = [label for label in labels if label not in classes]
    if not unknown:
        return KindGuess("label", f"{series.name!r} holds the target's classes")
    if hard:
        raise SettingsError(
            f"column {series.name!r} holds only 0 and 1, and the target's classes are "
            f"{join_names(list(classes))}; pass --prediction-kind probability, which takes 1 for {positive}"
        )
    if inside:
        raise DataError(
            f"column {series.name!r} holds one number between 0 and 1 for {len(classes)} classes; give the "
            f"probability of each class a column, such as {model.option}:{classes[0]}, and pass "
            f"--{model.who} '{model.option}:*'"
        )
    strange = np.isin(numbers, [float(label) for label in unknown])
    if task == "binary":
        strange &= (numbers < 0) | (numbers > 1)
    rows = np.flatnonzero(strange)
    what = "neither a probability (0 to 1) nor a class" if task == "binary" else "no class of the target"
    raise DataError(
        f"column {series.name!r} holds {numbers[rows[0]]:.6g}, which is {what} ({join_names(list(classes))}), in "
        f"{count_rows(rows)}; mend it, or pass --task regression"
    )


def _refuse_stray_text(series: pd.Series[Any], *, classes: Sequence[str]) -> None:
    """Take text for labels unless it stands among numbers that are no classes."""
    others = [label for label in map(as_label, series.dropna().unique()) if label not in classes]
    if any(is_number(label) for label in others):
        require_numbers(series)


def _looks_probable(series: pd.Series[Any]) -> bool:
    """Whether the column may well hold probabilities: between 0 and 1, and not only those two."""
    if not _is_numeric(series):
        return False
    numbers = series.to_numpy()
    inside = (numbers >= 0) & (numbers <= 1)
    return bool(inside.all() and ((numbers > 0) & (numbers < 1)).any())


def _is_numeric(series: pd.Series[Any]) -> bool:
    return series.dtype.kind in "iuf"


def _is_whole(series: pd.Series[Any]) -> bool:
    if series.dtype.kind in "iu":
        return True
    if not _is_numeric(series):
        return False
    numbers = series.to_numpy()
    known = numbers[np.isfinite(numbers)]
    return bool((known == np.rint(known)).all())
