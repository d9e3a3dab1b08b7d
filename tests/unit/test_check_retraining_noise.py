"""GR108: whether the outcome is the candidate's, or its seed's."""

from __future__ import annotations

import numpy as np
import pytest

from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.retraining_noise import RetrainingNoise
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.observations import Observations, Retraining
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.retraining import compare_seeds
from greenroom_pipeline.settings import GateRule, GateTable

ROWS = 400
TARGET = np.random.default_rng(1).normal(size=ROWS)
CHAMPION = TARGET + np.random.default_rng(2).normal(scale=0.5, size=ROWS)
SAME, BETTER, WORSE = 0.0, -0.2, 0.5


def train(extra: float, *, champion: bool = True) -> Evaluation:
    """Evaluate a model whose errors are the champion's, and *extra* of that size on top."""
    return evaluate(
        task="regression",
        target=TARGET,
        candidate=Predictions(TARGET + (CHAMPION - TARGET) * (1 + extra)),
        champion=Predictions(CHAMPION) if champion else None,
        metrics=["mae"],
    )


def judge(*seeds: Evaluation, max_loss: float = 0.02) -> list[CheckResult]:
    observed = Observations(retraining=compare_seeds(seeds, metrics=["mae"]))
    gate = GateTable(check=[GateRule(metric="mae", max_loss=max_loss, max=9), GateRule(metric="r2", min=0)])
    return RetrainingNoise().run(gate, Case(seeds[0], observed))


def test_one_seed_lists_no_check() -> None:
    """A candidate that was trained once has no noise to speak of."""
    gate = GateTable(check=[GateRule(metric="mae", max_loss=0.02)])

    assert RetrainingNoise().run(gate, Case(train(SAME))) == []


@pytest.mark.parametrize("extras", [(SAME, 0.01, 0.02), (BETTER, -0.21, -0.19), (WORSE, 0.51, 0.6)])
def test_seeds_that_agree_pass(extras: tuple[float, ...]) -> None:
    """Whichever outcome it is, noise does not change it, and only rules with max_loss are judged."""
    (result,) = judge(*map(train, extras))

    assert (result.outcome, result.metric, result.title) == ("passed", "mae", "Retraining noise: MAE")
    assert result.reason.startswith(
        "Another seed does not change the outcome. With 3 seeds MAE comes to between "
    )


@pytest.mark.parametrize(
    ("extras", "told"),
    [
        ((SAME, SAME, WORSE), "2 pass and 1 fails"),
        ((WORSE, SAME, WORSE), "1 passes and 2 fail"),
        ((0.06, SAME, BETTER), "2 pass and 1 fails"),
    ],
)
def test_seeds_that_disagree_are_inconclusive(extras: tuple[float, ...], told: str) -> None:
    """A seed with another outcome than the candidate leaves it open, with the spread."""
    (result,) = judge(*map(train, extras))

    assert result.outcome == "inconclusive"
    assert f"the outcome depends on the seed. Under max_loss, {told}. With 3 seeds" in result.reason
    assert "standard deviation" in result.reason


def test_seeds_that_change_nothing_are_told() -> None:
    """Training that does not read its seed passes, and hears how to read it."""
    (result,) = judge(train(SAME), train(SAME))

    assert result.outcome == "passed"
    assert "let it read GREENROOM_SEED" in result.reason


def test_without_a_champion_the_values_are_there() -> None:
    """Nothing to lose against: not applicable, with the spread that was found."""
    (result,) = judge(train(SAME, champion=False), train(0.1, champion=False))

    assert result.outcome == "not_applicable"
    assert "With 2 seeds MAE comes to between" in result.reason


def test_a_metric_that_is_undefined_fails() -> None:
    """A rule whose metric has no value for a seed fails closed."""
    other = Retraining(
        metric="rmse",
        title="RMSE",
        higher_is_better=False,
        values=[1],
        differences=[],
        intervals=[],
        deviation=0,
    )
    gate = GateTable(check=[GateRule(metric="mae", max_loss=0.02)])
    (result,) = RetrainingNoise().run(gate, Case(train(SAME), Observations(retraining=[other])))

    assert (result.outcome, "undefined for one of the seeds" in result.reason) == ("failed", True)


def test_values_differences_and_intervals_are_kept_in_order() -> None:
    """The candidate's own comes first, and the deviation is that of a sample."""
    seeds = [train(0.0), train(0.1), train(-0.1)]
    (found,) = compare_seeds(seeds, metrics=["mae", "never_measured"])
    results = [one.metrics[0] for one in seeds]

    assert found.values == [result.candidate for result in results]
    assert found.differences == [result.difference for result in results]
    assert found.intervals == [result.interval for result in results]
    assert found.deviation == pytest.approx(np.std(found.values, ddof=1))
