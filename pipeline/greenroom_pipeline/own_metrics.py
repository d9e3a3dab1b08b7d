"""The project's own metrics, measured in the model's environment: a table goes out, losses or draws come back."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from greenroom_pipeline.errors import RepositoryError, ScoringError, SettingsError
from greenroom_pipeline.fingerprint import require_committed
from greenroom_pipeline.holdout import Holdout
from greenroom_pipeline.metrics.metric import Metric
from greenroom_pipeline.metrics.own import Drawn, Own, OwnLosses, OwnNumbers, define_own
from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.metrics.resampling import FEWEST_DEFINED, RESAMPLES, Draws
from greenroom_pipeline.predictions import Predictions, as_label, as_labels, to_frame
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.settings import MetricTable, Settings
from greenroom_pipeline.slices import SliceColumn
from greenroom_services.environments import Environment
from greenroom_services.errors import ModelError
from greenroom_services.measuring import measure_rows
from greenroom_services.sandbox import open_plain

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


def require_committed_sources(settings: Settings, repository: Repository) -> None:
    """Raise `RepositoryError` when code that a function of the project may read is not the commit's.

    A function imports what it likes, so all Python files count; and one that git ignores belongs to no commit.
    """
    if not settings.metric:
        return
    require_committed(repository, ["*.py"])
    modules = {each.function.partition(":")[0].partition(".")[0] for each in settings.metric}
    tracked = set(repository.tracked())
    for path in [path for module in sorted(modules) for path in (f"{module}.py", f"{module}/__init__.py")]:
        if (repository.root / path).exists() and path not in tracked:
            raise RepositoryError(
                f"{path} has a metric's function, but git does not track it; add and commit it"
            )


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
        models = ["candidate"] if champion is None else ["candidate", "champion"]
        return [
            _read(metrics[each.name], each, folder / "measured" / f"{place}.parquet", holdout, slices, models)
            for place, each in enumerate(settings.metric)
        ]


def _make_table(
    holdout: Holdout, models: dict[str, Predictions | None], slices: Sequence[SliceColumn]
) -> pd.DataFrame:
    columns: dict[str, Any] = {f"row:{name}": holdout.frame[name] for name in holdout.features(None)}
    written = _write_classes(holdout, [each for each in models.values() if each is not None])
    columns["target"] = _spell(as_labels(holdout.target), written) if written else holdout.target
    for model, predictions in models.items():
        if predictions is not None:
            answers = to_frame(predictions)
            if written:
                answers["prediction"] = _spell(as_labels(predictions.values), written)
            columns |= {f"{model}:{name}": answers[name].to_numpy() for name in answers}
    for place, column in enumerate(slices):
        columns[f"part:{place}:{len(column.values)}"] = column.codes
    if holdout.groups is not None:
        columns["group"] = pd.factorize(holdout.groups, use_na_sentinel=False)[0]
    if holdout.weights is not None:
        columns["weight"] = holdout.weights
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})


def _write_classes(holdout: Holdout, models: Sequence[Predictions]) -> dict[str, Any]:
    """Return each class as the target has it, so that `target == prediction` means what it says.

    All are texts where a model knows a class that the target lacks, which has no other form. None for numbers.
    """
    if not holdout.classes:
        return {}
    written = {as_label(value): value for value in holdout.target.unique()}
    predicted = {label for each in models for label in as_labels(each.values).categories}
    return written if predicted <= written.keys() else {label: label for label in predicted | written.keys()}


def _spell(labels: pd.Categorical, written: Mapping[str, Any]) -> Any:
    return np.array([written[label] for label in labels.categories])[labels.codes]


def _read(
    metric: Metric,
    table: MetricTable,
    path: Path,
    holdout: Holdout,
    slices: Sequence[SliceColumn],
    models: Sequence[str],
) -> Own:
    """Read what the function left; `ScoringError` when it is not what the script writes, as anyone may have."""
    try:
        with open_plain(path) as file:
            frame = pd.read_parquet(file).astype(np.float64)
        if "candidate" in frame:
            return _read_losses(metric, frame, rows=len(holdout.frame), models=models)
        grouped = holdout.groups is not None
        parts = 1 + sum(len(column.values) for column in slices)
        return OwnNumbers(
            metric, tuple(_read_part(frame, place, models, grouped=grouped) for place in range(parts))
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ScoringError(f"the metric {table.name!r} left values that cannot be read: {reason}") from error


def _read_losses(metric: Metric, frame: pd.DataFrame, *, rows: int, models: Sequence[str]) -> OwnLosses:
    if frame.shape != (rows, len(models)) or not np.isfinite(frame.to_numpy()).all():
        raise ValueError(f"there must be a number for each of {rows} rows and {len(models)} models")
    columns = [frame[model].to_numpy() for model in models]
    return OwnLosses(metric, columns[0], columns[1] if len(columns) > 1 else None)


def _read_part(frame: pd.DataFrame, place: int, models: Sequence[str], *, grouped: bool) -> Drawn | None:
    """Return the part's values; None for a slice without rows, or on which a model has none."""
    if f"{place}:candidate" not in frame:
        return None
    values = frame[[f"{place}:{model}" for model in models]].to_numpy()
    if len(values) != RESAMPLES + 1:
        raise ValueError(f"there must be {RESAMPLES} draws, and not {len(values) - 1}")
    if not np.isfinite(values[0]).all():
        if place == 0:
            raise ValueError(f"it is {values[0].min()} on the whole holdout")
        return None
    drawn = values[1:][np.isfinite(values[1:]).all(axis=1)]
    # All draws of one group are that group.
    enough = len(drawn) >= FEWEST_DEFINED * RESAMPLES and bool((drawn != drawn[0]).any() or not grouped)
    both = len(models) > 1
    return Drawn(
        candidate=float(values[0, 0]),
        champion=float(values[0, 1]) if both else None,
        draws=Draws(drawn[:, 0], drawn[:, 1] if both else None) if enough else None,
    )
