"""Exploration: what the gate's engine says of any rows of the holdout. It informs, and never gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from greenroom_pipeline.disagreements import measure_distances, rank_rows, write_answer, write_value
from greenroom_pipeline.evaluation import Finding, Part, evaluate_part, join_rows
from greenroom_pipeline.filters import Column, Value
from greenroom_pipeline.predictions import from_frame, validate
from greenroom_pipeline.report import Answer, Task
from greenroom_pipeline.target import Whole

Kept = Literal["all", "fixed", "broken"]
"""All rows that differ; those that only the candidate has right, or is nearer to; those that only the champion has."""


@dataclass(frozen=True)
class Terms:
    """How the gate of a report measures, so that a part of its holdout is measured alike."""

    task: Task
    metrics: tuple[str, ...]
    confidence: float
    target: str
    features: tuple[str, ...] = ()
    """Columns that one of both models takes."""
    positive: str | None = None
    group: str | None = None
    weight: str | None = None
    min_rows: int = 100
    min_class_rows: int = 10
    seed: int = 0
    left_out: tuple[str, ...] = ()
    """Titles of metrics that the project's own functions measure, which are not asked here."""

    @property
    def columns(self) -> list[str]:
        """The columns that measuring reads."""
        return [name for name in dict.fromkeys((self.target, self.group, self.weight)) if name is not None]


@dataclass(frozen=True)
class Tally:
    """How many of some rows change, and how; rows count alike, whatever their weights."""

    rows: int
    changed: int
    """Rows with another class, or another number."""
    fixed: int
    """Rows that only the candidate has right, or on which its number is nearer the truth."""
    broken: int
    """Rows that only the champion has right, or on which its number is nearer the truth."""


@dataclass(frozen=True)
class Exploration:
    """Both models on some rows of the holdout."""

    rows: int
    total: int
    """Rows of the whole holdout."""
    confidence: float
    findings: tuple[Finding, ...] = ()
    """One for each metric, in the report's order; none where there are no rows."""
    few: str | None = None
    """Why the gate would not test these rows, for the end of a sentence."""
    tally: Tally | None = None
    """None without a champion, or without rows."""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """A row of the holdout, and what both models say of it."""

    row: int
    """Position in the holdout, from 0."""
    features: dict[str, Any]
    """All columns but the target that are shown, as JSON can hold them."""
    target: str | float
    candidate: Answer
    champion: Answer
    distance: float
    """Probability that moved from class to class, or the distance of the two numbers."""


@dataclass(frozen=True)
class Differences:
    """The rows that differ most among those that were chosen, greatest distance first."""

    tally: Tally
    rows: tuple[Difference, ...]


@dataclass(frozen=True)
class Span:
    """What values a column has, for choosing among them."""

    column: Column
    values: tuple[tuple[Value, int], ...] = ()
    """Text and true or false: values with how many rows have each, the most frequent first."""
    more: bool = False
    """Whether there are further, rarer values."""
    low: Value | None = None
    """Numbers, dates and times: the least; the two latter in ISO 8601."""
    high: Value | None = None
    missing: int = 0


@dataclass(frozen=True)
class Chosen:
    """Rows that filters chose, in the holdout's order, as they are read."""

    places: NDArray[np.int64]
    """(n,) position of each in the holdout, from 0."""
    holdout: pd.DataFrame
    """The columns that measuring reads."""
    candidate: pd.DataFrame
    champion: pd.DataFrame | None


def measure_part(part: Part, terms: Terms, whole: Whole, *, total: int) -> Exploration:
    """Measure some rows as the gate measures a slice of them."""
    evaluation = evaluate_part(
        part,
        task=terms.task,
        whole=whole,
        metrics=terms.metrics,
        confidence=terms.confidence,
        min_rows=terms.min_rows,
        min_class_rows=terms.min_class_rows,
        seed=terms.seed,
    )
    return Exploration(
        rows=part.candidate.rows,
        total=total,
        confidence=terms.confidence,
        findings=evaluation.findings,
        few=evaluation.few,
        tally=count_changes(part),
        left_out=terms.left_out,
    )


def join_chosen(chosen: Chosen, terms: Terms, whole: Whole) -> Part:
    """Return both models' answers in one coding; `DataError` or `ScoringError` when they cannot be used."""
    frames = {"the candidate": chosen.candidate, "the champion": chosen.champion}
    read = {
        model: from_frame(frame, task=terms.task, model=model)
        for model, frame in frames.items()
        if frame is not None
    }
    for model, predictions in read.items():
        rows, classes = len(chosen.holdout), tuple(whole.counts)
        validate(predictions, rows=rows, task=terms.task, classes=classes, model=model)
    return join_rows(
        task=terms.task,
        whole=whole,
        target=chosen.holdout[terms.target],
        candidate=read["the candidate"],
        champion=read.get("the champion"),
        groups=None if terms.group is None else chosen.holdout[terms.group],
        weights=None if terms.weight is None else chosen.holdout[terms.weight],
        positive=terms.positive,
    )


def count_changes(part: Part) -> Tally | None:
    """Count the rows that change; None without a champion."""
    if part.champion is None:
        return None
    changed, fixed, broken = (np.count_nonzero(_mark_rows(part, which)) for which in _MARKS)
    return Tally(rows=part.candidate.rows, changed=int(changed), fixed=int(fixed), broken=int(broken))


def rank_differences(part: Part, *, task: Task, kept: Kept, most: int) -> list[tuple[int, float]]:
    """Return the places of the rows that differ most, with their distances, greatest first."""
    assert part.champion is not None
    distances = measure_distances(part.candidate, part.champion, task=task)
    if kept != "all":
        distances = np.where(_mark_rows(part, kept), distances, 0.0)
    return [(int(place), float(distances[place])) for place in rank_rows(distances, most=most)]


def write_difference(
    part: Part, place: int, *, row: int, features: dict[str, Any], distance: float
) -> Difference:
    """Return what both models say of the row at *place* of the part, which is *row* of the holdout."""
    assert part.champion is not None
    return Difference(
        row=row,
        features=features,
        target=write_value(part.candidate, part.candidate.target[place]),
        candidate=write_answer(part.candidate, place),
        champion=write_answer(part.champion, place),
        distance=distance,
    )


_MARKS: Sequence[Literal["changed", "fixed", "broken"]] = ("changed", "fixed", "broken")


def _mark_rows(part: Part, which: Literal["changed", "fixed", "broken"]) -> NDArray[np.bool_]:
    """Return whether each row is one of *which*."""
    ours, theirs = part.candidate, part.champion
    assert theirs is not None
    if which == "changed":
        return np.asarray(ours.predicted != theirs.predicted)
    if not ours.classes:
        with np.errstate(over="ignore"):
            mine, other = (np.abs(each.predicted - each.target) for each in (ours, theirs))
        return np.asarray(mine < other if which == "fixed" else other < mine)
    right, other_right = ours.predicted == ours.target, theirs.predicted == theirs.target
    return np.asarray(right & ~other_right if which == "fixed" else other_right & ~right)
