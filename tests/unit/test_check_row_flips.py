"""GR105: rows that flip."""

from __future__ import annotations

import pytest

from greenroom_pipeline.checks.row_flips import RowFlips
from greenroom_pipeline.observations import Flips, Observations
from greenroom_pipeline.settings import FlipRule, GateTable
from tests.findings import judge_observed

GATE = GateTable(flips=FlipRule(max_broken=0.02))


def flip(broken: int, interval: tuple[float, float] | None, *, rows: int = 1000) -> Observations:
    return Observations(
        flips=Flips(fixed=30, broken=broken, rows=rows, p_value=0.04, broken_interval=interval)
    )


def test_few_broken_rows_pass_and_are_counted() -> None:
    """Both directions are told with the test of as many either way."""
    result = judge_observed(RowFlips(), GATE, flip(8, (0.004, 0.016)))

    assert result.outcome == "passed"
    assert result.reason == (
        "Of 1,000 rows, 8 that the champion had right are now wrong (0.80 %), and 30 that it had wrong are now "
        "right. Chance alone would rarely make them so unequal (p = 0.04). More than 2.0 % broken is ruled out."
    )


def test_many_broken_rows_fail() -> None:
    """A share that is surely greater fails."""
    result = judge_observed(RowFlips(), GATE, flip(60, (0.047, 0.077)))

    assert result.outcome == "failed"
    assert result.reason.endswith("That is more than the 2.0 % that may break.")


def test_doubt_says_how_many_labels_would_settle_it() -> None:
    """An interval around the limit leaves it open, with a number of rows."""
    result = judge_observed(RowFlips(), GATE, flip(15, (0.009, 0.025)))

    assert result.outcome == "inconclusive"
    assert "about 2,300 more labelled rows would settle it" in result.reason


@pytest.mark.parametrize("interval", [(0.0, 0.015), (0.01, 0.09)])
def test_few_rows_are_not_trusted(interval: tuple[float, float]) -> None:
    """With fewer rows than gate.min_rows nothing passes."""
    assert judge_observed(RowFlips(), GATE, flip(1, interval, rows=50), rows=50).outcome == "inconclusive"


def test_one_group_fails_closed() -> None:
    """Without an interval nothing passes."""
    assert judge_observed(RowFlips(), GATE, flip(1, None)).outcome == "failed"


def test_numbers_do_not_flip() -> None:
    """A regression is told that the check does not apply."""
    assert judge_observed(RowFlips(), GATE, Observations()).outcome == "not_applicable"
