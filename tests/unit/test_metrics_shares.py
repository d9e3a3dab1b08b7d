"""Shares of right answers: exact tests and score intervals, against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from greenroom_pipeline.metrics.metric import Metric, Sample
from greenroom_pipeline.metrics.pairing import Design, pair
from greenroom_pipeline.metrics.registry import METRICS, find_metric
from greenroom_pipeline.metrics.shares import (
    Pairs,
    mcnemar_exact,
    mcnemar_mid_p,
    tango_interval,
    wilson_interval,
)


def test_mcnemar_of_agresti() -> None:
    """The approval ratings of Agresti (1990) give his p-value."""
    pairs = Pairs(gained=150, lost=86, rows=1600)

    assert mcnemar_exact(pairs) == pytest.approx(3.71594e-5, rel=1e-5)


def test_mcnemar_of_few_pairs() -> None:
    """Eleven against three: the exact p is conservative, and the mid-p less so."""
    pairs = Pairs(gained=11, lost=3, rows=50)

    assert mcnemar_exact(pairs) == pytest.approx(0.057373046875, abs=1e-12)
    assert mcnemar_mid_p(pairs) == pytest.approx(0.03515625, abs=1e-12)


@pytest.mark.parametrize("changed", [0, 1, 2, 4, 7])
def test_mid_p_stays_a_probability(changed: int) -> None:
    """The two-sided mid-p is symmetric, at most 1, and 1 where nothing differs."""
    found = [mcnemar_mid_p(Pairs(gained, changed - gained, rows=10)) for gained in range(changed + 1)]

    assert found == pytest.approx(found[::-1])
    assert 0 < min(found) <= max(found) <= 1
    assert changed or found == [1]


def test_tango_of_his_paper() -> None:
    """Tango's crossover trial: one against seven of 21."""
    low, high = tango_interval(Pairs(gained=1, lost=7, rows=21), confidence=0.95)

    assert low == pytest.approx(-0.517232, abs=1e-6)
    assert high == pytest.approx(-0.026003, abs=1e-6)


@pytest.mark.parametrize(
    "pairs", [Pairs(0, 0, 30), Pairs(3, 0, 30), Pairs(0, 30, 30), Pairs(1, 0, 1), Pairs(5, 5, 10)]
)
def test_tango_keeps_to_what_is_possible(pairs: Pairs) -> None:
    """At the edges the interval stays within −1 and 1, holds the difference, and turns with the models."""
    low, high = tango_interval(pairs, confidence=0.95)
    back = tango_interval(Pairs(pairs.lost, pairs.gained, pairs.rows), confidence=0.95)

    assert -1 <= low <= (pairs.gained - pairs.lost) / pairs.rows <= high <= 1
    assert low < high
    assert back == pytest.approx((-high, -low), abs=1e-9)


def test_wilson_never_leaves_the_shares() -> None:
    """No hit of ten may still be a share of 28 %, and never one below 0."""
    assert wilson_interval(0, 10, confidence=0.95) == pytest.approx((0, 0.277533), abs=1e-6)
    assert wilson_interval(10, 10, confidence=0.95) == pytest.approx((0.722467, 1), abs=1e-6)


def answer(*, right: list[bool], target: list[int]) -> Sample:
    truth = np.asarray(target, dtype=np.int8)
    return Sample(truth, np.where(right, truth, 1 - truth).astype(np.int8), positive=1, classes=("no", "yes"))


@pytest.mark.parametrize(
    ("metric", "sign", "rows"),
    [
        pytest.param(METRICS["accuracy"], 1, 40, id="accuracy"),
        pytest.param(METRICS["error"], -1, 40, id="error"),
        pytest.param(METRICS["recall"], 1, 30, id="recall"),
        pytest.param(find_metric("recall:yes", task="binary"), 1, 30, id="recall-of-a-class"),
    ],
)
def test_shares_are_compared_by_pairs(metric: Metric, sign: int, rows: int) -> None:
    """Accuracy, error and recall have Tango's interval and the mid-p of the rows that they are shares of."""
    target = [1] * 30 + [0] * 10
    candidate = answer(right=[True] * 28 + [False] * 2 + [True] * 10, target=target)
    champion = answer(right=[True] * 21 + [False] * 7 + [True] + [False] + [True] * 10, target=target)
    compared = pair(metric, candidate, champion, Design()).comparison
    pairs = Pairs(gained=7, lost=1, rows=rows)
    low, high = tango_interval(pairs, confidence=0.95)

    assert compared is not None
    assert compared.difference == pytest.approx(sign * 6 / rows)
    assert compared.interval == pytest.approx((low, high) if sign > 0 else (-high, -low))
    assert compared.p_value == mcnemar_mid_p(pairs)


@pytest.mark.parametrize("name", ["accuracy", "error", "recall"])
def test_own_interval_of_a_share_is_wilsons(name: str) -> None:
    """A model that has everything right, or nothing, still has an interval of some width within 0 to 1."""
    perfect = answer(right=[True] * 20, target=[1] * 10 + [0] * 10)
    alone = pair(METRICS[name], perfect, None, Design()).candidate_interval

    assert alone is not None
    assert 0 <= alone[0] < alone[1] <= 1


@pytest.mark.parametrize("change", ["groups", "weights"])
def test_shares_of_grouped_or_weighted_rows_use_the_paired_mean(change: str) -> None:
    """Exact methods count independent rows that count alike; otherwise the method says what took their place."""
    rng = np.random.default_rng(4)
    target = [1] * 60 + [0] * 60
    weights = np.ones(120) if change == "weights" else None
    models = [answer(right=list(rng.random(120) < 0.8), target=target) for _ in "ab"]
    weighed = [Sample(one.target, one.predicted, positive=1, weights=weights) for one in models]
    groups = np.arange(120) // 4 if change == "groups" else None
    found = pair(METRICS["accuracy"], weighed[0], weighed[1], Design(groups=groups))

    assert found.method.startswith("paired mean of row differences, ")
    assert found.comparison is not None
    assert found.comparison.interval is not None
