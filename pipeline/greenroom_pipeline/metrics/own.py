"""A project's own metrics: what its functions said of both models, in the form that the engine compares."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom_pipeline.metrics.metric import Estimate, Metric, Numbers, Sample, average
from greenroom_pipeline.metrics.resampling import Draws
from greenroom_pipeline.report import Task


@dataclass(frozen=True)
class OwnLosses:
    """A value for each row, of each model: their mean is compared as any mean is."""

    metric: Metric
    candidate: Numbers
    """(n,)"""
    champion: Numbers | None


@dataclass(frozen=True)
class Drawn:
    """One number for each model, and the same numbers on rows drawn anew."""

    candidate: float
    champion: float | None
    draws: Draws | None
    """None where the number was undefined too often, or all rows are of one group."""


@dataclass(frozen=True)
class OwnNumbers:
    """One number for all rows and for each slice, in the evaluation's order; None for a slice without rows."""

    metric: Metric
    parts: tuple[Drawn | None, ...]


Own = OwnLosses | OwnNumbers


def define_own(name: str, *, title: str, higher_is_better: bool, task: Task) -> Metric:
    """Return a metric whose values the project's own function gives."""

    def estimate(sample: Sample) -> Estimate:
        return average(sample.losses[name], sample)

    return Metric(
        name=name,
        title=title,
        higher_is_better=higher_is_better,
        tasks=frozenset({task}),
        needs="numbers",
        method="paired mean of row differences",
        docs="The project's own.",
        estimate=estimate,
    )
