"""The options of `greenroom compare`, with the help that the docs print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from greenroom_pipeline.report import Task

TableFile = Annotated[
    Path, typer.Argument(metavar="TABLE", help="CSV or Parquet file: a row for each labelled example.")
]
Target = Annotated[
    str, typer.Option(metavar="COLUMN", help="Column of what really happened: a class, or a number.")
]
Candidate = Annotated[
    str,
    typer.Option(
        metavar="COLUMN",
        help="Column of the new model's predictions. `new:*` means a column of probabilities for each class: "
        "`new:red`, `new:green`.",
    ),
]
Champion = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of the current model's predictions, or its `old:*`."),
]
TaskOption = Annotated[
    Task | None, typer.Option("--task", help="Default: guessed from the target, and told.")
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric", metavar="NAME", help="Metric to compare by; repeatable. Default: the task's usual ones."
    ),
]
Slices = Annotated[
    list[str] | None,
    typer.Option(
        "--slice",
        metavar="COLUMN",
        help="Column to slice by; repeatable. `age:4` cuts numbers into four bins.",
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column whose equal values mark rows that are not independent: a day, a customer.",
    ),
]
Weight = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column that says how much each row counts, 0 or more.")
]
Positive = Annotated[
    str | None,
    typer.Option(
        metavar="CLASS", help="The class whose probability counts. Default: the last in order, and told."
    ),
]
Min = Annotated[
    float | None, typer.Option(metavar="X", help="The candidate's own value must be at least this.")
]
Max = Annotated[
    float | None, typer.Option(metavar="X", help="The candidate's own value must be at most this.")
]
MaxLoss = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="Tolerated loss against the champion, in the metric's own units. Limits are about each `--metric`, "
        "or about the first of the usual ones.",
    ),
]
MaxLossSlices = Annotated[float | None, typer.Option(metavar="X", help="Tolerated loss on any slice.")]
MaxGain = Annotated[
    float | None, typer.Option(metavar="X", help="A gain beyond this is too good to be true, and fails.")
]
MaxBroken = Annotated[
    float | None,
    typer.Option(metavar="SHARE", help="Greatest share of rows that were right and are now wrong."),
]
MaxShift = Annotated[
    float | None,
    typer.Option(
        metavar="X", help="Greatest change of the mean probability of a class, or of the mean prediction."
    ),
]
MaxCalibrationError = Annotated[
    float | None, typer.Option(metavar="X", help="Greatest expected calibration error of the candidate.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Hold the end of the value's interval against `--min` and `--max`.")
]
Confidence = Annotated[float, typer.Option(metavar="SHARE", help="Confidence of every interval.")]
OnInconclusive = Annotated[
    Literal["warn", "fail"], typer.Option(help="Exit with 0 (`warn`) or 1 (`fail`) when inconclusive.")
]
MinRows = Annotated[
    int,
    typer.Option(
        metavar="N", help="Slices with fewer rows are not tested; a whole table with fewer is inconclusive."
    ),
]
PredictionKind = Annotated[
    Literal["probability", "label", "number"] | None,
    typer.Option(help="What the predictions are. Default: guessed from their values, and told."),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the report as JSON, and what was guessed on stderr.")
]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a comment on GitHub.")]
