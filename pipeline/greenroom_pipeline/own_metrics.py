"""The project's own metrics, measured in the model's environment: a table goes out, losses or draws come back."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from greenroom_pipeline.errors import ScoringError, SettingsError
from greenroom_pipeline.holdout import Holdout
from greenroom_pipeline.metrics.metric import Metric
from greenroom_pipeline.metrics.own import Drawn, Own, OwnLosses, OwnNumbers, define_own
from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.metrics.resampling import RESAMPLES, Draws
from greenroom_pipeline.predictions import Predictions, as_label, as_labels, to_frame
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.settings import MetricTable, Settings
from greenroom_pipeline.slices import SliceColumn
from greenroom_services.environments import Environment
from greenroom_services.errors import ModelError
from greenroom_services.measuring import measure_rows

_TIMEOUT = 900.0


def define_metrics(settings: Settings) -> dict[str, Metric]:
    """Return the project's own metrics by name; `SettingsError` when a name is taken."""
    own: dict[str, Metric] = {}
    for each in settings.metric:
        if each.name in METRICS or each.name in own:
            raise SettingsError(f"[[metric]] name: {each.name!r} is taken; give the metric another name")
        own[each.name] = define_own(
            each.name,
            title=each.title or each.name,
            higher_is_better=each.higher_is_better,
            task=settings.project.task,
        )
    return own


def list_sources(settings: Settings, repository: Repository) -> list[str]:
    """Return the files of the repository that the functions are named in; others come with the environment."""
    modules = {each.function.partition(":")[0].partition(".")[0] for each in settings.metric}
    paths = [path for module in sorted(modules) for path in (f"{module}.py", module)]
    return [path for path in paths if (repository.root / path).exists()]


def measure_own(
    settings: Settings,
    *,
    repository: Repository,
    environment: Environment,
    holdout: Holdout,
    candidate: Predictions,
    champion: Predictions | None,
    slices: Sequence[SliceColumn],
    seed: int,
    scratch: Path,
) -> list[Own]:
    """Run each of the project's own functions on both models' predictions.

    `ScoringError` when one does not load, fails, or returns what is no number.
    """
    table = _make_table(holdout, {"candidate": candidate, "champion": champion}, slices)
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        table.to_parquet(folder / "rows.parquet", index=False)
        try:
            measure_rows(
                {each.name: each.function for each in settings.metric},
                repository=repository.root,
                table=folder / "rows.parquet",
                classes=holdout.classes,
                positive=holdout.positive,
                seed=seed,
                resamples=RESAMPLES,
                output=folder / "measured",
                environment=environment,
                log=folder / "measure.log",
                timeout=_TIMEOUT,
            )
        except ModelError as error:
            raise ScoringError(str(error), log=error.log) from error
        metrics = define_metrics(settings)
        return [
            _read(metrics[each.name], each, folder / "measured" / f"{place}.parquet", holdout, slices)
            for place, each in enumerate(settings.metric)
        ]


def _make_table(
    holdout: Holdout, models: dict[str, Predictions | None], slices: Sequence[SliceColumn]
) -> pd.DataFrame:
    columns: dict[str, Any] = {f"row:{name}": holdout.frame[name] for name in holdout.features(None)}
    columns["target"] = holdout.target
    for model, predictions in models.items():
        if predictions is not None:
            answers = to_frame(predictions)
            answers["prediction"] = _spell(predictions, holdout)
            columns |= {f"{model}:{name}": answers[name].to_numpy() for name in answers}
    for place, column in enumerate(slices):
        columns[f"part:{place}:{len(column.values)}"] = column.codes
    if holdout.groups is not None:
        columns["group"] = pd.factorize(holdout.groups, use_na_sentinel=False)[0]
    if holdout.weights is not None:
        columns["weight"] = holdout.weights
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})


def _spell(predictions: Predictions, holdout: Holdout) -> Any:
    """Return the predictions in the target's own type, so that `target == prediction` means what it says."""
    if not holdout.classes:
        return predictions.values
    labels = as_labels(predictions.values)
    written = {as_label(value): value for value in holdout.target.unique()}
    # A class that only the model knows has no other form than its text.
    return np.array([written.get(label, label) for label in labels.categories])[labels.codes]


def _read(
    metric: Metric, table: MetricTable, path: Path, holdout: Holdout, slices: Sequence[SliceColumn]
) -> Own:
    """Read what the function left; `ScoringError` when it is not what the script writes, as anyone may have."""
    try:
        frame = pd.read_parquet(path).astype(np.float64)
        if not np.isfinite(frame.to_numpy()).all():
            raise ValueError("not all are numbers")
        if "candidate" in frame:
            return _read_losses(metric, frame, rows=len(holdout.frame))
        parts = 1 + sum(len(column.values) for column in slices)
        return OwnNumbers(metric, tuple(_read_part(frame, place) for place in range(parts)))
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise ScoringError(
            f"the metric {table.name!r} left values that cannot be read: {str(error).splitlines()[0]}"
        ) from error


def _read_losses(metric: Metric, frame: pd.DataFrame, *, rows: int) -> OwnLosses:
    if len(frame) != rows:
        raise ValueError(f"{len(frame)} losses for {rows} rows")
    champion = frame["champion"].to_numpy() if "champion" in frame else None
    return OwnLosses(metric, frame["candidate"].to_numpy(), champion)


def _read_part(frame: pd.DataFrame, place: int) -> Drawn | None:
    if f"{place}:candidate" not in frame:
        return None
    ours = frame[f"{place}:candidate"].to_numpy()
    theirs = frame[f"{place}:champion"].to_numpy() if f"{place}:champion" in frame else None
    return Drawn(
        candidate=float(ours[0]),
        champion=None if theirs is None else float(theirs[0]),
        draws=Draws(ours[1:], None if theirs is None else theirs[1:]),
    )
