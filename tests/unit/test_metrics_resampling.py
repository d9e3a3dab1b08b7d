"""Rows drawn anew: seeded, by class and by group, and in agreement with the influence that takes over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import bootstrap

from greenroom_pipeline.metrics.metric import Metric, Sample, measure
from greenroom_pipeline.metrics.pairing import MOST_RESAMPLED, Design, Pairing, pair
from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.metrics.resampling import compare_draws, draw_again
from tests.samples import DRAWS, EVERY_METRIC, Draw, score_binary, weigh

RESAMPLED = [case for case in EVERY_METRIC if case.values[1].interval == "resampled"]  # type: ignore[union-attr]


def width(found: Pairing) -> float:
    assert found.comparison is not None
    assert found.comparison.interval is not None
    return found.comparison.interval[1] - found.comparison.interval[0]


@pytest.mark.parametrize(("draw", "metric"), RESAMPLED)
def test_the_same_seed_draws_the_same_rows(draw: Draw, metric: Metric) -> None:
    """The same evidence gives the same interval to the last digit, and another seed another one."""
    models = draw(np.random.default_rng(1), rows=200)
    first, again, other = (pair(metric, *models, Design(seed=seed, resamples=100)) for seed in (3, 3, 4))

    assert first == again
    assert first.comparison != other.comparison
    assert first.method == "paired bootstrap"


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("draw", "metric"), RESAMPLED)
def test_what_is_prepared_once_changes_nothing(draw: Draw, metric: Metric, weighted: bool) -> None:
    """Ordering the rows once gives, draw by draw, what measuring each resample from the start gives."""
    rng = np.random.default_rng(2)
    models = draw(rng, rows=150)
    if weighted:
        models = weigh(models, rng.random(150) + 0.2)
    quick, plain = (
        draw_again(each, *models, groups=None, seed=5, resamples=40)
        for each in (metric, replace(metric, remeasure=None))
    )

    assert quick is not None
    assert plain is not None
    assert quick.candidate == pytest.approx(plain.candidate, abs=1e-12)
    assert quick.champion == pytest.approx(plain.champion, abs=1e-12)


@pytest.mark.parametrize(("draw", "metric"), RESAMPLED)
def test_influence_takes_over_where_rows_are_many(draw: Draw, metric: Metric) -> None:
    """Just above the limit the influence decides, and its interval is as wide as the bootstrap's was just below."""
    candidate, champion = draw(np.random.default_rng(6), rows=MOST_RESAMPLED + 1)
    fewer = np.arange(MOST_RESAMPLED)
    above = pair(metric, candidate, champion, Design(resamples=0))
    below = pair(metric, candidate.take(fewer), champion.take(fewer), Design(resamples=600))

    assert (above.method, below.method) == (metric.method, "paired bootstrap")
    assert width(above) == pytest.approx(width(below), rel=0.12)


def test_interval_is_that_of_scipy() -> None:
    """The percentile interval of a median's difference is SciPy's, within a tenth of its width."""
    candidate, champion = DRAWS["regression"](np.random.default_rng(8), rows=400)
    metric = METRICS["median_absolute_error"]

    def differ(rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
        return measure(metric, candidate.take(rows)).value - measure(metric, champion.take(rows)).value

    rng = np.random.default_rng(9)
    expected = bootstrap(
        (np.arange(400),), differ, n_resamples=1500, vectorized=False, method="percentile", rng=rng
    ).confidence_interval
    found = pair(metric, candidate, champion, Design(resamples=1500))
    assert found.comparison is not None

    assert found.comparison.interval == pytest.approx((expected.low, expected.high), abs=0.1 * width(found))


def test_no_class_is_missing_from_a_resample() -> None:
    """With three rows of the positive class among many, every resample has some, and there is an interval."""
    target = np.array([1] * 3 + [0] * 400, dtype=np.int8)
    rng = np.random.default_rng(10)
    models = [score_binary(target, np.clip(0.3 * target + rng.random(403) / 2, 0, 1)) for _ in "ab"]

    assert pair(METRICS["average_precision"], models[0], models[1], Design(resamples=200)).reason is None


@pytest.mark.parametrize(
    ("positives", "groups"),
    [
        pytest.param(1, None, id="one-row-of-a-class"),
        pytest.param(10, np.zeros(30, dtype=np.intp), id="one-group"),
    ],
)
def test_nothing_to_draw_from_tells_no_spread(
    positives: int, groups: np.ndarray[tuple[int], np.dtype[np.intp]] | None
) -> None:
    """A single row of a class, or a single group, is always drawn alike: no interval, and not one of no width."""
    target = np.array([1] * positives + [0] * (30 - positives), dtype=np.int8)
    models = [score_binary(target, np.random.default_rng(seed).random(30)) for seed in (1, 2)]
    found = pair(METRICS["average_precision"], models[0], models[1], Design(groups=groups, resamples=50))

    assert found.comparison is not None
    assert (found.comparison.interval, found.comparison.p_value, found.candidate_interval) == (
        None,
        None,
        None,
    )
    assert found.reason is not None
    assert "too few rows or groups" in found.reason


def test_metric_that_is_often_undefined_has_no_interval() -> None:
    """When a class is left out of many resamples, nothing is claimed."""
    target = np.array([1] * 2 + [0] * 38, dtype=np.int8)
    models = [score_binary(target, np.random.default_rng(seed).random(40)) for seed in (1, 2)]
    found = pair(METRICS["average_precision"], models[0], models[1], Design(resamples=50))

    assert found.comparison is not None
    assert found.comparison.interval is None


@pytest.mark.parametrize("rows", [50, MOST_RESAMPLED + 1])
def test_metric_without_influence_is_always_resampled(rows: int) -> None:
    """A metric that only gives a value has the bootstrap, however many rows there are."""
    metric = METRICS["median_absolute_error"]

    def estimate(sample: Sample) -> object:
        return replace(metric.estimate(sample), influence=None)

    own = replace(metric, estimate=estimate, remeasure=None)  # type: ignore[arg-type]
    found = pair(own, *DRAWS["regression"](np.random.default_rng(3), rows=rows), Design(resamples=20))

    assert found.method == "paired bootstrap"
    assert width(found) > 0


def test_p_value_goes_below_what_draws_can_count() -> None:
    """Far from 0 no draw lies beyond it; the normal tail tells z = 4 from z = 6, which many slices need."""
    draws = np.random.default_rng(1).normal(size=2000)
    near, far = (compare_draws(z, draws + z, confidence=0.95).p_value for z in (4.0, 6.0))

    assert near == pytest.approx(6.3e-5, rel=0.5)
    assert far == pytest.approx(2e-9, rel=0.9)


def test_rounded_errors_do_not_look_sure() -> None:
    """Errors in whole units leave the median on a step; the influence's interval is no narrower than reality."""
    rng, metric = np.random.default_rng(12), METRICS["median_absolute_error"]
    for _ in range(20):
        target = rng.integers(0, 50, MOST_RESAMPLED + 1).astype(np.float64)
        models = [Sample(target, target + np.rint(rng.normal(0, spread, target.size))) for spread in (5, 5)]
        compared = pair(metric, models[0], models[1], Design(resamples=0)).comparison

        assert compared is not None
        assert compared.interval is not None
        assert compared.interval[0] <= 0 <= compared.interval[1]
