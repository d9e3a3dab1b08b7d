"""A table of predictions as the engine takes it, with a sentence on each thing that was guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from greenroom_pipeline.errors import DataError, SettingsError
from greenroom_pipeline.guess import guess_kind, guess_task
from greenroom_pipeline.model_columns import (
    THRESHOLD,
    Kind,
    ModelColumns,
    digest_columns,
    find_model_columns,
    read_predictions,
)
from greenroom_pipeline.predictions import Predictions, as_label
from greenroom_pipeline.question import Question
from greenroom_pipeline.report import Task
from greenroom_pipeline.settings import SliceRule
from greenroom_pipeline.slices import MOST_VALUES, SliceColumn, cut_slices
from greenroom_pipeline.table import read_columns, read_names, require_name, require_single
from greenroom_pipeline.target import read_classes
from greenroom_pipeline.wording import join_names, suggest_name


@dataclass(frozen=True)
class ModelReading:
    """One model's answers, under the name that its option gives it."""

    name: str
    digest: str
    predictions: Predictions


@dataclass(frozen=True)
class Reading:
    """All that is known of a table's rows."""

    task: Task
    kind: Kind
    target: pd.Series[Any]
    digest: str
    """Of the target's values."""
    positive: str | None
    candidate: ModelReading
    champion: ModelReading | None
    slices: list[SliceColumn]
    groups: pd.Series[Any] | None
    weights: pd.Series[Any] | None
    notes: list[str]


@dataclass(frozen=True)
class Choice:
    """What was found out about the table before its predictions are read."""

    task: Task
    kind: Kind
    classes: tuple[str, ...]
    positive: str | None


def read_question(question: Question) -> Reading:
    """Read the columns that are asked about; an error names the column, the row and what to do."""
    names = read_names(question.table)
    models = _find_models(question, names)
    rules = [_find_slice(given, names) for given in dict.fromkeys(question.slices)]
    frame = _read_frame(question, names, models, rules)
    slices = _cut(frame, rules)
    choice, notes = _choose(question, frame, models)
    read = [_read_model(frame, model, choice) for model in models]
    if len(read) == 2 and read[0].digest == read[1].digest:
        notes.append(
            f"Both models answer alike in every row: {read[0].name!r} and {read[1].name!r} are equal."
        )
    return Reading(
        task=choice.task,
        kind=choice.kind,
        target=frame[question.target],
        digest=digest_columns(frame, [question.target]),
        positive=choice.positive,
        candidate=read[0],
        champion=read[1] if len(read) > 1 else None,
        slices=slices,
        groups=None if question.group is None else frame[question.group],
        weights=None if question.weight is None else frame[question.weight],
        notes=notes,
    )


def _find_models(question: Question, names: Sequence[str]) -> list[ModelColumns]:
    models = [find_model_columns(names, question.candidate, who="candidate")]
    if question.champion is not None:
        models.append(find_model_columns(names, question.champion, who="champion"))
        shared = sorted(set(models[0].names) & set(models[1].names))
        if shared:
            raise SettingsError(
                f"--candidate and --champion both mean column {shared[0]!r}: that compares a model with itself; "
                "name two columns"
            )
        if all(model.classes for model in models) and set(models[0].classes) != set(models[1].classes):
            raise DataError(
                f"the candidate has columns for {join_names(models[0].classes)}, the champion for "
                f"{join_names(models[1].classes)}; give both the same classes"
            )
    for model in models:
        if question.target in model.names:
            raise SettingsError(
                f"--{model.who} means column {question.target!r}, which is the target; name its predictions"
            )
    return models


def _find_slice(given: str, names: Sequence[str]) -> SliceRule:
    """Read `carrier`, or `distance:4` for four bins of equal counts."""
    if not given:
        raise SettingsError("--slice is empty; name a column, or leave it out")
    column, colon, bins = given.rpartition(":")
    if given in names or not colon or not bins.isdecimal():
        return SliceRule(column=given)
    if not 2 <= int(bins) <= 50:
        raise SettingsError(f"--slice {given} asks for {bins} bins; give 2 to 50")
    return SliceRule(column=column, bins=int(bins))


def _read_frame(
    question: Question, names: Sequence[str], models: Sequence[ModelColumns], rules: Sequence[SliceRule]
) -> pd.DataFrame:
    named = [("target", question.target), ("group", question.group), ("weight", question.weight)]
    named += [("slice", rule.column) for rule in rules]
    named += [(model.who, name) for model in models for name in model.names]
    wanted = [(option, name) for option, name in named if name is not None]
    for option, name in wanted:
        require_name(names, name, f"--{option}: {question.table} has no column {name!r}")
        require_single(names, name, what=f"the table {question.table}")
    frame = read_columns(question.table, [name for _, name in wanted])
    if frame.empty:
        raise DataError(f"the table {question.table} has no rows; give it labelled rows with predictions")
    return frame


def _cut(frame: pd.DataFrame, rules: Sequence[SliceRule]) -> list[SliceColumn]:
    for rule in rules:
        many = frame[rule.column].nunique()
        if rule.bins is None and many > MOST_VALUES:
            raise SettingsError(
                f"--slice {rule.column} has {many:,} different values, more than {MOST_VALUES}; cut numbers into "
                f"bins, such as --slice {rule.column}:4, or slice by a coarser column"
            )
        if rule.bins is not None and frame[rule.column].dtype.kind not in "iuf":
            raise SettingsError(
                f"--slice {rule.column}:{rule.bins} cuts numbers into bins, but {rule.column!r} holds none; "
                f"slice by its values: --slice {rule.column}"
            )
    return cut_slices(frame, rules)


def _choose(
    question: Question, frame: pd.DataFrame, models: Sequence[ModelColumns]
) -> tuple[Choice, list[str]]:
    """Return what the options and the values say, and a sentence on each guess."""
    notes: list[str] = []
    task = question.task
    if task is None:
        task, why = guess_task(frame, question.target, models, kind=question.kind)
        notes.append(f"The task is {task}, since {why} (--task says otherwise).")
    if question.kind is not None and (question.kind == "number") != (task == "regression"):
        raise SettingsError(
            f"--prediction-kind {question.kind} does not fit a {task} task; pass another --task"
        )
    classes = _read_classes(frame[question.target], task=task)
    positive = _choose_positive(question.positive, classes)
    kind = question.kind or _guess_kind(frame, models, notes, task=task, classes=classes, positive=positive)
    if kind == "probability" and task == "binary":
        notes.append(f"Probabilities are of {positive}; labels are {positive} above {THRESHOLD}.")
    if positive is not None and question.positive is None:
        notes.append(f"The positive class is {positive}, the last in order (--positive names another).")
    return Choice(task, kind, classes, positive), notes


def _read_classes(target: pd.Series[Any], *, task: Task) -> tuple[str, ...]:
    what = f"column {target.name!r}"
    if task != "regression" and target.isna().any():
        row = int(target.isna().to_numpy().argmax())
        raise DataError(f"{what}, the target, has no value in row {row} (counted from 0); drop or label it")
    return read_classes(target, task=task)


def _choose_positive(given: str | None, classes: Sequence[str]) -> str | None:
    if given is None:
        return classes[-1] if len(classes) == 2 else None
    if as_label(given) not in classes:
        raise SettingsError(f"--positive: the target has no class {given!r}; {suggest_name(given, classes)}")
    return as_label(given)


def _guess_kind(
    frame: pd.DataFrame,
    models: Sequence[ModelColumns],
    notes: list[str],
    *,
    task: Task,
    classes: Sequence[str],
    positive: str | None,
) -> Kind:
    guesses = [guess_kind(frame, model, task=task, classes=classes, positive=positive) for model in models]
    if len({guess.kind for guess in guesses}) > 1:
        ours, theirs = (f"{guess.kind} ({guess.why})" for guess in guesses)
        raise SettingsError(
            f"the candidate's predictions look like {ours}, the champion's like {theirs}; name columns of one "
            "kind, or pass --prediction-kind"
        )
    if task != "regression":
        words = {"probability": "probabilities", "label": "labels"}[guesses[0].kind]
        notes.append(f"Predictions are {words}, since {guesses[0].why} (--prediction-kind says otherwise).")
    return guesses[0].kind


def _read_model(frame: pd.DataFrame, model: ModelColumns, choice: Choice) -> ModelReading:
    predictions = read_predictions(
        frame, model, kind=choice.kind, classes=choice.classes, positive=choice.positive
    )
    return ModelReading(model.option, digest_columns(frame, model.names), predictions)
