"""What a run says of itself where it hands its bundle in."""

from __future__ import annotations

import pytest

from greenroom_pipeline.handover import read_order


def test_a_later_run_is_of_a_higher_order() -> None:
    """A further attempt comes after the one before it, and the next run after all attempts of this one."""
    runs = [("41", "1"), ("41", "2"), ("41", "5000"), ("42", "1"), ("9000000000000", "1")]
    orders = [read_order({"GITHUB_RUN_ID": run, "GITHUB_RUN_ATTEMPT": attempt}) for run, attempt in runs]

    assert None not in orders
    assert orders == sorted(orders, key=lambda order: order or 0)
    assert len(set(orders)) == len(runs)
    assert read_order({"GITHUB_RUN_ID": "41"}) == orders[0]


@pytest.mark.parametrize("run", ["", "x", "-1", "4 1", "9" * 16])
def test_without_a_run_the_host_counts(run: str) -> None:
    """Outside of Actions, and where the variable holds no number, there is no order to go by."""
    assert read_order({"GITHUB_RUN_ID": run}) is None
