"""One metric of both models on the same rows: values, intervals and the comparison, by the metric's method."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from greenroom_pipeline.metrics.comparison import Comparison, compare, measure_spread
from greenroom_pipeline.metrics.metric import Estimate, Metric, Numbers, Sample, Undefined, measure
from greenroom_pipeline.metrics.own import Drawn
from greenroom_pipeline.metrics.resampling import RESAMPLES, compare_draws, draw_again, percentile_interval
from greenroom_pipeline.metrics.shares import (
    count_hits,
    count_pairs,
    mcnemar_mid_p,
    tango_interval,
    wilson_interval,
)

RESAMPLED = "paired bootstrap"
# So many that the influence agrees with drawing rows anew, which would take minutes from here on.
MOST_RESAMPLED = 10_000
FEWEST_GROUPS_DRAWN = 30
ALIKE = Comparison(0.0, (0.0, 0.0), 1.0)
"""Of models that answer alike, row for row."""
TOO_FEW = "there are too few rows or groups to tell how much it varies"


@dataclass(frozen=True)
class Design:
    """How sure intervals must be, and how the rows belong together."""

    confidence: float = 0.95
    groups: NDArray[np.integer] | None = None
    """(n,) codes from 0, none left out; rows of one group are not independent."""
    seed: int = 0
    """For metrics that draw rows anew: the same evidence draws the same rows."""
    resamples: int = RESAMPLES


@dataclass(frozen=True)
class Pairing:
    """What one metric says of both models; values that are undefined are None, never NaN."""

    candidate: float | None
    champion: float | None
    candidate_interval: tuple[float, float] | None
    """The candidate's own, whatever the champion."""
    comparison: Comparison | None
    method: str
    reason: str | None
    """Why a value or an interval is missing, for the end of a sentence; None when all is there."""


def pair(metric: Metric, candidate: Sample, champion: Sample | None, design: Design) -> Pairing:
    """Measure both models; no champion leaves its side empty."""
    ours, our_reason = _try_measure(metric, candidate, model="the candidate")
    theirs, their_reason = None, None
    if champion is not None:
        theirs, their_reason = _try_measure(metric, champion, model="the champion")
    own, compared = _find_intervals(metric, (candidate, ours), (champion, theirs), design)
    reason = our_reason or their_reason
    if reason is None and compared is not None and compared.interval is None:
        reason = TOO_FEW
    return Pairing(
        candidate=None if ours is None else ours.value,
        champion=None if theirs is None else theirs.value,
        candidate_interval=own,
        comparison=compared,
        method=_describe(metric, candidate, ours, design),
        reason=reason,
    )


Side = tuple[Sample | None, Estimate | None]


def _find_intervals(
    metric: Metric, candidate: Side, champion: Side, design: Design
) -> tuple[tuple[float, float] | None, Comparison | None]:
    (ours, our_estimate), (theirs, their_estimate) = candidate, champion
    if ours is None or our_estimate is None:
        return None, None
    if _is_resampled(metric, our_estimate, design):
        return _resample(metric, (ours, our_estimate), champion, design)
    own = _score_bound(metric, ours, design) or _bound(our_estimate, design)
    if theirs is None or their_estimate is None:
        return own, None
    if ours.answers_like(theirs):
        return own, ALIKE
    if _is_matched(metric, ours, design):
        return own, _match(metric, ours, theirs, design)
    compared = compare(our_estimate, their_estimate, confidence=design.confidence, groups=design.groups)
    # Rankings may well be the same for models that differ; labels and losses are so by chance.
    if metric.needs == "labels" or (metric.needs == "numbers" and compared == ALIKE):
        compared = _widen(compared, (our_estimate, their_estimate), design)
    return own, compared


def _is_matched(metric: Metric, sample: Sample, design: Design) -> bool:
    """Exact and score methods count rows, so they need rows that are independent and count alike."""
    return metric.interval == "matched" and design.groups is None and sample.weights is None


def _is_resampled(metric: Metric, estimate: Estimate, design: Design) -> bool:
    if metric.interval != "resampled" or estimate.influence is None:
        return metric.interval == "resampled"
    # Few groups drawn anew vary too little; Student's t on the influence knows how few they are.
    few = design.groups is not None and int(design.groups.max()) + 1 < FEWEST_GROUPS_DRAWN
    return estimate.influence.size <= MOST_RESAMPLED and not few


def _bound(estimate: Estimate, design: Design) -> tuple[float, float] | None:
    if estimate.influence is None:
        return None
    spread = measure_spread(estimate.influence, groups=design.groups)
    return None if spread is None else spread.interval(estimate.value, confidence=design.confidence)


def _score_bound(metric: Metric, sample: Sample, design: Design) -> tuple[float, float] | None:
    if not _is_matched(metric, sample, design):
        return None
    low, high = wilson_interval(*count_hits(metric, sample), confidence=design.confidence)
    return (low, high) if metric.higher_is_better else (1 - high, 1 - low)


def _match(metric: Metric, candidate: Sample, champion: Sample, design: Design) -> Comparison:
    pairs = count_pairs(metric, candidate, champion)
    low, high = tango_interval(pairs, confidence=design.confidence)
    difference, p_value = (pairs.gained - pairs.lost) / pairs.rows, mcnemar_mid_p(pairs)
    if metric.higher_is_better:
        return Comparison(difference, (low, high), p_value)
    return Comparison(-difference, (-high, -low), p_value)


def _widen(compared: Comparison, estimates: tuple[Estimate, Estimate], design: Design) -> Comparison:
    """Return an interval no narrower than that of labels that are the same on all these rows.

    They need not be the same on others: as Tango's for no row that differs, times the most that one row moves
    the metric. It matters where hardly any row tells the models apart, and vanishes with many rows.
    """
    moves = [_list_moves(each.influence, design) for each in estimates if each.influence is not None]
    if compared.interval is None or not moves:
        return compared
    squared = float(norm.isf((1 - design.confidence) / 2)) ** 2
    least = squared / (moves[0].size + squared) * max(float(np.abs(each).max()) for each in moves)
    low, high = compared.interval
    half = max(least, (high - low) / 2)
    return replace(compared, interval=(compared.difference - half, compared.difference + half))


def _list_moves(influence: Numbers, design: Design) -> Numbers:
    """Return how much each row, or each group, moves the metric."""
    if design.groups is None:
        return influence
    sums = np.bincount(design.groups, weights=influence)
    scaled: Numbers = sums * np.float64(sums.size / influence.size)
    return scaled


def _resample(
    metric: Metric, candidate: tuple[Sample, Estimate], champion: Side, design: Design
) -> tuple[tuple[float, float] | None, Comparison | None]:
    (ours, our_estimate), (theirs, their_estimate) = candidate, champion
    other = theirs if their_estimate is not None else None
    draws = draw_again(
        metric, ours, other, groups=design.groups, seed=design.seed, resamples=design.resamples
    )
    own = None if draws is None else percentile_interval(draws.candidate, confidence=design.confidence)
    if theirs is None or their_estimate is None:
        return own, None
    if ours.answers_like(theirs):
        return own, ALIKE
    difference = our_estimate.value - their_estimate.value
    if draws is None or draws.champion is None:
        return own, Comparison(difference, None, None)
    return own, compare_draws(difference, draws.candidate - draws.champion, confidence=design.confidence)


def pair_drawn(drawn: Drawn | None, *, confidence: float) -> Pairing:
    """Return what a project's own number says of both models, from its values on rows drawn anew."""
    if drawn is None:
        return Pairing(None, None, None, None, RESAMPLED, "it is undefined on these rows")
    draws, compared = drawn.draws, None
    if drawn.champion is not None:
        difference = drawn.candidate - drawn.champion
        compared = Comparison(difference, None, None)
        if draws is not None and draws.champion is not None:
            compared = compare_draws(difference, draws.candidate - draws.champion, confidence=confidence)
    return Pairing(
        candidate=drawn.candidate,
        champion=drawn.champion,
        candidate_interval=None
        if draws is None
        else percentile_interval(draws.candidate, confidence=confidence),
        comparison=compared,
        method=RESAMPLED,
        reason=TOO_FEW if draws is None else None,
    )


def _describe(metric: Metric, sample: Sample, estimate: Estimate | None, design: Design) -> str:
    method = metric.method
    if estimate is not None and _is_resampled(metric, estimate, design):
        method = RESAMPLED
    if metric.interval == "matched" and not _is_matched(metric, sample, design):
        method = "paired mean of row differences"
    if sample.weights is not None:
        method += ", weighted"
    return method if design.groups is None else f"{method}, summed by group"


def _try_measure(metric: Metric, sample: Sample, *, model: str) -> tuple[Estimate | None, str | None]:
    try:
        return measure(metric, sample), None
    except Undefined as undefined:
        return None, f"it is undefined for {model}: {undefined}"
