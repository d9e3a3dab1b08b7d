"""Both models' answers held against each other: flips, shift and calibration."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from greenroom_pipeline.answers import observe_answers
from greenroom_pipeline.calibration import Claims, bound_error, estimate_slope
from greenroom_pipeline.metrics.comparison import measure_spread
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.predictions import Predictions, as_labels

ROWS = 2000
Numbers = NDArray[np.float64]


def classify(scores: Numbers) -> Predictions:
    return Predictions(as_labels(scores > 0.5), np.column_stack([1 - scores, scores]), ("0", "1"))


def draw_claims(rows: int, *, slope: float, seed: int) -> tuple[NDArray[np.bool_], Numbers]:
    """Return outcomes whose log-odds are *slope* times the claimed ones."""
    rng = np.random.default_rng(seed)
    claimed = rng.normal(0, 1.2, rows)
    return rng.random(rows) < 1 / (1 + np.exp(-slope * claimed)), 1 / (1 + np.exp(-claimed))


def observe_two(*, grouped: bool = False, seed: int = 4) -> Observations:
    outcomes, claims = draw_claims(ROWS, slope=1, seed=seed)
    shifted = np.clip(claims + 0.05, 0, 1)
    return observe_answers(
        task="binary",
        target=outcomes,
        candidate=classify(shifted),
        champion=classify(claims),
        groups=np.arange(ROWS) // 4 if grouped else None,
    )


def test_flips_are_counted_both_ways() -> None:
    """Fixed and broken rows are those of a plain count, and the share of broken ones has an interval."""
    outcomes, claims = draw_claims(ROWS, slope=1, seed=4)
    before, after = (claims > 0.5) == outcomes, (claims + 0.05 > 0.5) == outcomes
    flips = observe_two().flips

    assert flips is not None
    assert (flips.fixed, flips.broken) == ((after & ~before).sum(), (before & ~after).sum())
    assert flips.broken_interval is not None
    assert flips.broken_interval[0] < flips.broken / ROWS < flips.broken_interval[1]


def test_flips_by_group_are_less_sure() -> None:
    """The same rows ten times over, grouped, tell no more than once."""
    rng = np.random.default_rng(1)
    target, ours, theirs = (rng.integers(0, 2, 300) for _ in range(3))
    once, tenfold = (
        observe_answers(
            task="binary",
            target=np.repeat(target, times),
            candidate=Predictions(as_labels(np.repeat(ours, times))),
            champion=Predictions(as_labels(np.repeat(theirs, times))),
            groups=None if times == 1 else np.arange(3000) // 10,
        ).flips
        for times in (1, 10)
    )

    assert once is not None
    assert tenfold is not None
    assert tenfold.broken == 10 * once.broken
    assert tenfold.broken_interval == pytest.approx(once.broken_interval, abs=0.005)
    assert tenfold.p_value == pytest.approx(once.p_value, abs=0.1)


def test_shift_is_the_mean_move_of_the_positive_class() -> None:
    """A model that says five points more of nearly every row has shifted by just that, surely."""
    (shift,) = observe_two(grouped=True).shifts

    assert (shift.label, shift.of) == ("1", "probability")
    assert shift.difference == pytest.approx(0.05, abs=0.005)
    assert shift.interval is not None
    assert 0.03 < shift.interval[0] < shift.interval[1] < 0.06


def test_shift_without_probabilities_is_of_shares() -> None:
    """Where a model gives labels alone, it is the share of rows that they are predicted as, by class."""
    target = np.array(["a", "b", "c"] * 100)
    observed = observe_answers(
        task="multiclass",
        target=target,
        candidate=Predictions(as_labels(np.roll(target, 1))),
        champion=Predictions(as_labels(np.where(target == "c", "a", target))),
    )

    assert [(shift.label, shift.of) for shift in observed.shifts] == [(each, "share") for each in "abc"]
    assert [round(shift.difference, 3) for shift in observed.shifts] == [-0.333, 0, 0.333]
    assert observed.calibration == []
    assert observed.distances is not None
    assert observed.distances.kolmogorov_smirnov is None
    assert observed.distances.jensen_shannon is not None


def test_shift_of_numbers_is_in_their_own_units() -> None:
    """A regression's mean prediction moves by what was added, and has no flips and no calibration."""
    target = np.random.default_rng(0).normal(size=300)
    observed = observe_answers(
        task="regression", target=target, candidate=Predictions(target + 2), champion=Predictions(target)
    )

    assert observed.shifts[0].difference == pytest.approx(2)
    assert observed.distances is not None
    assert observed.distances.wasserstein == pytest.approx(2)
    assert (observed.flips, observed.calibration) == (None, [])


def test_identical_answers_neither_flip_nor_shift() -> None:
    """A model beside itself: nothing flips, nothing shifts, p is 1."""
    outcomes, claims = draw_claims(ROWS, slope=1, seed=9)
    same = observe_answers(
        task="binary", target=outcomes, candidate=classify(claims), champion=classify(claims)
    )

    assert same.flips is not None
    assert (same.flips.fixed, same.flips.broken, same.flips.p_value) == (0, 0, 1)
    assert (same.shifts[0].difference, same.shifts[0].interval, same.shifts[0].p_value) == (0, (0, 0), 1)
    assert same.calibration[0].error == same.calibration[1].error


def test_without_a_champion_only_calibration_is_known() -> None:
    """The first model of a project has nothing to flip or shift from."""
    outcomes, claims = draw_claims(ROWS, slope=1, seed=9)
    alone = observe_answers(task="binary", target=outcomes, candidate=classify(claims), champion=None)

    assert (alone.flips, alone.shifts, alone.distances) == (None, [], None)
    assert [each.model for each in alone.calibration] == ["candidate"]


def test_slope_is_that_of_a_logistic_regression() -> None:
    """The fit is scikit-learn's without a penalty, with weights too."""
    outcomes, claims = draw_claims(3000, slope=0.6, seed=2)
    weights = np.random.default_rng(0).random(3000) + 0.5
    weights /= weights.mean()
    logits = np.log(claims / (1 - claims))[:, None]
    for each in (None, weights):
        fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(logits, outcomes, sample_weight=each)
        found = estimate_slope(Claims(claims, outcomes, each))

        assert found is not None
        assert found.value == pytest.approx(float(fitted.coef_[0, 0]), abs=1e-5)


@pytest.mark.parametrize("slope", [1.0, 0.6])
def test_calibration_intervals_cover_the_truth(slope: float) -> None:
    """Over 300 holdouts the slope's interval covers as often as it says, the error's at least as often."""
    outcomes, claims = draw_claims(1_000_000, slope=slope, seed=1)
    truth, _ = bound_error(Claims(claims, outcomes, None), groups=None, confidence=0.95, seed=0)
    slopes, errors = [], []
    for seed in range(300):
        outcomes, claims = draw_claims(1000, slope=slope, seed=seed)
        sample = Claims(claims, outcomes, None)
        found = estimate_slope(sample)
        assert found is not None
        assert found.influence is not None
        spread = measure_spread(found.influence, groups=None)
        assert spread is not None
        low, high = spread.interval(found.value, confidence=0.95)
        slopes.append(low <= slope <= high)
        interval = bound_error(sample, groups=None, confidence=0.95, seed=seed)[1]
        assert interval is not None
        errors.append(interval[0] <= truth <= interval[1])

    assert 0.91 <= np.mean(slopes) <= 0.98
    assert np.mean(errors) >= 0.95


def test_calibration_by_group_is_less_sure() -> None:
    """Rows that come in groups of alike ones give wider intervals than as many rows alone."""
    outcomes, claims = draw_claims(300, slope=1, seed=5)
    rows = np.repeat(np.arange(300), 8)
    many = Claims(claims[rows], outcomes[rows], None)
    alone, grouped = (bound_error(many, groups=each, confidence=0.95, seed=0) for each in (None, rows))

    assert alone[0] == grouped[0]
    assert alone[1] is not None
    assert grouped[1] is not None
    assert grouped[1][1] - grouped[1][0] > 1.5 * (alone[1][1] - alone[1][0])


@pytest.mark.parametrize(
    ("claims", "outcomes"),
    [
        pytest.param(np.full(50, 0.5), np.arange(50) % 2 == 0, id="constant"),
        pytest.param(np.linspace(0.1, 0.9, 50), np.zeros(50, dtype=bool), id="one-outcome"),
        pytest.param(np.linspace(0.1, 0.9, 50), np.linspace(0.1, 0.9, 50) > 0.5, id="separated"),
        pytest.param((np.arange(50) % 2).astype(float), np.arange(50) % 2 == 1, id="sure-and-right"),
    ],
)
def test_slope_that_cannot_be_fitted_is_none(claims: Numbers, outcomes: NDArray[np.bool_]) -> None:
    """Where no slope is the likeliest there is none, no warning, and no number that means nothing."""
    assert estimate_slope(Claims(claims, outcomes, None)) is None
