"""Slices: values, bins, and missing values, each row in exactly one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.settings import SliceRule
from greenroom_pipeline.slices import SliceColumn, cut_slices


def cut(values: Any, *, bins: int | None = None) -> SliceColumn:
    return cut_slices(pd.DataFrame({"x": values}), [SliceRule(column="x", bins=bins)])[0]


def name_rows(column: SliceColumn) -> list[str]:
    return [column.values[code] for code in column.codes]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(["JFK", "EWR", "JFK"], ("EWR", "JFK"), id="text"),
        pytest.param([10, 9, 10], ("9", "10"), id="integers"),
        pytest.param([2.0, np.nan, 10.0], ("2", "10", "(missing)"), id="integers-with-missing"),
        pytest.param([True, False], ("false", "true"), id="booleans"),
        pytest.param(["b", None, "a"], ("a", "b", "(missing)"), id="text-with-missing"),
        pytest.param([None, None], ("(missing)",), id="all-missing"),
        pytest.param(
            pd.Categorical(["low", "high"], categories=["low", "mid", "high"]),
            ("low", "high"),
            id="categories",
        ),
        pytest.param(pd.to_datetime(["2013-02-01", "2013-01-01"]), ("2013-01-01", "2013-02-01"), id="dates"),
        pytest.param([], (), id="no-rows"),
    ],
)
def test_values_are_slices(values: Any, expected: tuple[str, ...]) -> None:
    """Each value is a slice, in an order that people expect, missing ones last and never dropped."""
    column = cut(values)

    assert column.values == expected
    assert len(column.codes) == len(values)


def test_rows_belong_to_their_value() -> None:
    """Codes point from each row to its own value."""
    assert name_rows(cut(["b", "a", None, "b"])) == ["b", "a", "(missing)", "b"]


def test_bins_have_equal_counts_and_readable_names() -> None:
    """Numbers are cut at quantiles and named by the least and greatest value in them."""
    column = cut(np.arange(1000, 1100), bins=4)

    assert column.values == ("1,000 to 1,024", "1,025 to 1,049", "1,050 to 1,074", "1,075 to 1,099")
    assert np.bincount(column.codes).tolist() == [25, 25, 25, 25]


def test_bins_of_fractions_tell_each_other_apart() -> None:
    """Decimals are as many as it takes for one bin to end before the next begins."""
    assert cut([0.101, 0.102, 0.103, 0.104], bins=2).values == ("0.101 to 0.102", "0.103 to 0.104")


def test_equal_values_never_part() -> None:
    """A value that fills two bins makes one, and missing values are a slice of their own."""
    column = cut([5, 5, 5, 5, 5, 8, np.nan, np.inf], bins=4)

    assert name_rows(column)[:5] == [column.values[0]] * 5
    assert column.values[0] == "5"
    assert column.values[1:] == ("8", "inf", "(missing)")
    assert np.bincount(column.codes).sum() == 8


def test_bins_of_nothing_but_missing() -> None:
    """A numeric column without a number is one slice."""
    assert cut(np.array([np.nan, np.nan]), bins=3).values == ("(missing)",)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param(SliceRule(column="carier"), "no column 'carier'; did you mean 'carrier'", id="misspelt"),
        pytest.param(SliceRule(column="carrier", bins=3), "not a column of numbers", id="bins-of-text"),
        pytest.param(SliceRule(column="id"), "'id' has 300 different values.*bins = 4", id="too-many"),
    ],
)
def test_slice_that_cannot_be_cut_is_refused(rule: SliceRule, message: str) -> None:
    """The error names the column and what to write instead."""
    holdout = pd.DataFrame({"carrier": ["UA"] * 300, "id": range(300)})

    with pytest.raises(SettingsError, match=message):
        cut_slices(holdout, [rule])
