"""The paired ratio of times: a slowdown is found, and the machine's noise is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom_pipeline.latency import compare_times
from greenroom_pipeline.timing import call_in_turn

Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]


def draw_times(rng: np.random.Generator, *, slower: float, calls: int = 200) -> Pairs:
    """Times as a busy machine has them: a drift that both calls of a pair share, noise, and hiccups."""
    drift = 1 + 0.3 * np.sin(np.linspace(0, 9, calls))
    sides = []
    for factor in (slower, 1.0):
        hiccups = np.where(rng.random(calls) < 0.03, rng.exponential(20, calls), 0)
        sides.append(0.004 * factor * drift * (rng.lognormal(0, 0.15, calls) + hiccups))
    return sides[0], sides[1]


def test_noise_is_not_taken_for_a_slowdown() -> None:
    """With models of one speed the interval covers 1 as often as it says, and never leaves 1.2 below it."""
    rng = np.random.default_rng(5)
    found = [
        compare_times(*draw_times(rng, slower=1.0), confidence=0.95, seed=seed).interval for seed in range(60)
    ]

    assert np.mean([low <= 1 <= high for low, high in found]) >= 0.91
    assert all(low < 1.2 for low, _ in found)
    assert np.mean([high <= 1.2 for _, high in found]) > 0.95


def test_a_slowdown_of_30_percent_is_found() -> None:
    """30 % more is told from 10 % more at 200 calls, however much hiccups move the means."""
    rng = np.random.default_rng(6)
    found = [compare_times(*draw_times(rng, slower=1.3), confidence=0.95, seed=seed) for seed in range(100)]

    assert np.mean([each.interval[0] > 1.1 for each in found]) > 0.95
    assert np.mean([each.interval[0] <= 1.3 <= each.interval[1] for each in found]) >= 0.88


def test_the_same_times_give_a_ratio_of_1_exactly() -> None:
    """A model against itself, call by call, leaves no doubt."""
    times = np.random.default_rng(1).lognormal(size=50)
    found = compare_times(times, times, confidence=0.95, seed=0)

    assert (found.ratio, found.interval, found.calls) == (1.0, (1.0, 1.0), 50)


def test_the_same_seed_draws_the_same() -> None:
    """Two looks at the same times agree to the last digit; swapped sides give the inverse ratio."""
    ours, theirs = draw_times(np.random.default_rng(2), slower=1.1, calls=3_000)
    first = compare_times(ours, theirs, confidence=0.9, seed=3)
    again = compare_times(ours, theirs, confidence=0.9, seed=3)
    swapped = compare_times(theirs, ours, confidence=0.9, seed=3)

    assert first == again
    assert swapped.ratio == pytest.approx(1 / first.ratio)
    np.testing.assert_allclose(swapped.interval, (1 / first.interval[1], 1 / first.interval[0]), rtol=1e-3)


def test_both_are_called_in_turn_with_the_same_row() -> None:
    """Each row goes to both, and who is first alternates from pair to pair."""
    heard: list[tuple[str, object]] = []
    rows = [({"a": 1}, {"b": 1}), ({"a": 2}, {"b": 2})]
    times = call_in_turn(
        (lambda asked: heard.append(("ours", asked[0])), lambda asked: heard.append(("theirs", asked[0]))),
        rows,
        calls=5,
    )

    assert [who for who, _ in heard] == ["ours", "theirs", "theirs", "ours"] * 2 + ["ours", "theirs"]
    assert [row for who, row in heard if who == "ours"] == [{"a": 1}] * 2 + [{"a": 2}] * 2 + [{"a": 1}]
    assert [row for who, row in heard if who == "theirs"] == [{"b": 1}] * 2 + [{"b": 2}] * 2 + [{"b": 1}]
    assert (len(times[0]), len(times[1])) == (5, 5)
    assert min(times[0] + times[1]) > 0
