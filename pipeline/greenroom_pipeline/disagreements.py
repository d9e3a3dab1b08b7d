"""The holdout rows on which candidate and champion differ most."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.metrics.metric import Sample
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import Answer, Disagreement, Task
from greenroom_pipeline.target import read_sample, read_target

MOST_ROWS = 50


def find_disagreements(
    *,
    task: Task,
    target: ArrayLike | pd.Series[Any],
    features: pd.DataFrame,
    candidate: Predictions,
    champion: Predictions | None,
    most: int = MOST_ROWS,
) -> list[Disagreement]:
    """Return the rows with the greatest differences, greatest first; *features* is without the target.

    Numbers differ by their distance, probabilities by the share that moved from class to class; without
    probabilities, labels differ or not. Equal answers are no disagreement.
    """
    if champion is None:
        return []
    truth = read_target(target, task=task, candidate=candidate, champion=champion)
    ours, theirs = (read_sample(model, target=truth) for model in (candidate, champion))
    distances = measure_distances(ours, theirs, task=task)
    return [
        Disagreement(
            row=int(row),
            features=_write_features(features, int(row)),
            target=write_value(ours, ours.target[row]),
            candidate=write_answer(ours, int(row)),
            champion=write_answer(theirs, int(row)),
        )
        for row in rank_rows(distances, most=most)
    ]


def rank_rows(distances: NDArray[np.float64], *, most: int) -> NDArray[np.intp]:
    """Return the places of the greatest distances above 0, greatest first, equal ones in their own order."""
    among = np.flatnonzero(distances > 0)
    if among.size > most:
        # Sorting all of many millions would take seconds.
        least = np.partition(distances[among], among.size - most)[among.size - most]
        among = among[distances[among] >= least]
    return among[np.argsort(-distances[among], kind="stable")[:most]]


def measure_distances(ours: Sample, theirs: Sample, *, task: Task) -> NDArray[np.float64]:
    if task == "regression":
        with np.errstate(over="ignore"):
            distances: NDArray[np.float64] = np.abs(ours.predicted - theirs.predicted)
        return distances
    if ours.probabilities is None or theirs.probabilities is None:
        return np.asarray(ours.predicted != theirs.predicted, dtype=np.float64)
    moved: NDArray[np.float64] = np.abs(ours.probabilities - theirs.probabilities).sum(axis=1) / 2
    return moved


def _write_features(features: pd.DataFrame, row: int) -> dict[str, Any]:
    # Column by column, since a row as a Series would force all columns into one type.
    return {str(name): to_native(features.iloc[row, place]) for place, name in enumerate(features.columns)}


def write_value(sample: Sample, value: Any) -> str | float:
    return sample.classes[value] if sample.classes else float(value)


def write_answer(sample: Sample, row: int) -> Answer:
    of_truth = None
    if sample.probabilities is not None:
        of_truth = float(sample.probabilities[row, sample.target[row]])
    return Answer(prediction=write_value(sample, sample.predicted[row]), probability=of_truth)


def to_native(value: Any) -> Any:
    """Return one cell as JSON can hold it: missing becomes None, what JSON has no form for its text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple, np.ndarray)):
        return [to_native(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_native(item) for key, item in value.items()}
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    if isinstance(value, (str, bool, int)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
