"""Retraining: how far each metric moves when nothing changes but the seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from greenroom_pipeline.evaluation import Evaluation, Finding
from greenroom_pipeline.observations import Retraining
from greenroom_pipeline.report import MetricResult


def compare_seeds(evaluations: Sequence[Evaluation], *, metrics: Iterable[str]) -> list[Retraining]:
    """Return what each of *metrics* is for each seed, of the candidate itself and of the others after it.

    A metric that is undefined for one of the seeds is left out.
    """
    found = [_gather([one.find_overall(metric) for one in evaluations]) for metric in metrics]
    return [each for each in found if each is not None]


def _gather(findings: Sequence[Finding | None]) -> Retraining | None:
    results = [finding.result for finding in findings if finding is not None]
    values = [result.candidate for result in results if result.candidate is not None]
    if len(values) < len(findings):
        return None
    return Retraining(
        metric=results[0].metric,
        title=results[0].title,
        higher_is_better=results[0].higher_is_better,
        values=values,
        differences=[result.difference for result in results if result.difference is not None],
        intervals=[result.interval for result in results if result.interval is not None],
        deviation=float(np.std(values, ddof=1)),
    )


def restore_results(retraining: Retraining, own: MetricResult) -> list[MetricResult]:
    """Return each seed's result in the form of the candidate's *own*, for rules to judge."""
    return [
        own.model_copy(update={"candidate": value, "difference": difference, "interval": interval})
        for value, difference, interval in zip(
            retraining.values, retraining.differences, retraining.intervals, strict=True
        )
    ]
