"""Prediction shift: how much the candidate's answers differ on the whole from the champion's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from greenroom_pipeline.distances import (
    bound_stability,
    cut_shares,
    measure_jensen_shannon,
    measure_kolmogorov_smirnov,
    measure_stability,
    measure_wasserstein,
)
from greenroom_pipeline.metrics.comparison import adjust_benjamini_hochberg, compare
from greenroom_pipeline.metrics.metric import Numbers, Sample, average
from greenroom_pipeline.observations import Distances, Shift
from greenroom_pipeline.target import Target

MOST_ROWS = 1_000_000

Answers = tuple[str | None, Numbers, Numbers]
"""The class or None, and what candidate and champion say of it or as a number, (n,) each."""


def measure_shifts(
    target: Target,
    candidate: Sample,
    champion: Sample,
    *,
    groups: NDArray[np.integer] | None,
    confidence: float,
) -> list[Shift]:
    """Return the shift of each class, of the positive one alone in binary tasks, or of the numbers.

    The rows are the same for both, so the mean of their differences carries interval and p.
    """
    with_probabilities = _have_probabilities(candidate, champion)
    kind = "number" if target.task == "regression" else "probability" if with_probabilities else "share"
    found = []
    for label, ours, theirs in _list_answers(target, candidate, champion):
        first, second = average(ours, candidate), average(theirs, champion)
        compared = compare(first, second, confidence=confidence, groups=groups)
        found.append(
            Shift(
                label=label,
                of=kind,
                candidate=first.value,
                champion=second.value,
                difference=compared.difference,
                interval=compared.interval,
                p_value=compared.p_value,
            )
        )
    return _correct(found)


def measure_distances(target: Target, candidate: Sample, champion: Sample) -> Distances:
    """Return how far the distributions of answers are apart: scores or numbers, and shares of the labels.

    Of more than a million rows a million are enough, evenly spaced: these are sizes that people read.
    """
    shares = None if target.task == "regression" else _share_labels(target, candidate, champion)
    jensen_shannon = None if shares is None else measure_jensen_shannon(*shares)
    answers = _choose_numbers(target, candidate, champion)
    if answers is None:
        assert shares is not None
        return Distances(
            population_stability=measure_stability(shares[1], shares[0]),
            population_stability_noise=bound_stability(target.rows, target.rows, bins=shares[0].size),
            kolmogorov_smirnov=None,
            wasserstein=None,
            jensen_shannon=jensen_shannon,
        )
    every = -(-target.rows // MOST_ROWS)
    ours, theirs = (np.sort(each[::every]) for each in answers)
    expected, actual = cut_shares(theirs, ours)
    bins = expected.size
    return Distances(
        population_stability=measure_stability(expected, actual) if bins > 1 else None,
        population_stability_noise=bound_stability(ours.size, theirs.size, bins=bins) if bins > 1 else None,
        kolmogorov_smirnov=measure_kolmogorov_smirnov(ours, theirs),
        wasserstein=measure_wasserstein(ours, theirs),
        jensen_shannon=jensen_shannon,
    )


def _have_probabilities(*samples: Sample) -> bool:
    return all(sample.probabilities is not None for sample in samples)


def _list_answers(target: Target, candidate: Sample, champion: Sample) -> Iterator[Answers]:
    if target.task == "regression":
        yield None, candidate.predicted, champion.predicted
        return
    codes = range(len(target.classes)) if target.positive is None else [target.positive]
    for code in codes:
        if _have_probabilities(candidate, champion):
            ours, theirs = candidate.scores(code), champion.scores(code)
        else:
            ours, theirs = ((each.predicted == code).astype(np.float64) for each in (candidate, champion))
        yield target.classes[code], ours, theirs


def _choose_numbers(target: Target, candidate: Sample, champion: Sample) -> tuple[Numbers, Numbers] | None:
    """Return what has a distribution of its own; many classes at once have none."""
    if target.task == "regression":
        return candidate.predicted, champion.predicted
    if target.positive is None or not _have_probabilities(candidate, champion):
        return None
    return candidate.scores(target.positive), champion.scores(target.positive)


def _share_labels(target: Target, candidate: Sample, champion: Sample) -> tuple[Numbers, Numbers]:
    classes = len(target.classes)
    counts = [np.bincount(each.predicted, minlength=classes) for each in (candidate, champion)]
    return counts[0] / target.rows, counts[1] / target.rows


def _correct(shifts: list[Shift]) -> list[Shift]:
    """Correct p over the classes for the false discovery rate."""
    known = [each.p_value for each in shifts if each.p_value is not None]
    corrected = iter(adjust_benjamini_hochberg(known))
    return [
        each if each.p_value is None else each.model_copy(update={"p_value": float(next(corrected))})
        for each in shifts
    ]
