"""Intervals keep their promise: they cover the truth, agree with SciPy, and seldom pass a real loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import bootstrap

from greenroom_pipeline.checks.overall_loss import judge_loss
from greenroom_pipeline.metrics.comparison import Comparison
from greenroom_pipeline.metrics.metric import Metric, measure
from greenroom_pipeline.metrics.pairing import Design, pair
from greenroom_pipeline.metrics.registry import METRICS, find_metric
from greenroom_pipeline.report import MetricResult, Task
from tests.samples import DRAWS, Draw, Pair, all_metrics, score_binary, weigh

SIMULATIONS = 500
# 93 to 97 %, and one standard error of a share of 95 % over so many simulations.
LEAST, MOST = 0.93 - 0.01, 0.97 + 0.01


def compare_pair(metric: Metric, models: Pair, design: Design) -> Comparison:
    compared = pair(metric, *models, design).comparison
    assert compared is not None
    return compared


def find_truth(metrics: Sequence[Metric], draw: Draw) -> list[float]:
    """Return each metric's difference on so many rows that it hardly strays."""
    models = draw(np.random.default_rng(101), rows=300_000)
    return [measure(metric, models[0]).value - measure(metric, models[1]).value for metric in metrics]


def measure_coverage(
    metrics: Sequence[Metric], draw: Draw, *, simulations: int, grouped: int = 0
) -> dict[str, float]:
    """Return how often 95 % intervals from 500 rows hold the truth; *grouped* rows form a group."""
    truth = find_truth(metrics, draw)
    rng, covered = np.random.default_rng(29), np.zeros(len(metrics))
    groups = np.arange(500) // grouped if grouped else None
    for seed in range(simulations):
        models = draw(rng, rows=500)
        for place, metric in enumerate(metrics):
            design = Design(groups=groups, seed=seed, resamples=120)
            low, high = compare_pair(metric, models, design).interval or (np.nan, np.nan)
            covered[place] += low <= truth[place] <= high
    return dict(zip([metric.name for metric in metrics], covered / simulations, strict=True))


def stray(coverage: dict[str, float]) -> dict[str, float]:
    return {name: share for name, share in coverage.items() if not LEAST <= share <= MOST}


@pytest.mark.parametrize("task", list(DRAWS))
def test_intervals_cover_the_true_difference(task: Task) -> None:
    """Over 500 fresh holdouts of 500 rows, 95 % intervals of every metric hold the true difference as promised."""
    metrics = [metric for metric in all_metrics(task) if metric.interval != "resampled"]

    assert stray(measure_coverage(metrics, DRAWS[task], simulations=SIMULATIONS)) == {}


@pytest.mark.parametrize("task", list(DRAWS))
def test_drawn_intervals_cover_the_true_difference(task: Task) -> None:
    """The same for metrics whose rows are drawn anew, over fewer holdouts, since each takes many draws."""
    metrics = [metric for metric in all_metrics(task) if metric.interval == "resampled"]

    assert all(
        0.90 <= share <= 0.98 for share in measure_coverage(metrics, DRAWS[task], simulations=150).values()
    )


def choose_metrics(task: Task, *names: str) -> list[Metric]:
    return [find_metric(name, task=task) for name in names]


def draw_days(rng: np.random.Generator, *, rows: int) -> Pair:
    """Rows come in days of ten, and on each day both models err together in their own way."""
    candidate, champion = DRAWS["regression"](rng, rows=rows)
    ours, theirs = (np.repeat(rng.normal(0, 4, rows // 10), 10) for _ in "ab")
    return replace(candidate, predicted=candidate.predicted + ours), replace(
        champion, predicted=champion.predicted + theirs
    )


def draw_binary_days(rng: np.random.Generator, *, rows: int) -> Pair:
    target = (rng.random(rows) < np.repeat(rng.uniform(0.2, 0.6, rows // 10), 10)).astype(np.int8)
    day = [np.repeat(rng.normal(0, 0.2, rows // 10), 10) for _ in "ab"]
    shared = 0.3 * target + rng.normal(0.35, 0.15, rows)
    first, second = (np.clip(shared + each + rng.normal(0, 0.2, rows), 0.01, 0.99) for each in day)
    return score_binary(target, first), score_binary(target, second)


@pytest.mark.parametrize(
    ("task", "draw", "names"),
    [
        pytest.param(
            "binary", draw_binary_days, ("roc_auc", "f1", "accuracy", "log_loss", "mcc"), id="binary"
        ),
        pytest.param("regression", draw_days, ("rmse", "mae", "r2"), id="regression"),
    ],
)
def test_intervals_by_group_cover_the_true_difference(task: Task, draw: Draw, names: tuple[str, ...]) -> None:
    """With fifty days of ten rows that belong together, intervals by day keep the promise; plain ones do not."""
    metrics = choose_metrics(task, *names)
    plain = measure_coverage(metrics, draw, simulations=100)

    assert stray(measure_coverage(metrics, draw, simulations=SIMULATIONS, grouped=10)) == {}
    assert min(plain.values()) < 0.9


@pytest.mark.parametrize(
    ("task", "names"),
    [
        pytest.param("binary", ("roc_auc", "f1", "accuracy", "balanced_accuracy"), id="binary"),
        pytest.param("multiclass", ("roc_auc_ovr_weighted", "cohen_kappa", "recall:b"), id="multiclass"),
        pytest.param("regression", ("rmse", "r2", "pinball:0.9"), id="regression"),
    ],
)
def test_weighted_intervals_cover_the_true_difference(task: Task, names: tuple[str, ...]) -> None:
    """Weights that hang on the target change what is estimated, and the interval holds that."""

    def draw(rng: np.random.Generator, *, rows: int) -> Pair:
        models = DRAWS[task](rng, rows=rows)
        return weigh(models, rng.random(rows) + 0.2 + (models[0].target > np.median(models[0].target)))

    assert stray(measure_coverage(choose_metrics(task, *names), draw, simulations=SIMULATIONS)) == {}


@pytest.mark.parametrize("task", list(DRAWS))
def test_intervals_agree_with_scipy(task: Task) -> None:
    """On random cases of 400 rows, both ends are SciPy's paired bootstrap's within 18 % of the width."""
    metrics = all_metrics(task)
    for seed in (37, 38):
        rng = np.random.default_rng(seed)
        models = DRAWS[task](rng, rows=400)

        def differ(rows: NDArray[np.intp], models: Pair = models) -> NDArray[np.float64]:
            first, second = (model.take(rows) for model in models)
            return np.asarray([measure(each, first).value - measure(each, second).value for each in metrics])

        expected = bootstrap(
            (np.arange(400),), differ, n_resamples=500, vectorized=False, method="percentile", rng=rng
        ).confidence_interval
        for place, metric in enumerate(metrics):
            low, high = compare_pair(metric, models, Design(resamples=500)).interval or (np.nan, np.nan)
            lows, highs = np.asarray(expected.low), np.asarray(expected.high)
            distance = max(abs(low - lows[place]), abs(high - highs[place]))

            assert distance <= 0.18 * (high - low), metric.name


def draw_accuracies(rng: np.random.Generator, *, rows: int) -> Pair:
    """The candidate is right on 6 % of the rows where the champion is wrong, and the reverse on 10 %."""
    target = (rng.random(rows) < 0.5).astype(np.int8)
    kind = rng.choice(4, rows, p=[0.06, 0.10, 0.64, 0.20])
    first, second = np.isin(kind, (0, 2)), np.isin(kind, (1, 2))
    ours, theirs = (np.where(right, target, 1 - target) * 0.8 + 0.1 for right in (first, second))
    return score_binary(target, ours), score_binary(target, theirs)


def draw_worse(rng: np.random.Generator, *, rows: int) -> Pair:
    target = (rng.random(rows) < 0.4).astype(np.int8)
    shared = 0.3 * target + rng.normal(0.35, 0.15, rows)
    first, second = (np.clip(shared + rng.normal(0, spread, rows), 0.01, 0.99) for spread in (0.16, 0.08))
    return score_binary(target, first), score_binary(target, second)


def read_result(metric: Metric, models: Pair) -> MetricResult:
    found = pair(metric, *models, Design())
    assert found.comparison is not None
    return MetricResult(
        metric=metric.name,
        title=metric.title,
        slice=None,
        candidate=found.candidate,
        champion=found.champion,
        difference=found.comparison.difference,
        interval=found.comparison.interval,
        confidence=0.95,
        p_value=found.comparison.p_value,
        rows=models[0].rows,
        method=found.method,
        higher_is_better=metric.higher_is_better,
    )


@pytest.mark.parametrize(
    ("name", "draw"),
    [("accuracy", draw_accuracies), ("log_loss", draw_worse), ("roc_auc", draw_worse)],
)
def test_loss_of_just_the_tolerance_seldom_passes(name: str, draw: Draw) -> None:
    """A candidate that is worse by exactly −m passes in 2.5 % of 2,000 holdouts of 500 rows, give or take chance."""
    metric, rng = METRICS[name], np.random.default_rng(47)
    tolerance = abs(find_truth([metric], draw)[0])
    outcomes = [
        judge_loss(read_result(metric, draw(rng, rows=500)), tolerance=tolerance, few=None)[0]
        for _ in range(2000)
    ]

    # Three standard errors of a share of 2.5 % over 2,000 draws.
    assert 0.010 <= outcomes.count("passed") / 2000 <= 0.025 + 0.0105
    assert outcomes.count("failed") / 2000 > 0.5
