"""The holdout: the frozen labelled rows that every candidate of a project is scored on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.predictions import as_label
from greenroom_pipeline.report import Task
from greenroom_pipeline.settings import DataTable
from greenroom_pipeline.table import read_table, require_name
from greenroom_pipeline.target import read_classes


@dataclass(frozen=True)
class Holdout:
    """All columns of the file, and a digest of its bytes."""

    frame: pd.DataFrame
    digest: str
    data: DataTable
    classes: tuple[str, ...]
    """The target's labels in order; empty for regression."""

    @property
    def target(self) -> pd.Series[Any]:
        return self.frame[self.data.target]

    @property
    def groups(self) -> pd.Series[Any] | None:
        return None if self.data.group is None else self.frame[self.data.group]

    @property
    def weights(self) -> pd.Series[Any] | None:
        return None if self.data.weight is None else self.frame[self.data.weight]

    @property
    def positive(self) -> str | None:
        return positive_class(self.classes, self.data)

    def features(self, inputs: Sequence[str] | None) -> pd.DataFrame:
        """Return the columns that a model takes, in its order.

        *inputs* are the names in its signature; None means all but target, group and the ignored columns.
        `DataError` when the holdout lacks one of them, or it is the target or an ignored column.
        """
        if inputs is None:
            left_out = {self.data.target, self.data.group, self.data.weight, *self.data.ignore}
            return self.frame[[name for name in self.frame.columns if name not in left_out]]
        given_away = {
            self.data.target: "is what it predicts",
            **dict.fromkeys(self.data.ignore, "is ignored"),
        }
        if self.data.weight is not None:
            given_away[self.data.weight] = "says how much each row counts"
        for name in inputs:
            if name in given_away:
                raise DataError(
                    f"the model takes column {name!r}, which {given_away[name]}; drop it in training"
                )
            complaint = f"the model takes column {name!r}, which the holdout lacks"
            require_name([str(each) for each in self.frame.columns], name, complaint)
        return self.frame[list(inputs)]


def positive_class(classes: Sequence[str], data: DataTable) -> str | None:
    """Return the class whose probability counts; None unless there are two."""
    if len(classes) != 2:
        return None
    return classes[-1] if data.positive is None else as_label(data.positive)


def read_holdout(repository: Path, data: DataTable, *, task: Task) -> Holdout:
    """Read and check the holdout; `DataError` says what is wrong with which column."""
    path = repository / data.holdout
    frame = read_table(path, what="the holdout")
    for key, column in (
        ("target", data.target),
        ("group", data.group),
        ("weight", data.weight),
        ("id", data.id),
    ):
        if column is not None:
            complaint = f"data.{key} is {column!r}, which {data.holdout} has no column for"
            require_name([str(name) for name in frame.columns], column, complaint)
    if frame.empty:
        raise DataError(f"{data.holdout} has no rows; a holdout needs labelled rows to score both models on")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    classes = read_classes(frame[data.target], task=task, positive=data.positive)
    return Holdout(frame, digest, data, classes)
