"""The paired comparison: published numbers, resampling, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from greenroom_pipeline.metrics.comparison import (
    Comparison,
    adjust_benjamini_hochberg,
    adjust_holm,
    compare,
)
from greenroom_pipeline.metrics.metric import Estimate, average, measure
from greenroom_pipeline.metrics.registry import METRICS
from tests.samples import Pair, draw_regression, score_binary


def compare_samples(name: str, pair: Pair, *, groups: NDArray[np.intp] | None = None) -> Comparison:
    candidate, champion = (measure(METRICS[name], sample) for sample in pair)
    return compare(candidate, champion, confidence=0.95, groups=groups)


def read_error(compared: Comparison) -> float:
    assert compared.interval is not None
    return float((compared.interval[1] - compared.interval[0]) / 2 / norm.ppf(0.975))


TARGET = np.array([1] * 5 + [0] * 5)
FIRST = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.5, 0.4, 0.35, 0.2, 0.1])
SECOND = np.array([0.95, 0.6, 0.55, 0.5, 0.2, 0.6, 0.45, 0.3, 0.25, 0.1])


def test_delong_with_a_tie() -> None:
    """The ten rows of the reference give DeLong's exact areas, variance and p."""
    pair = score_binary(TARGET, FIRST), score_binary(TARGET, SECOND)
    areas = [measure(METRICS["roc_auc"], sample).value for sample in pair]
    compared = compare_samples("roc_auc", pair)

    assert areas == pytest.approx([22 / 25, 37 / 50], abs=1e-12)
    assert read_error(compared) ** 2 == pytest.approx(7 / 625, abs=1e-12)
    assert compared.difference / read_error(compared) == pytest.approx(1.3228756555, abs=1e-9)
    assert compared.p_value == pytest.approx(0.1858767324, abs=1e-9)


def test_identical_curves() -> None:
    """Two models with the same answers have the same curve: difference 0 and p 1."""
    model = score_binary(TARGET, FIRST)

    assert compare_samples("roc_auc", (model, model)) == Comparison(0.0, (0.0, 0.0), 1.0)


def test_rows_of_one_group_count_once() -> None:
    """Every row ten times over, grouped, is as uncertain as the rows once; ungrouped it looks surer."""
    rng = np.random.default_rng(3)
    once = draw_regression(rng, rows=100)
    rows = np.repeat(np.arange(100), 10)
    tenfold = once[0].take(rows), once[1].take(rows)
    alone, grouped = compare_samples("mae", once), compare_samples("mae", tenfold, groups=rows)
    naive = compare_samples("mae", tenfold)

    assert grouped.difference == pytest.approx(alone.difference)
    # Student's t with 99 degrees of freedom reaches 1.2 % farther than the normal quantile.
    assert read_error(grouped) == pytest.approx(read_error(alone), rel=0.02)
    assert read_error(naive) < 0.4 * read_error(grouped)


def test_one_group_tells_no_spread() -> None:
    """With all rows in one group there is a difference, and no interval."""
    pair = draw_regression(np.random.default_rng(2), rows=30)
    compared = compare_samples("mae", pair, groups=np.zeros(30, dtype=np.intp))

    assert compared.difference != 0
    assert (compared.interval, compared.p_value) == (None, None)


def test_two_groups_reach_far() -> None:
    """With two groups, Student's t with one degree of freedom makes the interval wide, not narrow."""
    ones = np.array([0.0, 0.1, 0.0, 0.1])
    twos = np.array([0.2, 0.1, 0.4, 0.3])
    groups = np.array([0, 0, 1, 1])
    compared = compare(average(twos), average(ones), confidence=0.95, groups=groups)

    assert compared.interval is not None
    assert compared.interval[0] < 0 < compared.difference


def test_the_same_difference_on_every_row_is_certain() -> None:
    """A constant shift has no spread: an interval of no width, and p 0."""
    champion = np.array([1.0, 2.0, 4.0])
    compared = compare(average(champion + 0.5), average(champion), confidence=0.95)

    assert compared == Comparison(0.5, (0.5, 0.5), 0.0)


def test_rounding_is_no_difference() -> None:
    """Answers that differ in the sixteenth digit are the same answers."""
    losses = np.random.default_rng(0).random(50) + 1

    assert compare(average(losses * (1 + 2e-16)), average(losses), confidence=0.95).p_value == 1.0


def test_too_few_rows_tell_no_spread() -> None:
    """Without influence there is a difference and no interval."""
    alone = Estimate(0.5, None)

    assert compare(alone, Estimate(0.25, None), confidence=0.95) == Comparison(0.25, None, None)


FIFTEEN = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
    *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1),
]


def test_holm_rejects_three_of_the_fifteen() -> None:
    """Of Benjamini and Hochberg's fifteen p-values Holm rejects three at 5 %."""
    assert (adjust_holm(FIFTEEN) <= 0.05).sum() == 3
    assert adjust_holm(FIFTEEN[::-1])[::-1] == pytest.approx(adjust_holm(FIFTEEN))
    assert adjust_holm([]).size == 0


def test_holm_keeps_order_and_stays_below_one() -> None:
    """Corrected p-values keep the order of the plain ones and never exceed 1."""
    assert adjust_holm([0.04, 0.01, 0.5]).tolist() == pytest.approx([0.08, 0.03, 0.5])
    assert adjust_holm([0.9, 0.8]).tolist() == [1, 1]


def test_benjamini_hochberg_rejects_four_of_the_fifteen() -> None:
    """Of their fifteen p-values Benjamini and Hochberg reject four at 5 %."""
    assert (adjust_benjamini_hochberg(FIFTEEN) <= 0.05).sum() == 4
    assert adjust_benjamini_hochberg([]).size == 0


def test_benjamini_hochberg_cut_off() -> None:
    """Of five p-values those up to 0.02 are rejected at 5 %, in whichever order they come."""
    p_values = np.array([0.04, 0.01, 0.02, 0.5, 0.9])
    rejected = adjust_benjamini_hochberg(p_values.tolist()) <= 0.05

    assert p_values[rejected].max() == 0.02
    assert sorted(p_values[rejected]) == [0.01, 0.02]
