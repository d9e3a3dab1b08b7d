"""How many of the rows that are predicted as a class are of it."""

from __future__ import annotations

from greenroom_pipeline.metrics.confusion import macro, of_positive, precision, weighted
from greenroom_pipeline.metrics.metric import Metric

PRECISION = Metric(
    name="precision",
    title="Precision",
    higher_is_better=True,
    tasks=frozenset({"binary"}),
    needs="labels",
    method="delta method",
    docs="Of the rows predicted as the positive class, the share that is of it.",
    estimate=of_positive(precision),
)

PRECISION_MACRO = Metric(
    name="precision_macro",
    title="Precision (macro)",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The precision of each class, averaged over the classes.",
    estimate=macro(precision),
)

PRECISION_WEIGHTED = Metric(
    name="precision_weighted",
    title="Precision (weighted)",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The precision of each class, averaged by the classes' shares of the rows.",
    estimate=weighted(precision),
)
