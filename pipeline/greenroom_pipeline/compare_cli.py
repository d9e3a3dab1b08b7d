"""The command `greenroom compare`: the gate alone, on a table of predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import typer
from rich.console import Console

from greenroom_pipeline import compare_options as options
from greenroom_pipeline.commandline import exit_status, importing
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.terminal import plain

if TYPE_CHECKING:
    from greenroom_pipeline.compare import Answer
    from greenroom_pipeline.question import Question


def compare(
    table: options.TableFile,
    target: options.Target,
    candidate: options.Candidate,
    champion: options.Champion = None,
    task: options.TaskOption = None,
    metric: options.Metrics = None,
    slice: options.Slices = None,
    group: options.Group = None,
    weight: options.Weight = None,
    positive: options.Positive = None,
    min: options.Min = None,
    max: options.Max = None,
    max_loss: options.MaxLoss = None,
    max_loss_slices: options.MaxLossSlices = None,
    max_gain: options.MaxGain = None,
    max_broken: options.MaxBroken = None,
    max_shift: options.MaxShift = None,
    max_calibration_error: options.MaxCalibrationError = None,
    strict: options.Strict = False,
    confidence: options.Confidence = 0.95,
    on_inconclusive: options.OnInconclusive = "warn",
    min_rows: options.MinRows = 100,
    prediction_kind: options.PredictionKind = None,
    json: options.Json = False,
    markdown: options.Markdown = False,
) -> None:
    """Compare two models' predictions in a table: no repository, model or server.

    `greenroom compare churn.csv --target left --candidate new --champion old --max-loss 0.01`

    Without a limit such as `--max-loss` the models are compared and nothing is judged.
    Exit status: 0 passed (or inconclusive under `warn`), 1 the gate failed, 2 an expected error.
    """
    if json and markdown:
        raise SettingsError("--json and --markdown are two forms of one report; pass one of them")
    with importing():
        from greenroom_pipeline.compare import compare_table
        from greenroom_pipeline.question import Limits, Question

    question = Question(
        table=table,
        target=target,
        candidate=candidate,
        champion=champion,
        task=task,
        kind=prediction_kind,
        positive=positive,
        metrics=metric or (),
        slices=slice or (),
        group=group,
        weight=weight,
        limits=Limits(
            min, max, max_loss, max_loss_slices, max_gain, max_broken, max_shift, max_calibration_error
        ),
        strict=strict,
        confidence=confidence,
        on_inconclusive=on_inconclusive,
        min_rows=min_rows,
    )
    answer = compare_table(question)
    _show(answer, question, form="json" if json else "markdown" if markdown else "text")
    raise typer.Exit(exit_status(answer.report.verdict, strict=on_inconclusive == "fail"))


def _show(answer: Answer, question: Question, *, form: Literal["json", "markdown", "text"]) -> None:
    from greenroom_pipeline.compare import draw_report
    from greenroom_pipeline.comparison_text import print_comparison
    from greenroom_pipeline.markdown import write_markdown
    from greenroom_pipeline.outline import advise
    from greenroom_pipeline.report import to_json

    report, rules, notes, min_rows = answer.report, answer.rules, answer.notes, question.min_rows
    advice = advise(report, rules, min_rows=min_rows)
    if form == "json":
        for note in notes:
            typer.echo(plain(note), err=True)
        typer.echo(to_json(draw_report(answer)))
    elif form == "markdown":
        typer.echo(
            write_markdown(report, rules=rules, advice=advice, notes=notes, min_rows=min_rows), nl=False
        )
    else:
        print_comparison(Console(), report, rules=rules, advice=advice, notes=notes, min_rows=min_rows)
