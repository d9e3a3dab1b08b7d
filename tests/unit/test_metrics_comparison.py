"""The paired comparison: published numbers, resampling, and what must not change it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import bootstrap, norm

from greenroom_pipeline.metrics.comparison import Comparison, adjust_holm, compare
from greenroom_pipeline.metrics.metric import Estimate, Sample, average, measure
from greenroom_pipeline.metrics.registry import METRICS

Pair = tuple[Sample, Sample]


def compare_samples(name: str, pair: Pair, *, groups: NDArray[np.intp] | None = None) -> Comparison:
    candidate, champion = (measure(METRICS[name], sample) for sample in pair)
    return compare(candidate, champion, confidence=0.95, groups=groups)


def read_error(compared: Comparison) -> float:
    assert compared.interval is not None
    return float((compared.interval[1] - compared.interval[0]) / 2 / norm.ppf(0.975))


def score_binary(target: NDArray[np.intp], scores: NDArray[np.float64]) -> Sample:
    return Sample(target, (scores > 0.5).astype(np.intp), np.column_stack([1 - scores, scores]), 1)


def draw_binary(rng: np.random.Generator, *, rows: int) -> Pair:
    target = rng.integers(0, 2, rows)
    shared = 0.3 * target + rng.normal(0.35, 0.15, rows)
    first, second = (np.clip(np.round(shared + rng.normal(0, 0.1, rows), 2), 0.01, 0.99) for _ in "ab")
    return score_binary(target, first), score_binary(target, second)


def draw_multiclass(rng: np.random.Generator, *, rows: int) -> Pair:
    target = rng.integers(0, 3, rows)

    def answer() -> Sample:
        weights = rng.random((rows, 3)) + 0.5 * np.eye(3)[target] + 0.02
        probabilities = weights / weights.sum(axis=1, keepdims=True)
        return Sample(target, probabilities.argmax(axis=1), probabilities)

    return answer(), answer()


def draw_regression(rng: np.random.Generator, *, rows: int) -> Pair:
    target = rng.normal(0, 3, rows)
    shared = target + rng.normal(0, 1, rows)
    return Sample(target, shared + rng.normal(0, 0.6, rows)), Sample(
        target, shared + rng.normal(0, 0.5, rows)
    )


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


DRAWS = [
    pytest.param(draw, name, id=f"{draw.__name__.removeprefix('draw_')}-{name}")
    for draw, names in (
        (draw_binary, ("roc_auc", "log_loss", "brier", "accuracy", "f1")),
        (draw_multiclass, ("roc_auc_ovr", "log_loss", "brier", "accuracy", "f1_macro")),
        (draw_regression, ("rmse", "mae", "r2")),
    )
    for name in names
]


@pytest.mark.parametrize(("draw", "name"), DRAWS)
def test_identical_predictions_differ_by_nothing(draw: Callable[..., Pair], name: str) -> None:
    """A model against itself: difference exactly 0, interval (0, 0), p 1, with groups and without."""
    model, _ = draw(np.random.default_rng(1), rows=60)

    for groups in (None, np.arange(60) // 5):
        assert compare_samples(name, (model, model), groups=groups) == Comparison(0.0, (0.0, 0.0), 1.0)


@pytest.mark.parametrize(("draw", "name"), DRAWS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), grouped=st.booleans())
def test_swapping_the_models_negates(draw: Callable[..., Pair], name: str, seed: int, grouped: bool) -> None:
    """Champion against candidate is the same comparison with the sign turned."""
    pair = draw(np.random.default_rng(seed), rows=80)
    groups = np.arange(80) // 4 if grouped else None
    ahead, back = (compare_samples(name, two, groups=groups) for two in (pair, pair[::-1]))

    assert ahead.interval is not None
    assert back.difference == -ahead.difference
    assert back.interval == pytest.approx((-ahead.interval[1], -ahead.interval[0]))
    assert back.p_value == pytest.approx(ahead.p_value)


@pytest.mark.parametrize(("draw", "name"), DRAWS)
def test_row_order_does_not_matter(draw: Callable[..., Pair], name: str) -> None:
    """Rows shuffled alike for both models change nothing."""
    rng = np.random.default_rng(5)
    pair = draw(rng, rows=200)
    order = rng.permutation(200)
    before, after = (
        compare_samples(name, pair),
        compare_samples(name, (pair[0].take(order), pair[1].take(order))),
    )

    assert after.difference == pytest.approx(before.difference, abs=1e-12)
    assert after.interval == pytest.approx(before.interval, abs=1e-12)


@pytest.mark.parametrize(("draw", "name"), DRAWS)
def test_standard_error_agrees_with_the_bootstrap(draw: Callable[..., Pair], name: str) -> None:
    """The engine's standard error is SciPy's paired bootstrap's, within 15 % (600 resamples vary by 3 %)."""
    rng = np.random.default_rng(11)
    pair = draw(rng, rows=600)

    def differ(rows: NDArray[np.intp]) -> float:
        return compare_samples(name, (pair[0].take(rows), pair[1].take(rows))).difference

    resampled = bootstrap(
        (np.arange(600),), differ, n_resamples=600, vectorized=False, method="percentile", rng=rng
    )

    assert read_error(compare_samples(name, pair)) == pytest.approx(float(resampled.standard_error), rel=0.15)


@pytest.mark.parametrize(("draw", "name"), DRAWS)
def test_standard_error_is_the_spread_over_new_holdouts(draw: Callable[..., Pair], name: str) -> None:
    """Over 500 fresh holdouts of 500 rows, 95 % intervals cover the true difference within 92 to 98 %."""
    rng = np.random.default_rng(23)
    found = [compare_samples(name, draw(rng, rows=500)) for _ in range(500)]
    truth = np.mean([one.difference for one in found])
    covered = np.mean([one.interval[0] <= truth <= one.interval[1] for one in found if one.interval])

    assert 0.92 <= covered <= 0.98


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


def test_holm_rejects_three_of_the_fifteen() -> None:
    """Of Benjamini and Hochberg's fifteen p-values Holm rejects three at 5 %."""
    p_values = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
        *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1),
    ]

    assert (adjust_holm(p_values) <= 0.05).sum() == 3
    assert adjust_holm(p_values[::-1])[::-1] == pytest.approx(adjust_holm(p_values))
    assert adjust_holm([]).size == 0


def test_holm_keeps_order_and_stays_below_one() -> None:
    """Corrected p-values keep the order of the plain ones and never exceed 1."""
    assert adjust_holm([0.04, 0.01, 0.5]).tolist() == pytest.approx([0.08, 0.03, 0.5])
    assert adjust_holm([0.9, 0.8]).tolist() == [1, 1]
