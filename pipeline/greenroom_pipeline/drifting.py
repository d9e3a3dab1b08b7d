"""Drift worked out: each column's training rows against the holdout's, and what of it is more than chance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from greenroom_pipeline.drift import MOST_LISTED, NAME_CHARACTERS, WORDS_CHARACTERS, ColumnDrift
from greenroom_pipeline.metrics.comparison import adjust_benjamini_hochberg
from greenroom_pipeline.metrics.metric import Numbers
from greenroom_pipeline.two_samples import (
    Categories,
    compare_counts,
    compare_numbers,
    count_categories,
    join_rare,
    measure_counts,
    measure_numbers,
)
from greenroom_pipeline.wording import choose_decimals, write_figure, write_share

SIGNIFICANCE = 0.05
LEAST_EFFECT = 0.1
"""Of both distances: with many rows any difference is significant, and most are too small to matter."""
# Fewer different numbers are kinds rather than sizes, and ties make the test for sizes miss them.
MOST_KINDS = 10
_SHOWN = 3
_VALUE_CHARACTERS = 40

Kind = Literal["number", "category", "time"]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Column:
    """One column on both sides: numbers, times in microseconds, or text; missing ones are NaN or None."""

    name: str
    kind: Kind
    before: pd.Series[Any]
    after: pd.Series[Any]


@dataclass(frozen=True)
class Independent:
    """Rows that do not depend on each other, by which chance is judged; sizes are of all rows."""

    before: Places
    after: Places

    def pick(self, column: Column) -> Column:
        return replace(column, before=column.before.iloc[self.before], after=column.after.iloc[self.after])


@dataclass(frozen=True)
class _Found:
    column: Column
    kind: Literal["number", "category"]
    effect: float
    p_value: float
    before: str
    after: str


def weigh_columns(columns: Iterable[Column], independent: Independent | None) -> list[ColumnDrift]:
    """Return what each column shows, drifted ones first, then by effect, at most two hundred."""
    found = [_weigh(column, independent.pick(column) if independent else column) for column in columns]
    corrected = adjust_benjamini_hochberg([each.p_value for each in found])
    told = [_tell(each, p_value=float(p)) for each, p in zip(found, corrected, strict=True)]
    told.sort(key=lambda each: (not each.drifted, -each.effect))
    return told[:MOST_LISTED]


def write_kinds(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers among the values as text, whole ones without decimals; what is missing is None."""
    return values.map(_write_kind).astype(object)


def _write_kind(value: object) -> str | None:
    if isinstance(value, float):
        return None if np.isnan(value) else f"{value:.15g}"
    return None if value is None else str(value)


def _tell(found: _Found, *, p_value: float) -> ColumnDrift:
    return ColumnDrift(
        column=_cut(found.column.name, NAME_CHARACTERS),
        kind=found.kind,
        effect=found.effect,
        p_value=p_value,
        drifted=p_value < SIGNIFICANCE and found.effect >= LEAST_EFFECT,
        before=_cut(found.before, WORDS_CHARACTERS),
        after=_cut(found.after, WORDS_CHARACTERS),
    )


def _weigh(column: Column, drawn: Column) -> _Found:
    """Return the size of all rows' difference, and how probable that of the *drawn* rows is without drift."""
    if column.kind == "category" or _has_few_kinds(column):
        return _weigh_categories(column, drawn)
    values = _read_numbers(column)
    return _Found(
        column,
        "number",
        measure_numbers(*values),
        compare_numbers(*_read_numbers(drawn)),
        *(_describe_numbers(each, is_time=column.kind == "time") for each in values),
    )


def _read_numbers(column: Column) -> tuple[Numbers, Numbers]:
    return column.before.to_numpy(dtype=np.float64), column.after.to_numpy(dtype=np.float64)


def _has_few_kinds(column: Column) -> bool:
    both = pd.concat([pd.Series(side.unique()) for side in (column.before, column.after)])
    return column.kind == "number" and both.nunique() <= MOST_KINDS


def _weigh_categories(column: Column, drawn: Column) -> _Found:
    found, judged = _count(column), _count(drawn)
    return _Found(
        column, "category", measure_counts(found.counts), compare_counts(judged.counts), *_describe(found)
    )


def _count(column: Column) -> Categories:
    return join_rare(count_categories(write_kinds(column.before), write_kinds(column.after)))


def _describe_numbers(values: Numbers, *, is_time: bool) -> str:
    there = values[~np.isnan(values)]
    missing = f"{write_share(1 - there.size / values.size)} missing" if there.size < values.size else ""
    if not there.size:
        return missing
    middle, low, high = np.quantile(there, [0.5, 0.25, 0.75], method="nearest")
    written = _write_times(middle, low, high) if is_time else _write_numbers(middle, low, high)
    told = "median {}, middle half {} to {}".format(*written)
    return f"{told}, {missing}" if missing else told


def _write_numbers(*values: float) -> list[str]:
    if not all(map(np.isfinite, values)):
        return [f"{value:.4g}" for value in values]
    whole = all(value == round(value) for value in values)
    decimals = 0 if whole else choose_decimals(max(values, key=abs))
    return [write_figure(value, decimals=decimals) for value in values]


def _write_times(*values: float) -> list[str]:
    return [
        str(np.datetime64(int(value), "us").astype("datetime64[m]")).replace("T", " ") for value in values
    ]


def _describe(found: Categories) -> tuple[str, str]:
    """Return both samples' shares of the categories that moved most."""
    shares = found.counts / found.counts.sum(axis=1, keepdims=True)
    places = np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")[:_SHOWN]
    before, after = (
        ", ".join(
            f"{_cut(found.names[place], _VALUE_CHARACTERS)}: {write_share(side[place])}" for place in places
        )
        for side in shares
    )
    return before, after


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
