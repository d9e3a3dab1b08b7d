"""The mean share of right labels over the classes."""

from __future__ import annotations

from greenroom_pipeline.metrics.confusion import macro, recall
from greenroom_pipeline.metrics.metric import Metric

BALANCED_ACCURACY = Metric(
    name="balanced_accuracy",
    title="Balanced accuracy",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The share of right labels within each class, averaged over the classes.",
    estimate=macro(recall),
)
