"""What must not change a comparison, for every metric: who comes first, row order, weights of 1, split rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from greenroom_pipeline.metrics.comparison import Comparison
from greenroom_pipeline.metrics.metric import Metric
from greenroom_pipeline.metrics.pairing import Design, Pairing, pair
from tests.samples import EVERY_METRIC, Draw, Pair, weigh

ROWS = 80
SEEDS = st.integers(0, 10_000)


def compare_models(metric: Metric, models: Pair, **design: Any) -> tuple[Pairing, Comparison]:
    found = pair(metric, *models, Design(resamples=40, **design))
    assert found.comparison is not None
    return found, found.comparison


def interval_of(compared: Comparison) -> tuple[float, float]:
    assert compared.interval is not None
    return compared.interval


def draw_models(draw: Draw, seed: int) -> Pair:
    return draw(np.random.default_rng(seed), rows=ROWS)


@pytest.mark.parametrize(("draw", "metric"), EVERY_METRIC)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, grouped=st.booleans(), weighted=st.booleans())
def test_swapping_the_models_negates(
    draw: Draw, metric: Metric, seed: int, grouped: bool, weighted: bool
) -> None:
    """Champion against candidate is the same comparison with the sign turned, to the last digit of the difference."""
    models = draw_models(draw, seed)
    if weighted:
        models = weigh(models, np.random.default_rng(seed).random(ROWS) + 0.1)
    groups = np.arange(ROWS) // 4 if grouped else None
    _, ahead = compare_models(metric, models, groups=groups)
    _, back = compare_models(metric, (models[1], models[0]), groups=groups)

    assert back.difference == -ahead.difference
    assert back.p_value == pytest.approx(ahead.p_value)
    low, high = interval_of(ahead)
    assert interval_of(back) == pytest.approx((-high, -low))


@pytest.mark.parametrize(("draw", "metric"), EVERY_METRIC)
@pytest.mark.parametrize("design", [{}, {"groups": np.arange(ROWS) // 5}], ids=["rows", "groups"])
def test_a_model_against_itself_differs_by_nothing(
    draw: Draw, metric: Metric, design: dict[str, Any]
) -> None:
    """Identical predictions: difference exactly 0, interval (0, 0), p 1."""
    model, _ = draw_models(draw, 1)

    assert compare_models(metric, (model, model), **design)[1] == Comparison(0.0, (0.0, 0.0), 1.0)


@pytest.mark.parametrize(("draw", "metric"), EVERY_METRIC)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, grouped=st.booleans())
def test_row_order_does_not_matter(draw: Draw, metric: Metric, seed: int, grouped: bool) -> None:
    """Rows shuffled alike for both models change no value, nor an interval but one from rows drawn anew."""
    models = draw_models(draw, seed)
    order = np.random.default_rng(seed).permutation(ROWS)
    groups = np.arange(ROWS) // 4
    before, compared = compare_models(metric, models, groups=groups if grouped else None)
    shuffled = models[0].take(order), models[1].take(order)
    after, again = compare_models(metric, shuffled, groups=groups[order] if grouped else None)

    assert after.candidate == pytest.approx(before.candidate, abs=1e-12)
    assert again.difference == pytest.approx(compared.difference, abs=1e-12)
    if metric.interval != "resampled":
        assert interval_of(again) == pytest.approx(interval_of(compared), abs=1e-9)


@pytest.mark.parametrize(("draw", "metric"), EVERY_METRIC)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, weight=st.sampled_from([1.0, 0.25, 300.0]))
def test_equal_weights_change_nothing(draw: Draw, metric: Metric, seed: int, weight: float) -> None:
    """Rows that all weigh the same are rows without weights; only score intervals give way to the paired mean."""
    models = draw_models(draw, seed)
    plain, compared = compare_models(metric, models)
    weighed, again = compare_models(metric, weigh(models, np.full(ROWS, weight)))

    assert weighed.candidate == pytest.approx(plain.candidate, abs=1e-12)
    assert again.difference == pytest.approx(compared.difference, abs=1e-12)
    if metric.interval != "matched":
        assert interval_of(again) == pytest.approx(interval_of(compared), abs=1e-9)
        assert again.p_value == pytest.approx(compared.p_value)


def split(models: Pair, shares: NDArray[np.float64]) -> tuple[Pair, NDArray[np.intp]]:
    """Return each row twice, with its weight shared out, and which row each came from."""
    rows = np.repeat(np.arange(ROWS), 2)
    weights = np.column_stack([shares, 1 - shares]).ravel()
    return weigh((models[0].take(rows), models[1].take(rows)), weights), rows


@pytest.mark.parametrize(("draw", "metric"), EVERY_METRIC)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, halves=st.booleans())
def test_rows_split_in_two_are_the_rows(draw: Draw, metric: Metric, seed: int, halves: bool) -> None:
    """A row twice, its weight shared out, and grouped with itself, is the row once.

    Values are the same; so is the interval, but for the correction of small samples, which counts rows.
    """
    models = draw_models(draw, seed)
    shares = np.full(ROWS, 0.5) if halves else np.random.default_rng(seed).uniform(0.1, 0.9, ROWS)
    doubled, rows = split(models, shares)
    before, compared = compare_models(metric, models, groups=np.arange(ROWS))
    after, again = compare_models(metric, doubled, groups=rows)

    assert after.candidate == pytest.approx(before.candidate, abs=1e-12)
    assert again.difference == pytest.approx(compared.difference, abs=1e-12)
    low, high = interval_of(compared)
    assert interval_of(again) == pytest.approx((low, high), abs=1e-9 + (high - low) * 2 / ROWS)
