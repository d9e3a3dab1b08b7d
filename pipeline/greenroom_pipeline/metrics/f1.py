"""The F1 score: of the positive class, or averaged over the classes."""

from __future__ import annotations

from greenroom_pipeline.metrics.confusion import f1, macro, of_positive, weighted
from greenroom_pipeline.metrics.metric import Metric

F1 = Metric(
    name="f1",
    title="F1",
    higher_is_better=True,
    tasks=frozenset({"binary"}),
    needs="labels",
    method="delta method",
    docs="The harmonic mean of the positive class's precision and recall; 1 is perfect.",
    estimate=of_positive(f1),
)

F1_MACRO = Metric(
    name="f1_macro",
    title="F1 (macro)",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The F1 score of each class, averaged over the classes.",
    estimate=macro(f1),
)

F1_WEIGHTED = Metric(
    name="f1_weighted",
    title="F1 (weighted)",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The F1 score of each class, averaged by the classes' shares of the rows.",
    estimate=weighted(f1),
)
