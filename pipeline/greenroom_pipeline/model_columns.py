"""The columns of a table that hold one model's answers, and the predictions that they make."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.predictions import RANGE_TOLERANCE, SUM_TOLERANCE, Predictions, as_label, as_labels
from greenroom_pipeline.wording import count, join_names, suggest_name

Kind = Literal["probability", "label", "number"]
THRESHOLD = 0.5
"""A binary label is the positive class where its probability is above this, as in scikit-learn."""


@dataclass(frozen=True)
class ModelColumns:
    """Where one model's answers stand: in one column, or in one for the probability of each class."""

    who: Literal["candidate", "champion"]
    option: str
    """As the command line gives it: `new`, or `new:*` for columns that begin with `new:`."""
    names: tuple[str, ...]
    classes: tuple[str, ...]
    """The class of each column; empty when one column holds the answers."""


def find_model_columns(
    names: Sequence[str], option: str, *, who: Literal["candidate", "champion"]
) -> ModelColumns:
    """Find the columns that *option* means; a name that really ends in `*` is a name."""
    if option in names or not option.endswith("*"):
        return ModelColumns(who, option, (option,), ())
    prefix = option.removesuffix("*")
    found = tuple(name for name in names if name.startswith(prefix) and name != prefix)
    if len(found) < 2:
        what = f"only {found[0]!r} begins" if found else "no column begins"
        raise DataError(
            f"--{who} {option!r} means one column for each class, but {what} with {prefix!r}; "
            f"{suggest_name(prefix, names)}"
        )
    return ModelColumns(who, option, found, tuple(as_label(name.removeprefix(prefix)) for name in found))


def digest_columns(frame: pd.DataFrame, names: Sequence[str]) -> str:
    """Return the SHA-256 over the columns' values, however the file keeps them."""
    digest = hashlib.sha256()
    for name in names:
        series = frame[name]
        if series.dtype.kind in "iufb":
            digest.update(series.to_numpy(dtype="<f8", na_value=np.nan).tobytes())
            continue
        codes, kinds = pd.factorize(series, sort=False)
        texts = [str(kind) for kind in kinds]
        digest.update("\0".join(texts).encode())
        digest.update(codes.astype("<i4").tobytes())
    return digest.hexdigest()


def read_predictions(
    frame: pd.DataFrame, model: ModelColumns, *, kind: Kind, classes: Sequence[str], positive: str | None
) -> Predictions:
    """Return the model's answers; *classes* are the target's, none for numbers.

    Raises `DataError`, which names the column and the row, for anything that is no answer of that *kind*.
    """
    if kind == "number":
        return Predictions(read_numbers(frame[model.names[0]]))
    if not model.classes:
        series = frame[model.names[0]]
        if kind == "label":
            return Predictions(as_labels(series, what=f"column {series.name!r}"))
        return _read_binary(series, classes=classes, positive=positive)
    _require_classes(model, classes)
    answers = _read_matrix(frame, model, classes=classes, positive=positive)
    return answers if kind == "probability" else Predictions(answers.values)


def read_numbers(series: pd.Series[Any]) -> NDArray[np.floating[Any]]:
    """Return a column's numbers; `DataError` for text, and for rows without a finite number."""
    require_numbers(series)
    numbers = series.to_numpy(na_value=np.nan, dtype=None if series.dtype.kind == "f" else np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        what = "no value" if np.isnan(numbers[wrong[0]]) else "an infinite number"
        raise DataError(
            f"column {series.name!r} has {what} in {count_rows(wrong)}; drop these rows or mend them"
        )
    return numbers


def read_probabilities(series: pd.Series[Any]) -> NDArray[np.floating[Any]]:
    numbers = read_numbers(series)
    wrong = np.flatnonzero((numbers < -RANGE_TOLERANCE) | (numbers > 1 + RANGE_TOLERANCE))
    if wrong.size:
        raise DataError(
            f"column {series.name!r} holds {float(numbers[wrong[0]]):.6g}, but probabilities lie in 0 to 1: "
            f"that is so in {count_rows(wrong)}; mend it, or pass another --prediction-kind"
        )
    return numbers


def require_numbers(series: pd.Series[Any]) -> None:
    if series.dtype.kind in "iufb":
        return
    for row, value in enumerate(series):
        if isinstance(value, str) and not is_number(value):
            raise DataError(
                f"column {series.name!r} holds text where numbers are needed, such as {value!r} in row {row} "
                "(counted from 0); mend it, or pass --task or --prediction-kind"
            )
    raise DataError(f"column {series.name!r} holds no numbers, or numbers as text; cast it where it is made")


def count_rows(rows: NDArray[np.intp]) -> str:
    return f"{count(rows.size, 'row')}, the first is row {rows[0]} (counted from 0)"


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_binary(series: pd.Series[Any], *, classes: Sequence[str], positive: str | None) -> Predictions:
    assert positive is not None
    code = list(classes).index(positive)
    numbers = read_probabilities(series)
    # Column by column in memory, as metrics go through them.
    probabilities = np.empty((2, numbers.size)).T
    probabilities[:, code] = numbers
    np.subtract(1, probabilities[:, code], out=probabilities[:, 1 - code])
    return _label_binary(probabilities, classes=classes, code=code)


def _read_matrix(
    frame: pd.DataFrame, model: ModelColumns, *, classes: Sequence[str], positive: str | None
) -> Predictions:
    # In the order of the target's classes, and classes that only the model knows behind them.
    known = [*classes, *(each for each in model.classes if each not in classes)]
    probabilities = np.empty((len(known), len(frame))).T
    for name, label in zip(model.names, model.classes, strict=True):
        probabilities[:, known.index(label)] = read_probabilities(frame[name])
    wrong = np.flatnonzero(np.abs(probabilities.sum(axis=1) - 1) > SUM_TOLERANCE)
    if wrong.size:
        raise DataError(
            f"the columns {model.option!r} do not add up to 1 in {count_rows(wrong)}; "
            "mend them, or leave out a column that is no class's probability"
        )
    if positive is not None:
        return _label_binary(probabilities, classes=known, code=known.index(positive))
    labels = pd.Categorical.from_codes(
        _choose_likeliest(probabilities), categories=pd.Index(known, dtype=object)
    )
    return Predictions(labels, probabilities, tuple(known))


def _label_binary(probabilities: NDArray[np.float64], *, classes: Sequence[str], code: int) -> Predictions:
    codes = np.where(probabilities[:, code] > THRESHOLD, code, 1 - code).astype(np.int8)
    labels = pd.Categorical.from_codes(codes, categories=pd.Index(list(classes), dtype=object))
    return Predictions(labels, probabilities, tuple(classes))


def _choose_likeliest(probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    likeliest: NDArray[np.intp] = probabilities.argmax(axis=1)
    return likeliest


def _require_classes(model: ModelColumns, classes: Sequence[str]) -> None:
    twice = [label for label in model.classes if model.classes.count(label) > 1]
    if twice:
        raise DataError(f"two columns of {model.option!r} are for the class {twice[0]!r}; keep one")
    missing = [label for label in classes if label not in model.classes]
    if missing:
        raise DataError(
            f"{model.option!r} has columns for {join_names(model.classes)}, but none for the target's class "
            f"{missing[0]!r}; add it"
        )
    unknown = [label for label in model.classes if label not in classes]
    if unknown and len(classes) == 2:
        raise DataError(
            f"{model.option!r} has a column for {unknown[0]!r}, but the target's classes are "
            f"{join_names(list(classes))}; rename it, or pass --task multiclass"
        )
