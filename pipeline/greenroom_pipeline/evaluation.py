"""The evaluation: both models' metrics, overall and by slice, from their predictions on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.metrics.metric import Metric, Sample
from greenroom_pipeline.metrics.own import Own, OwnLosses, OwnNumbers
from greenroom_pipeline.metrics.pairing import Design, Pairing, pair, pair_drawn
from greenroom_pipeline.metrics.registry import find_metric
from greenroom_pipeline.predictions import Predictions, code_labels
from greenroom_pipeline.report import MetricResult, Slice, Task
from greenroom_pipeline.slices import SliceColumn
from greenroom_pipeline.target import (
    Target,
    Whole,
    code_target,
    read_sample,
    read_target,
    read_weights,
    scale_weights,
)
from greenroom_pipeline.wording import count


@dataclass(frozen=True)
class Finding:
    """One metric on one slice, and why no check may rest on it."""

    result: MetricResult
    reason: str | None = None
    """Why there is no value, no interval, or too few rows; None when all is well."""


@dataclass(frozen=True)
class Evaluation:
    """Everything that the gate's checks look at."""

    task: Task
    has_champion: bool
    findings: tuple[Finding, ...]
    few: str | None = None
    """Why the whole holdout is too small for any interval to be trusted, for the end of a sentence."""

    @property
    def metrics(self) -> list[MetricResult]:
        """The report's list: overall first, then slice by slice."""
        return [finding.result for finding in self.findings]

    @property
    def confidence(self) -> float:
        return self.findings[0].result.confidence

    @property
    def rows(self) -> int:
        """How many rows the holdout has."""
        return max((one.result.rows for one in self.findings), default=0)

    def find_overall(self, metric: str) -> Finding | None:
        """Return the metric's finding on all rows, or None when it was not evaluated."""
        return next((one for one in self._find(metric) if one.result.slice is None), None)

    def find_slices(self, metric: str) -> list[Finding]:
        """Return the metric's finding on each slice."""
        return [one for one in self._find(metric) if one.result.slice is not None]

    def name_metric(self, metric: str) -> str:
        """Return the metric's name for people, or the name itself when it was not evaluated."""
        return next((one.result.title for one in self._find(metric)), metric)

    def _find(self, metric: str) -> Iterator[Finding]:
        return (finding for finding in self.findings if finding.result.metric == metric)


@dataclass(frozen=True)
class Part:
    """Both models' answers on the same rows: all of them, or a slice's."""

    slice: Slice | None
    candidate: Sample
    champion: Sample | None
    groups: NDArray[np.int32] | None

    def take(self, rows: NDArray[np.intp], *, slice: Slice) -> Part:
        champion = None if self.champion is None else self.champion.take(rows)
        # Coded anew, since a slice may have few of very many groups.
        groups = None if self.groups is None else encode_groups(self.groups[rows], rows=rows.size)
        return Part(slice, self.candidate.take(rows), champion, groups)


def evaluate(
    *,
    task: Task,
    target: ArrayLike | pd.Series[Any],
    candidate: Predictions,
    champion: Predictions | None,
    metrics: Sequence[str | Metric],
    own: Sequence[Own] = (),
    slices: Sequence[SliceColumn] = (),
    groups: ArrayLike | pd.Series[Any] | None = None,
    weights: ArrayLike | pd.Series[Any] | None = None,
    confidence: float = 0.95,
    positive: str | None = None,
    min_rows: int = 100,
    min_class_rows: int = 10,
    seed: int = 0,
) -> Evaluation:
    """Measure and compare both models by each of *metrics*, on all rows and on each of *slices*.

    *own* holds what the project's own metrics gave, each of which is among *metrics*.
    *target*, *groups* and *weights* have a value for each of the n rows; rows of one group are not
    independent. *seed* is for metrics that draw rows anew.
    Raises `DataError` for the target, `ScoringError` for predictions, `SettingsError` for names.
    """
    if task != "regression":
        candidate = code_labels(candidate, model="the candidate")
        champion = None if champion is None else code_labels(champion, model="the champion")
    chosen = [name if isinstance(name, Metric) else find_metric(name, task=task) for name in metrics]
    truth = read_target(target, task=task, candidate=candidate, champion=champion, positive=positive)
    weighed = None if weights is None else read_weights(weights, rows=truth.rows)
    coded = None if groups is None else encode_groups(groups, rows=truth.rows)
    models = [read_sample(each, target=truth, weights=weighed) for each in (candidate, champion) if each]
    whole = _join(models, own, groups=coded)
    design = Design(confidence=confidence, seed=seed)
    few = _explain_few(whole, truth, min_rows=min_rows, min_class_rows=min_class_rows)
    classes = _choose_classes(truth.count_classes(), task=task, min_class_rows=min_class_rows)
    findings = []
    numbers = {each.metric.name: each for each in own if isinstance(each, OwnNumbers)}
    for place, part in enumerate(_split(whole, slices)):
        small = None
        if part.slice is not None:
            small = _explain_small(part, classes, min_rows=min_rows, min_class_rows=min_class_rows)
        for metric in chosen:
            if metric.name in numbers:
                found = pair_drawn(numbers[metric.name].parts[place], confidence=confidence)
            else:
                found = pair(metric, part.candidate, part.champion, replace(design, groups=part.groups))
            findings.append(_conclude(metric, found, part, confidence=confidence, small=small))
    return Evaluation(task, champion is not None, tuple(findings), few)


def evaluate_part(
    part: Part,
    *,
    task: Task,
    whole: Whole,
    metrics: Sequence[str],
    confidence: float = 0.95,
    min_rows: int = 100,
    min_class_rows: int = 10,
    seed: int = 0,
) -> Evaluation:
    """Measure and compare both models on some rows, exactly as `evaluate` does on a slice that has these rows.

    Results name no slice; `few` says why a check would not test these rows.
    """
    classes = _choose_classes(whole.counts, task=task, min_class_rows=min_class_rows)
    few = _explain_small(part, classes, min_rows=min_rows, min_class_rows=min_class_rows)
    design = Design(confidence=confidence, groups=part.groups, seed=seed)
    findings = []
    for name in metrics:
        metric = find_metric(name, task=task)
        found = pair(metric, part.candidate, part.champion, design)
        findings.append(_conclude(metric, found, part, confidence=confidence, small=few))
    return Evaluation(task, part.champion is not None, tuple(findings), few)


def join_rows(
    *,
    task: Task,
    whole: Whole,
    target: ArrayLike | pd.Series[Any],
    candidate: Predictions,
    champion: Predictions | None,
    groups: ArrayLike | pd.Series[Any] | None = None,
    weights: ArrayLike | pd.Series[Any] | None = None,
    positive: str | None = None,
) -> Part:
    """Return both models' answers on some rows, in the coding of the whole holdout."""
    truth = code_target(target, task=task, whole=whole, positive=positive)
    weighed = None
    if weights is not None and whole.greatest_weight is not None:
        weighed = scale_weights(weights, greatest=whole.greatest_weight)
    coded = None if groups is None else encode_groups(groups, rows=truth.rows)
    models = [read_sample(each, target=truth, weights=weighed) for each in (candidate, champion) if each]
    return _join(models, (), groups=coded)


def encode_groups(groups: ArrayLike | pd.Series[Any], *, rows: int) -> NDArray[np.int32]:
    """Code the groups; rows without one count as one group, since they may well belong together."""
    series = groups if isinstance(groups, pd.Series) else pd.Series(np.asarray(groups))
    if len(series) != rows:
        raise DataError(f"the group column has {count(len(series), 'value')} for {count(rows, 'row')}")
    codes, _ = pd.factorize(series, use_na_sentinel=False)
    return codes.astype(np.int32)


def _split(whole: Part, slices: Sequence[SliceColumn]) -> Iterator[Part]:
    yield whole
    for column in slices:
        # One sort a column instead of one mask a value.
        order = np.argsort(column.codes, kind="stable")
        ends = np.searchsorted(column.codes[order], np.arange(len(column.values) + 1))
        for value, start, end in zip(column.values, ends[:-1], ends[1:], strict=True):
            yield whole.take(order[start:end], slice=Slice(column=column.column, value=value))


def _explain_few(whole: Part, truth: Target, *, min_rows: int, min_class_rows: int) -> str | None:
    """Say why intervals of all rows cannot be trusted, or return None.

    Rows count by their weights: as many as would be as sure if all counted alike (Kish 1965).
    """
    weights = whole.candidate.weights
    rows = truth.rows if weights is None else int(truth.rows**2 / (weights @ weights))
    if rows < min_rows:
        counted = "" if weights is None else ", counted by their weights"
        return (
            f"the holdout has {count(rows, 'row')}{counted}; intervals can be trusted from {min_rows} rows "
            f"(min_rows), so label at least {count(min_rows - rows, 'more row')}"
        )
    if truth.task != "binary":
        return None
    for code, name in truth.classes_present().items():
        of_class = int((truth.values == code).sum())
        if of_class < min_class_rows:
            return (
                f"the holdout has {count(of_class, 'row')} of class {name}; intervals can be trusted from "
                f"{min_class_rows} (min_class_rows), so label at least {min_class_rows - of_class:,} more of it"
            )
    return None


def _choose_classes(counts: Mapping[str, int], *, task: Task, min_class_rows: int) -> list[str]:
    """Return the classes that a slice must have rows of, from those of the whole holdout.

    One of many that is rare everywhere would leave every slice untested, so it is not asked for.
    """
    least = min_class_rows if task == "multiclass" else 1
    return [name for name, rows in counts.items() if rows >= least]


def _explain_small(part: Part, classes: Sequence[str], *, min_rows: int, min_class_rows: int) -> str | None:
    """Say why a slice is too small to test, or return None; *classes* are those that it must have."""
    rows = part.candidate.rows
    if rows < min_rows:
        return f"it has {count(rows, 'row')}, fewer than {min_rows}"
    if not classes:
        return None
    known = part.candidate.classes
    of_class = dict(zip(known, np.bincount(part.candidate.target, minlength=len(known)), strict=True))
    for name in classes:
        if of_class[name] < min_class_rows:
            return f"it has {count(int(of_class[name]), 'row')} of class {name}, fewer than {min_class_rows}"
    return None


def _join(models: Sequence[Sample], own: Sequence[Own], *, groups: NDArray[np.int32] | None) -> Part:
    """Return all rows of the candidate and of the champion if there is one, with what own metrics gave them."""
    losses = [each for each in own if isinstance(each, OwnLosses)]
    ours = {each.metric.name: each.candidate for each in losses}
    theirs = {each.metric.name: each.champion for each in losses if each.champion is not None}
    candidate, *champion = (
        replace(model, losses=given) for model, given in zip(models, (ours, theirs), strict=False)
    )
    return Part(None, candidate, champion[0] if champion else None, groups)


def _conclude(metric: Metric, found: Pairing, part: Part, *, confidence: float, small: str | None) -> Finding:
    compared = found.comparison
    result = MetricResult(
        metric=metric.name,
        title=metric.title,
        slice=part.slice,
        candidate=found.candidate,
        champion=found.champion,
        difference=compared and compared.difference,
        interval=compared and compared.interval,
        candidate_interval=found.candidate_interval,
        confidence=confidence,
        p_value=compared and compared.p_value,
        rows=part.candidate.rows,
        method=found.method,
        higher_is_better=metric.higher_is_better,
    )
    return Finding(result, small or found.reason)
