"""All of the report that is drawn and not judged, from one reading of both models' answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from greenroom_pipeline.confusions import count_confusions
from greenroom_pipeline.curves import draw_curves
from greenroom_pipeline.distributions import Confusion, Histogram, ModelName, Thresholds
from greenroom_pipeline.histograms import draw_histograms
from greenroom_pipeline.metrics.metric import Sample
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import Curve, Task
from greenroom_pipeline.target import read_sample, read_target
from greenroom_pipeline.thresholds import count_thresholds


@dataclass(frozen=True)
class Exhibits:
    """Parts of the report of a size that does not grow with the holdout."""

    curves: list[Curve]
    histograms: list[Histogram]
    confusions: list[Confusion]
    thresholds: list[Thresholds]


def draw_exhibits(
    *,
    task: Task,
    target: ArrayLike | pd.Series[Any],
    candidate: Predictions,
    champion: Predictions | None,
    positive: str | None = None,
) -> Exhibits:
    """Return what can be drawn of the task and of what the models give; an empty list is nothing to draw."""
    truth = read_target(target, task=task, candidate=candidate, champion=champion, positive=positive)
    samples: dict[ModelName, Sample] = {"candidate": read_sample(candidate, target=truth)}
    if champion is not None:
        samples["champion"] = read_sample(champion, target=truth)
    return Exhibits(
        curves=draw_curves(truth, samples),
        histograms=draw_histograms(truth, samples),
        confusions=count_confusions(truth, samples),
        thresholds=count_thresholds(truth, samples),
    )
