"""How many of the rows of a class are predicted as it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.metrics.accuracy import METHOD
from greenroom_pipeline.metrics.confusion import macro, recall, weighted
from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined, correct_spread
from greenroom_pipeline.predictions import as_label
from greenroom_pipeline.wording import suggest_name


def estimate_class(sample: Sample, code: int | None) -> Estimate:
    """Return the share of right labels among the rows of one class."""
    of_class = sample.target == code
    size = sample.average(of_class)
    if size == 0:
        raise Undefined("no row is of the class")
    hits = (of_class & (sample.predicted == code)).astype(np.float64)
    value = sample.average(hits) / size
    return Estimate(value, correct_spread(sample.weigh((hits - value * of_class) / size)))


def _choose_positive(sample: Sample) -> NDArray[np.bool_]:
    chosen: NDArray[np.bool_] = sample.target == sample.positive
    return chosen


RECALL = Metric(
    name="recall",
    title="Recall",
    higher_is_better=True,
    tasks=frozenset({"binary"}),
    needs="labels",
    method=METHOD,
    docs="Of the rows of the positive class, the share that is predicted as it.",
    estimate=lambda sample: estimate_class(sample, sample.positive),
    interval="matched",
    among=_choose_positive,
)

RECALL_MACRO = Metric(
    name="recall_macro",
    title="Recall (macro)",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The recall of each class, averaged over the classes; the same as balanced accuracy.",
    estimate=macro(recall),
)

RECALL_WEIGHTED = Metric(
    name="recall_weighted",
    title="Recall (weighted)",
    higher_is_better=True,
    tasks=frozenset({"binary", "multiclass"}),
    needs="labels",
    method="delta method",
    docs="The recall of each class, averaged by the classes' shares of the rows; the same as accuracy.",
    estimate=weighted(recall),
)


def recall_of(label: str) -> Metric:
    """Return the recall of the class *label*, of any task with classes."""
    return Metric(
        name=f"recall:{label}",
        title=f"Recall of {label}",
        higher_is_better=True,
        tasks=frozenset({"binary", "multiclass"}),
        needs="labels",
        method=METHOD,
        docs="Of the rows of one class, the share that is predicted as it.",
        estimate=lambda sample: estimate_class(sample, _find_code(sample, label)),
        interval="matched",
        among=lambda sample: sample.target == _find_code(sample, label),
    )


def _find_code(sample: Sample, label: str) -> int:
    if as_label(label) not in sample.classes:
        what = f"the metric 'recall:{label}': the target has no class {label!r}"
        raise SettingsError(f"{what}; {suggest_name(label, sample.classes)}")
    return sample.classes.index(as_label(label))
