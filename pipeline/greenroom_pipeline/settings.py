"""`greenroom.toml` as values: one model a table, each key with the help that the docs print."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from greenroom_pipeline.report import Task


def _require_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?", name):
        raise ValueError(f"{name!r} is no project name; use up to 50 lower-case letters, digits and dashes")
    return name


def _stay_inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"{path!r} leaves the repository; give a path inside it, relative to greenroom.toml")
    return path


Name = Annotated[str, AfterValidator(_require_name)]
Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, le=7 * 86_400, allow_inf_nan=False)]
# Classes are compared as text, and 0 and 1 are as often written as numbers.
Label = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value)]
RepositoryPath = Annotated[str, Field(min_length=1), AfterValidator(_stay_inside)]


class Table(BaseModel):
    """A table of `greenroom.toml`: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProjectTable(Table):
    name: Name = Field(
        description="Lower-case letters, digits and dashes; names the model, the Bento and the links."
    )
    task: Task = Field(description="`binary`, `multiclass` or `regression`.")


class TrainTable(Table):
    command: Text = Field(
        description="Trains the candidate in the project's own environment. "
        "`MLFLOW_TRACKING_URI`, `MLFLOW_RUN_ID` and `GREENROOM_*` are set for it."
    )
    inputs: list[RepositoryPath] = Field(
        [],
        description="Files and folders that training reads: the fingerprint. Empty means every tracked file.",
    )
    model: RepositoryPath | None = Field(
        None,
        description="File that the command leaves when it logs no model itself: scikit-learn's kind of model, "
        "saved as `.skops`, `.joblib`, `.pkl` or `.pickle`.",
    )
    requirements: RepositoryPath | None = Field(
        None,
        description="File with what `model` needs to load. Default: `requirements.txt`, else `uv.lock`.",
    )
    timeout: Seconds = Field(3600, description="Seconds after which training is stopped; at most a week.")


class SliceRule(Table):
    column: Text = Field(description="Column of the holdout to slice by.")
    bins: int | None = Field(
        None, ge=2, le=50, description="Cut a numeric column into this many bins of equal counts."
    )


class DataTable(Table):
    holdout: RepositoryPath = Field(description="Parquet or CSV file with the frozen labelled rows.")
    target: Text = Field(description="Column of the holdout that the model predicts.")
    positive: Label | None = Field(
        None, description="Binary tasks: the class whose probability counts. Default: the last one in order."
    )
    slices: list[SliceRule] = Field(
        [],
        description='Columns whose values are compared: `"carrier"` or `{ column = …, bins = … }`.',
    )
    group: str | None = Field(
        None,
        description="Column whose equal values mark rows that are not independent: a day, a customer.",
    )
    ignore: list[str] = Field([], description="Columns of the holdout that no model may take.")

    @field_validator("slices", mode="before")
    @classmethod
    def _column_names(cls, value: object) -> object:
        if not isinstance(value, list):
            return value
        return [{"column": item} if isinstance(item, str) else item for item in value]


class GateRule(Table):
    metric: Text = Field(description="Metric that the rule is about; `docs/metrics.md` lists them.")
    min: float | None = Field(None, description="The candidate's own value must be at least this.")
    max: float | None = Field(None, description="The candidate's own value must be at most this.")
    max_loss: float | None = Field(
        None, ge=0, description="Tolerated loss against the champion, in the metric's own units."
    )
    max_loss_slices: float | None = Field(
        None, ge=0, description="Tolerated loss against the champion on any declared slice."
    )

    @model_validator(mode="after")
    def _says_something(self) -> GateRule:
        if self.min is self.max is self.max_loss is self.max_loss_slices is None:
            raise ValueError("needs at least one of min, max, max_loss, max_loss_slices")
        return self


class GateTable(Table):
    confidence: float = Field(0.95, ge=0.5, lt=1, description="Confidence of every interval.")
    on_inconclusive: Literal["warn", "fail"] = Field(
        "warn",
        description="Whether `greenroom run` exits with 0 (`warn`) or 1 (`fail`) when inconclusive.",
    )
    min_rows: int = Field(
        100,
        ge=2,
        description="Slices with fewer rows are shown and not tested; a holdout with fewer is inconclusive.",
    )
    min_class_rows: int = Field(
        10, ge=1, description="Slices with fewer rows of any class than this are shown and not tested."
    )
    check: list[GateRule] = Field([], description="The rules, each a `[[gate.check]]` table.")


class PreviewTable(Table):
    timeout: Seconds = Field(120, description="Seconds that a preview may take until its first answer.")


class Settings(Table):
    """A whole `greenroom.toml`."""

    project: ProjectTable
    train: TrainTable
    data: DataTable
    gate: GateTable = GateTable()
    preview: PreviewTable = PreviewTable()
