"""Holdouts with both models' predictions as Parquet files, small or large, for questions about their rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from greenroom_pipeline.desk import Rows
from greenroom_pipeline.exploration import Terms
from greenroom_pipeline.predictions import Predictions, to_frame
from greenroom_pipeline.report import Task

METRICS: dict[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "log_loss", "accuracy", "f1"),
    "multiclass": ("log_loss", "accuracy"),
    "regression": ("rmse", "mae", "median_absolute_error"),
}


def make_holdout(rows: int, *, task: Task = "binary", seed: int = 7) -> pd.DataFrame:
    """Return flights of every kind of column, some values missing, with a target that they explain a little."""
    random = np.random.default_rng(seed)
    distance = random.integers(80, 5_000, rows)
    delay = distance / 1_000 + random.normal(size=rows)
    target: Any = delay
    if task != "regression":
        target = np.digitize(delay, [2.0] if task == "binary" else [1.5, 3.0])
    wind = random.gamma(2, 5, rows)
    start = pd.Timestamp("2013-01-01T00:30")
    return pd.DataFrame(
        {
            "carrier": random.choice(
                np.array(["UA", "HA", "DL", None], dtype=object), rows, p=[0.5, 0.2, 0.2, 0.1]
            ),
            "distance": distance,
            "wind": np.where(random.random(rows) < 0.05, np.nan, wind),
            "weekend": random.random(rows) < 0.3,
            "scheduled": start + pd.to_timedelta(random.integers(0, 365 * 24, rows), unit="h"),
            "ticket": 2**53 + random.integers(0, 4, rows),
            "flight_date": random.integers(0, 40, rows),
            "weight": random.integers(1, 4, rows).astype(float),
            "delayed": target,
        }
    )


def predict(holdout: pd.DataFrame, *, task: Task, noise: float, seed: int) -> Predictions:
    """Return what a model says that sees the target through *noise*."""
    random = np.random.default_rng(seed)
    target = holdout["delayed"].to_numpy()
    if task == "regression":
        return Predictions(target + noise * random.normal(size=len(target)))
    classes = int(target.max()) + 1
    scores = np.exp(np.eye(classes)[target] * 1.5 + noise * random.normal(size=(len(target), classes)))
    shares = scores / scores.sum(axis=1, keepdims=True)
    labels = np.array([str(label) for label in range(classes)])
    return Predictions(labels[shares.argmax(axis=1)], shares, tuple(labels))


def write_rows(
    folder: Path,
    holdout: pd.DataFrame,
    *,
    task: Task = "binary",
    champion: bool = True,
    group_rows: int | None = None,
) -> Rows:
    """Write the three files, each in row groups of a size of its own."""
    paths = {name: folder / f"{name}.parquet" for name in ("holdout", "candidate", "champion")}
    holdout.to_parquet(paths["holdout"], index=False, row_group_size=group_rows)
    for place, (name, noise) in enumerate((("candidate", 0.9), ("champion", 1.1))):
        said = predict(holdout, task=task, noise=noise, seed=place)
        own = None if group_rows is None else group_rows + 7 * (place + 1)
        to_frame(said).to_parquet(paths[name], index=False, row_group_size=own)
    return Rows(paths["holdout"], paths["candidate"], paths["champion"] if champion else None)


def make_terms(task: Task = "binary", **changes: Any) -> Terms:
    return Terms(
        **{
            "task": task,
            "metrics": METRICS[task],
            "confidence": 0.95,
            "target": "delayed",
            "features": ("carrier", "distance", "wind", "weekend", "scheduled"),
            **changes,
        }
    )
