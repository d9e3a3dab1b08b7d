"""Scoring: both models on the same rows, each in its own environment, never in this process."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from greenroom_pipeline.errors import ScoringError
from greenroom_pipeline.holdout import Holdout
from greenroom_pipeline.models import Model
from greenroom_pipeline.places import Places
from greenroom_pipeline.predictions import Predictions, from_frame, validate
from greenroom_pipeline.report import Task
from greenroom_pipeline.tracking import Store
from greenroom_services.environments import Environment, build_environment, model_requirements
from greenroom_services.errors import ModelError, RequirementsError
from greenroom_services.scoring import score_model

PREDICTIONS = "predictions"
_TIMEOUT = 900.0
_WHOLE = frozenset({"integer", "long"})
_NUMBERS = _WHOLE | {"float", "double"}


@contextmanager
def _translated(who: str) -> Iterator[None]:
    try:
        yield
    except (ModelError, RequirementsError) as error:
        raise ScoringError(f"{who}: {error}", log=error.log) from error


def model_environment(model: Model, places: Places, *, who: str) -> Environment:
    """Return the environment in which *model* is scored and served, building it at first use."""
    with _translated(who):
        return build_environment(model_requirements(model.path), cache=places.environments)


def score(
    model: Model, holdout: Holdout, *, task: Task, store: Store, places: Places, who: str
) -> tuple[Predictions, bool]:
    """Return the model's predictions on the holdout, and whether they were recorded before.

    They are kept with the run that trained the model, so that a champion is scored once a holdout.
    `ScoringError` when the model does not load, or its answers cannot be compared.
    """
    known = recorded_predictions(model, holdout, task=task, store=store)
    if known is not None:
        return known, True
    features = holdout.features(model.columns)
    environment = model_environment(model, places, who=who)
    with tempfile.TemporaryDirectory(dir=places.scratch) as folder:
        rows, output = Path(folder) / "rows.parquet", Path(folder) / name_predictions(model, holdout)
        output.parent.mkdir()
        features.to_parquet(rows)
        with _translated(who), _explained(features, model, who=who):
            score_model(
                model.path,
                rows=rows,
                output=output,
                environment=environment,
                task=task,
                classes=holdout.classes,
                positive=holdout.positive,
                log=Path(folder) / "score.log",
                timeout=_TIMEOUT,
            )
        predictions = _read(output, rows=len(features), task=task, who=who)
        store.put(model.logged.run_id, output, PREDICTIONS)
    return predictions, False


@contextmanager
def _explained(features: pd.DataFrame, model: Model, *, who: str) -> Iterator[None]:
    """Name the column when a model fails on it: MLflow's own words begin with a print of all rows."""
    try:
        yield
    except ModelError as error:
        misfit = find_misfit(features, model.inputs or {})
        if misfit is None:
            raise
        raise ScoringError(f"{who} fails on the holdout: {misfit}", log=error.log) from error


def find_misfit(features: pd.DataFrame, inputs: Mapping[str, str]) -> str | None:
    """Say which column of the holdout the signature's type cannot hold; None when each can be."""
    for name, kind in inputs.items():
        values = features[name]
        if kind in _NUMBERS and not is_numeric_dtype(values):
            held = f"holds {values.dropna().iloc[0]!r}" if values.notna().any() else "is empty"
        elif kind in _WHOLE and values.isna().any():
            held = "has missing values"
        elif kind in _WHOLE and (values % 1 != 0).any():
            held = f"holds {values[values % 1 != 0].iloc[0]}"
        else:
            continue
        return (
            f"column {name!r} is {kind} in its signature, but {held} in the holdout; "
            "log it with a signature of rows like the holdout's, or mend the column"
        )
    return None


def recorded_predictions(model: Model, holdout: Holdout, *, task: Task, store: Store) -> Predictions | None:
    """Return what the model was scored with on this holdout, or None when it was not."""
    stored = store.get(model.logged.run_id, name_predictions(model, holdout))
    if stored is None:
        return None
    try:
        return from_frame(pd.read_parquet(stored), task=task)
    except (OSError, ValueError, ScoringError):
        return None  # cut off while it was written: scored anew


def _read(path: Path, *, rows: int, task: Task, who: str) -> Predictions:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ScoringError(
            f"{who} left predictions that are no Parquet file: {type(error).__name__}"
        ) from error
    predictions = from_frame(table, task=task, model=who)
    validate(predictions, rows=rows, task=task, model=who)
    return predictions


def name_predictions(model: Model, holdout: Holdout) -> str:
    """Name the file of predictions by the holdout, and by all else that they follow from.

    The code that asks the model is part of that.
    """
    columns = map(str, holdout.features(model.columns).columns)
    asked = [version("greenroom"), str(holdout.positive), ",".join(holdout.classes)]
    identity = "\0".join([model.digest, holdout.digest, *asked, *columns])
    follows = hashlib.sha256(identity.encode()).hexdigest()[:24]
    return f"{PREDICTIONS}/{begin_name(holdout.digest)}{follows}.parquet"


def begin_name(holdout: str) -> str:
    """Return what the names of all predictions on the holdout of this digest begin with."""
    return f"{holdout[:16]}-"
