"""What `greenroom compare` is asked, and the metrics and rules that follow from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.metrics.metric import Metric
from greenroom_pipeline.metrics.registry import STANDARD, find_metric
from greenroom_pipeline.model_columns import Kind
from greenroom_pipeline.report import Task
from greenroom_pipeline.settings import CalibrationRule, FlipRule, GateRule, GateTable, ShiftRule

ABSOLUTE = ("min", "max", "max_calibration_error")


@dataclass(frozen=True)
class Limits:
    """What the candidate is held to: by each metric that is named, or by the task's first, and by its answers."""

    min: float | None = None
    max: float | None = None
    max_loss: float | None = None
    max_loss_slices: float | None = None
    max_gain: float | None = None
    max_broken: float | None = None
    max_shift: float | None = None
    max_calibration_error: float | None = None

    @property
    def given(self) -> dict[str, float]:
        return {name: limit for name, limit in vars(self).items() if limit is not None}

    @property
    def of_metrics(self) -> dict[str, float]:
        return {name: limit for name, limit in self.given.items() if name in GateRule.model_fields}


@dataclass(frozen=True)
class Question:
    """What is asked of a table; what is None is guessed, and the guess is told."""

    table: Path
    target: str
    candidate: str
    champion: str | None = None
    task: Task | None = None
    kind: Kind | None = None
    positive: str | None = None
    metrics: Sequence[str] = ()
    slices: Sequence[str] = ()
    group: str | None = None
    weight: str | None = None
    limits: Limits = field(default_factory=Limits)
    confidence: float = 0.95
    on_inconclusive: Literal["warn", "fail"] = "warn"
    min_rows: int = 100
    strict: bool = False


def require_sense(question: Question) -> None:
    """Raise `SettingsError` for limits that nothing could ever break, before a table is read."""
    limits = question.limits
    for name, limit in limits.given.items():
        if not math.isfinite(limit):
            raise SettingsError(f"--{_dashed(name)} is {limit}; give a finite number")
    if limits.min is not None and limits.max is not None and limits.min > limits.max:
        raise SettingsError(
            f"--min {limits.min:g} is above --max {limits.max:g}, which no value can keep; mend one"
        )
    if question.champion is None:
        relative = [name for name in limits.given if name not in ABSOLUTE]
        if relative:
            raise SettingsError(
                f"--{_dashed(relative[0])} compares with a champion; name its column with --champion"
            )
    if question.target in (question.group, question.weight):
        raise SettingsError(
            f"--group and --weight need columns of their own, but {question.target!r} is the target"
        )
    if limits.max_loss_slices is not None and not question.slices:
        raise SettingsError("--max-loss-slices needs slices; name a column with --slice")


def choose_metrics(question: Question, *, task: Task, kind: Kind) -> list[Metric]:
    """Return the metrics that are named, or the task's own as far as predictions of this *kind* have them."""
    if not question.metrics:
        return [metric for metric in STANDARD[task] if kind != "label" or metric.needs == "labels"]
    metrics = [find_metric(name, task=task) for name in dict.fromkeys(question.metrics)]
    for metric in metrics:
        if metric.needs == "probabilities" and kind == "label":
            raise SettingsError(
                f"the metric {metric.name!r} needs probabilities, but the predictions are labels; "
                "name columns of probabilities, or another metric"
            )
    return metrics


def make_gate(question: Question, metrics: Sequence[Metric]) -> GateTable:
    """Return the rules that the limits make: about each metric that is named, or about the first."""
    held = metrics if question.metrics else metrics[:1]
    limits = question.limits
    rule = {**limits.of_metrics, "strict": question.strict}
    try:
        return GateTable(
            confidence=question.confidence,
            on_inconclusive=question.on_inconclusive,
            min_rows=question.min_rows,
            check=[GateRule(metric=metric.name, **rule) for metric in held] if limits.of_metrics else [],
            flips=None if limits.max_broken is None else FlipRule(max_broken=limits.max_broken),
            shift=None if limits.max_shift is None else ShiftRule(max_shift=limits.max_shift),
            calibration=None
            if limits.max_calibration_error is None
            else CalibrationRule(max_error=limits.max_calibration_error),
        )
    except ValidationError as error:
        problem = error.errors()[0]
        option, message = _dashed(str(problem["loc"][-1])), problem["msg"]
        raise SettingsError(f"--{option} is {problem['input']}: {message[:1].lower()}{message[1:]}") from None


def tell_held(question: Question, metrics: Sequence[Metric]) -> list[str]:
    """Say which metric the limits are about when none was named."""
    if question.metrics or not question.limits.of_metrics or len(metrics) < 2:
        return []
    return [f"The limits are about {metrics[0].title}, since no --metric is named; the others are shown."]


def _dashed(name: str) -> str:
    return name.replace("_", "-")
