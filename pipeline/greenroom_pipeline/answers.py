"""Both models' answers held against each other: flips, shift and calibration, for the report and its checks."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from numpy.typing import ArrayLike

from greenroom_pipeline.calibration import measure_calibration
from greenroom_pipeline.evaluation import encode_groups
from greenroom_pipeline.flips import count_flips
from greenroom_pipeline.metrics.metric import Sample
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import Task
from greenroom_pipeline.shifts import measure_distances, measure_shifts
from greenroom_pipeline.target import read_sample, read_target, read_weights

Model = Literal["candidate", "champion"]


def observe_answers(
    *,
    task: Task,
    target: ArrayLike | pd.Series[Any],
    candidate: Predictions,
    champion: Predictions | None,
    groups: ArrayLike | pd.Series[Any] | None = None,
    weights: ArrayLike | pd.Series[Any] | None = None,
    positive: str | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Observations:
    """Return what can be said of the answers themselves, the arguments being those of `evaluate`."""
    truth = read_target(target, task=task, candidate=candidate, champion=champion, positive=positive)
    weighed = None if weights is None else read_weights(weights, rows=truth.rows)
    codes = None if groups is None else encode_groups(groups, rows=truth.rows)
    ours = read_sample(candidate, target=truth, weights=weighed)
    theirs = None if champion is None else read_sample(champion, target=truth, weights=weighed)
    samples: dict[Model, Sample | None] = {"candidate": ours, "champion": theirs}
    calibration = [
        measure_calibration(sample, model=model, groups=codes, confidence=confidence, seed=seed)
        for model, sample in samples.items()
        if sample is not None and sample.probabilities is not None
    ]
    if theirs is None:
        return Observations(calibration=calibration)
    flips = None if task == "regression" else count_flips(ours, theirs, groups=codes, confidence=confidence)
    return Observations(
        flips=flips,
        shifts=measure_shifts(truth, ours, theirs, groups=codes, confidence=confidence),
        distances=measure_distances(truth, ours, theirs),
        calibration=calibration,
    )
