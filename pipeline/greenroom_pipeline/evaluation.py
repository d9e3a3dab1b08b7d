"""The evaluation: both models' metrics, overall and by slice, from their predictions on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.metrics.comparison import compare
from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined, measure
from greenroom_pipeline.metrics.registry import find_metric
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import MetricResult, Slice, Task
from greenroom_pipeline.slices import SliceColumn
from greenroom_pipeline.target import Target, read_sample, read_target
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

    @property
    def metrics(self) -> list[MetricResult]:
        """The report's list: overall first, then slice by slice."""
        return [finding.result for finding in self.findings]

    def find_overall(self, metric: str) -> Finding | None:
        """Return the metric's finding on all rows, or None when it was not evaluated."""
        return next((one for one in self._find(metric) if one.result.slice is None), None)

    def find_slices(self, metric: str) -> list[Finding]:
        """Return the metric's finding on each slice."""
        return [one for one in self._find(metric) if one.result.slice is not None]

    def _find(self, metric: str) -> Iterator[Finding]:
        return (finding for finding in self.findings if finding.result.metric == metric)


@dataclass(frozen=True)
class Part:
    """Both models' answers on the same rows: all of them, or a slice's."""

    slice: Slice | None
    candidate: Sample
    champion: Sample | None
    groups: NDArray[np.intp] | None
    reason: str | None = None
    """Why the part is too small to test."""

    def take(self, rows: NDArray[np.intp], *, slice: Slice) -> Part:
        champion = None if self.champion is None else self.champion.take(rows)
        groups = None if self.groups is None else self.groups[rows]
        return Part(slice, self.candidate.take(rows), champion, groups)


def evaluate(
    *,
    task: Task,
    target: ArrayLike | pd.Series[Any],
    candidate: Predictions,
    champion: Predictions | None,
    metrics: Sequence[str],
    slices: Sequence[SliceColumn] = (),
    groups: ArrayLike | pd.Series[Any] | None = None,
    confidence: float = 0.95,
    positive: str | None = None,
    min_rows: int = 100,
    min_class_rows: int = 10,
) -> Evaluation:
    """Measure and compare both models by each of *metrics*, on all rows and on each of *slices*.

    *target* and *groups* have a value for each of the n rows; rows of one group are not independent.
    Raises `DataError` for the target, `ScoringError` for predictions, `SettingsError` for names.
    """
    chosen = [find_metric(name, task=task) for name in metrics]
    truth = read_target(target, task=task, candidate=candidate, champion=champion, positive=positive)
    whole = Part(
        None,
        read_sample(candidate, target=truth),
        None if champion is None else read_sample(champion, target=truth),
        None if groups is None else _encode_groups(groups, rows=truth.rows),
    )
    findings = []
    for part in _split(whole, slices):
        small = _explain_small(part, truth, min_rows=min_rows, min_class_rows=min_class_rows)
        judged = replace(part, reason=small)
        findings += [_find(metric, judged, confidence=confidence) for metric in chosen]
    return Evaluation(task, champion is not None, tuple(findings))


def _encode_groups(groups: ArrayLike | pd.Series[Any], *, rows: int) -> NDArray[np.intp]:
    """Code the groups; rows without one count as one group, since they may well belong together."""
    series = groups if isinstance(groups, pd.Series) else pd.Series(np.asarray(groups))
    if len(series) != rows:
        raise DataError(f"the group column has {count(len(series), 'value')} for {count(rows, 'row')}")
    codes, _ = pd.factorize(series, use_na_sentinel=False)
    return codes


def _split(whole: Part, slices: Sequence[SliceColumn]) -> Iterator[Part]:
    yield whole
    for column in slices:
        # One sort a column instead of one mask a value.
        order = np.argsort(column.codes, kind="stable")
        ends = np.searchsorted(column.codes[order], np.arange(len(column.values) + 1))
        for value, start, end in zip(column.values, ends[:-1], ends[1:], strict=True):
            yield whole.take(order[start:end], slice=Slice(column=column.column, value=value))


def _explain_small(part: Part, truth: Target, *, min_rows: int, min_class_rows: int) -> str | None:
    """Say why a slice is too small to test, or return None; the whole holdout is always tested."""
    if part.slice is None:
        return None
    rows = part.candidate.target.size
    if rows < min_rows:
        return f"it has {count(rows, 'row')}, fewer than {min_rows}"
    if truth.task == "regression":
        return None
    of_class = np.bincount(part.candidate.target, minlength=len(truth.classes))
    for code in np.unique(truth.values):
        if of_class[code] < min_class_rows:
            what = f"{count(int(of_class[code]), 'row')} of class {truth.classes[code]}"
            return f"it has {what}, fewer than {min_class_rows}"
    return None


def _find(metric: Metric, part: Part, *, confidence: float) -> Finding:
    candidate, candidate_reason = _try_measure(metric, part.candidate, model="the candidate")
    champion, champion_reason = None, None
    if part.champion is not None:
        champion, champion_reason = _try_measure(metric, part.champion, model="the champion")
    result = MetricResult(
        metric=metric.name,
        slice=part.slice,
        candidate=candidate and candidate.value,
        champion=champion and champion.value,
        difference=None,
        interval=None,
        confidence=confidence,
        p_value=None,
        rows=part.candidate.target.size,
        method=metric.method if part.groups is None else f"{metric.method}, summed by group",
        higher_is_better=metric.higher_is_better,
    )
    reason = part.reason or candidate_reason or champion_reason
    if candidate is None or champion is None:
        return Finding(result, reason)
    return _add_comparison(Finding(result, reason), candidate, champion, groups=part.groups)


def _try_measure(metric: Metric, sample: Sample, *, model: str) -> tuple[Estimate | None, str | None]:
    try:
        return measure(metric, sample), None
    except Undefined as undefined:
        return None, f"it is undefined for {model}: {undefined}"


def _add_comparison(
    finding: Finding, candidate: Estimate, champion: Estimate, *, groups: NDArray[np.intp] | None
) -> Finding:
    compared = compare(candidate, champion, confidence=finding.result.confidence, groups=groups)
    result = finding.result.model_copy(
        update={
            "difference": compared.difference,
            "interval": compared.interval,
            "p_value": compared.p_value,
        }
    )
    reason = finding.reason
    if compared.interval is None and reason is None:
        reason = "there are too few rows or groups to tell how much it varies"
    return Finding(result, reason)
