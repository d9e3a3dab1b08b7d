"""Average precision: the area under the precision–recall curve, as a step function."""

from __future__ import annotations

import numpy as np

from greenroom_pipeline.metrics.metric import Estimate, Metric, Sample, Undefined

METHOD = "paired bootstrap"


def estimate(sample: Sample) -> Estimate:
    """Return the average precision of the positive class, without influence."""
    assert sample.positive is not None
    return Estimate(_score_class(sample, sample.positive), None)


def estimate_macro(sample: Sample) -> Estimate:
    """Return its plain mean over the classes that occur among the rows."""
    present = np.unique(sample.target)
    return Estimate(float(np.mean([_score_class(sample, code) for code in present])), None)


def _score_class(sample: Sample, code: int) -> float:
    """Sum the precision at each threshold over the steps of recall; ties share a threshold."""
    positive = sample.target == code
    weights = np.ones(sample.rows) if sample.weights is None else sample.weights
    if not (weights @ positive) > 0:
        raise Undefined("no row is of the class")
    scores = sample.scores(code)
    order = np.argsort(-scores, kind="stable")
    last = np.append(scores[order][1:] != scores[order][:-1], True)
    hits, seen = np.cumsum((weights * positive)[order])[last], np.cumsum(weights[order])[last]
    steps = np.diff(hits, prepend=0.0)
    counted = steps > 0
    return float((steps[counted] * hits[counted] / seen[counted]).sum() / hits[-1])


AVERAGE_PRECISION = Metric(
    name="average_precision",
    title="Average precision",
    higher_is_better=True,
    tasks=frozenset({"binary"}),
    needs="probabilities",
    method=METHOD,
    docs="Precision averaged over all thresholds, by steps of recall; suits rare positives.",
    estimate=estimate,
    interval="resampled",
)

AVERAGE_PRECISION_MACRO = Metric(
    name="average_precision_macro",
    title="Average precision (macro)",
    higher_is_better=True,
    tasks=frozenset({"multiclass"}),
    needs="probabilities",
    method=METHOD,
    docs="The average precision of each class against the others, averaged over the classes.",
    estimate=estimate_macro,
    interval="resampled",
)
