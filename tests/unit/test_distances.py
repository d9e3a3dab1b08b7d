"""Distances of distributions: published values, and SciPy's on random cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

from greenroom_pipeline.distances import (
    bound_stability,
    cut_shares,
    measure_jensen_shannon,
    measure_kolmogorov_smirnov,
    measure_stability,
    measure_wasserstein,
)


def test_population_stability_of_the_reference() -> None:
    """Shares .4 .3 .3 that become .35 .25 .4 have an index of .04456085."""
    found = measure_stability(np.array([0.4, 0.3, 0.3]), np.array([0.35, 0.25, 0.4]))

    assert found == pytest.approx(0.04456085, abs=1e-8)


@pytest.mark.parametrize(("rows", "others", "noise"), [(1000, 1000, 0.034), (1000, 100, 0.186)])
def test_population_stability_has_noise_of_its_own(rows: int, others: int, noise: float) -> None:
    """Samples of one distribution stay below the critical value in 95 % of pairs: no rule of thumb is."""
    assert bound_stability(rows, others, bins=10) == pytest.approx(noise, abs=0.001)

    rng = np.random.default_rng(3)
    found = [
        measure_stability(*cut_shares(rng.normal(size=rows), rng.normal(size=others))) for _ in range(800)
    ]
    assert np.mean(np.array(found) > bound_stability(rows, others, bins=10)) == pytest.approx(0.05, abs=0.025)


def test_an_empty_bin_does_not_make_the_index_infinite() -> None:
    """A class that is never predicted any more moves the index much, and not without end."""
    assert 0 < measure_stability(np.array([0.5, 0.5]), np.array([1.0, 0.0])) < 10


def test_distances_of_the_reference() -> None:
    """1 2 3 4 against 3 4 5 6 are half apart, 0 1 3 against 5 6 8 five, and (1, 0) against (.5, .5) .4645."""
    assert measure_kolmogorov_smirnov(np.arange(1.0, 5), np.arange(3.0, 7)) == 0.5
    assert measure_wasserstein(np.array([0.0, 1, 3]), np.array([5.0, 6, 8])) == 5
    assert measure_jensen_shannon(np.array([1.0, 0]), np.array([0.5, 0.5])) == pytest.approx(
        0.4645014, abs=1e-7
    )


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_scipys(seed: int) -> None:
    """On random samples with ties both distances are those of SciPy."""
    rng = np.random.default_rng(seed)
    first, second = (np.sort(np.round(rng.normal(size=200), 1)) for _ in "ab")

    assert measure_kolmogorov_smirnov(first, second) == pytest.approx(ks_2samp(first, second).statistic)
    assert measure_wasserstein(first, second) == pytest.approx(wasserstein_distance(first, second))


def test_equal_answers_never_part() -> None:
    """Answers of few values are binned by value, and the same answers are no distance apart."""
    answers = np.repeat([0.1, 0.2, 0.9], [700, 200, 100])
    expected, actual = cut_shares(answers, answers)

    assert expected.tolist() == actual.tolist()
    assert measure_stability(expected, actual) == 0
