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
from greenroom_pipeline.words import Words


def _require_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?", name):
        raise ValueError(f"{name!r} is no project name; use up to 50 lower-case letters, digits and dashes")
    return name


def _stay_inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"{path!r} leaves the repository; give a path inside it, relative to greenroom.toml")
    return path


def _require_metric_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,48}", name):
        raise ValueError(f"{name!r} is no metric name; use up to 49 lower-case letters, digits and _")
    return name


def _require_function(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", name):
        raise ValueError(f"{name!r} names no function; write module:function, such as costs:cost_of_delay")
    return name


Name = Annotated[str, AfterValidator(_require_name)]
MetricName = Annotated[str, AfterValidator(_require_metric_name)]
FunctionName = Annotated[str, AfterValidator(_require_function)]
Text = Annotated[str, Field(min_length=1)]
# Name, tag and digest, and never what an engine would take for an option.
IMAGE = r"^[a-z0-9][A-Za-z0-9._/:@-]*$"
Seconds = Annotated[float, Field(gt=0, le=7 * 86_400, allow_inf_nan=False)]
# Classes are compared as text, and 0 and 1 are as often written as numbers.
Label = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value)]
RepositoryPath = Annotated[str, Field(min_length=1), AfterValidator(_stay_inside)]


class Table(BaseModel):
    """A table of `greenroom.toml`: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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
    seeds: int = Field(
        1,
        ge=1,
        le=20,
        description="Train this many times, with `GREENROOM_SEED` 0, 1, … set for the command, and show how much "
        "the metrics vary; the candidate is the model of seed 0.",
    )


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
    weight: str | None = Field(
        None, description="Column that says how much each row counts, 0 or more; it is no input of models."
    )
    ignore: list[str] = Field([], description="Columns of the holdout that no model may take.")
    train: list[RepositoryPath] = Field(
        [], description="Parquet or CSV files of the training rows, which must not reappear in the holdout."
    )
    id: str | None = Field(
        None, description="Column that names a row: no id of the holdout may appear in the training rows."
    )

    @model_validator(mode="after")
    def _columns_apart(self) -> DataTable:
        if self.target in (self.group, self.weight, self.id):
            raise ValueError(f"{self.target!r} is the target; group, weight and id need columns of their own")
        twice = [rule.column for place, rule in enumerate(self.slices) if rule in self.slices[:place]]
        if twice:
            raise ValueError(f"slices name {twice[0]!r} twice, which would count as two tests; name it once")
        return self

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
    strict: bool = Field(
        False, description="Hold the end of the value's interval against `min` and `max`, not the value."
    )
    max_loss: float | None = Field(
        None, ge=0, description="Tolerated loss against the champion, in the metric's own units."
    )
    max_loss_slices: float | None = Field(
        None, ge=0, description="Tolerated loss against the champion on any declared slice."
    )

    max_gain: float | None = Field(
        None, gt=0, description="A gain beyond this is too good to be true, and fails."
    )

    @model_validator(mode="after")
    def _says_something(self) -> GateRule:
        said = (self.min, self.max, self.max_loss, self.max_loss_slices, self.max_gain)
        if all(limit is None for limit in said):
            raise ValueError("needs at least one of min, max, max_loss, max_loss_slices, max_gain")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(
                f"min is {self.min:g} and max is {self.max:g}, which no value can keep; mend one of them"
            )
        return self


Share = Annotated[float, Field(ge=0, le=1)]


class FlipRule(Table):
    max_broken: Share = Field(
        description="Greatest share of rows that the champion had right and the candidate has wrong."
    )


class ShiftRule(Table):
    max_shift: float = Field(
        gt=0,
        description="Greatest change of a class's mean probability (of its share of rows, without probabilities), "
        "or of the mean prediction in the target's own units.",
    )


class CalibrationRule(Table):
    max_error: Share | None = Field(None, description="Greatest expected calibration error.")
    min_slope: float | None = Field(None, description="Least calibration slope; 1 is perfect.")
    max_slope: float | None = Field(None, description="Greatest calibration slope; 1 is perfect.")

    @model_validator(mode="after")
    def _says_something(self) -> CalibrationRule:
        if self.max_error is None and self.min_slope is None and self.max_slope is None:
            raise ValueError("needs at least one of max_error, min_slope, max_slope")
        return self


class LeakageRule(Table):
    max_share: Share = Field(
        0.0, description="Tolerated share of the holdout's rows with an identical row in training."
    )


InputKind = Literal["added", "removed", "retyped"]


class InputsRule(Table):
    allow: list[InputKind] = Field(
        ["added", "removed"], description="Changes of the model's columns that do not fail."
    )


class SizeRule(Table):
    max_megabytes: float | None = Field(None, gt=0, description="Greatest size of the model's files, in MB.")
    max_ratio: float | None = Field(None, gt=0, description="Greatest size, as a multiple of the champion's.")

    @model_validator(mode="after")
    def _says_something(self) -> SizeRule:
        if self.max_megabytes is None and self.max_ratio is None:
            raise ValueError("needs at least one of max_megabytes, max_ratio")
        return self


class LatencyRule(Table):
    max_ratio: float = Field(
        gt=0, description="Greatest median time of an answer, as a multiple of the champion's."
    )
    calls: int = Field(200, ge=20, le=10_000, description="Pairs of calls to measure.")


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
    flips: FlipRule | None = None
    shift: ShiftRule | None = None
    calibration: CalibrationRule | None = None
    leakage: LeakageRule = LeakageRule()
    inputs: InputsRule = InputsRule()
    size: SizeRule | None = None
    latency: LatencyRule | None = None
    off: dict[str, Text] = Field(
        {}, description="Checks that are switched off, each with the reason that the report shows."
    )


class MetricTable(Table):
    name: MetricName = Field(description="Its name in `[[gate.check]]` and in reports.")
    function: FunctionName = Field(
        description="`module:function` in the repository or in the model's environment. It is given what its "
        "parameters name, and returns a loss for each row, or one number."
    )
    title: Text | None = Field(None, description="Its name for people. Default: the name.")
    higher_is_better: bool = Field(False, description="Whether more is better.")


class PreviewTable(Table):
    runtime: Literal["process", "podman", "docker"] = Field(
        "process",
        description="What previews run in: `process`, or containers of `podman` or `docker`.",
    )
    image: Annotated[str, Field(pattern=IMAGE, max_length=255)] = Field(
        "docker.io/library/python:3.11-slim-bookworm",
        description="Image of previews' containers. It needs a C library like the server's, and no more.",
    )
    timeout: Seconds = Field(120, description="Seconds that a preview may take until its first answer.")
    idle: Seconds = Field(
        900, description="Seconds without a visit after which a preview is put to sleep; a visit wakes it."
    )
    patience: Seconds = Field(60, description="Seconds that a query waits for a preview to wake.")
    max_awake: int = Field(
        20,
        ge=1,
        le=10_000,
        description="Previews awake at once. Beyond them the least recently used idle one is put to sleep.",
    )
    max_gigabytes: float = Field(
        20,
        gt=0,
        description="Space for all bundles, in GiB. Beyond it those asleep for longest are evicted.",
    )
    days: float = Field(
        14,
        ge=0,
        le=3_650,
        description="Days without a push or a visit after which a preview is removed; 0 for never.",
    )
    max_memory_megabytes: int = Field(
        2_048, ge=64, description="Memory of one preview with all its processes, in MiB."
    )
    max_cpus: float = Field(
        1.0,
        gt=0,
        le=1_024,
        description="Processor cores of one container; previews as processes share all cores.",
    )
    max_processes: int = Field(128, ge=8, description="Processes and threads of one preview.")
    max_open_files: int = Field(1_024, ge=64, description="Files that one preview may have open.")


class Settings(Table):
    """A whole `greenroom.toml`."""

    project: ProjectTable
    train: TrainTable
    data: DataTable
    metric: list[MetricTable] = []
    gate: GateTable = GateTable()
    preview: PreviewTable = PreviewTable()
    words: Words = Words()
