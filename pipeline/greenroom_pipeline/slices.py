"""Slices: the holdout's rows by the values of a column, or by bins of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.settings import SliceRule
from greenroom_pipeline.wording import suggest_name, write_figure
from greenroom_pipeline.words import MISSING

MOST_VALUES = 200


@dataclass(frozen=True)
class SliceColumn:
    """One column that slices the rows: each row belongs to exactly one of its values."""

    column: str
    codes: NDArray[np.int16]
    """(n,) index of each row's value; 16 bits are sorted in linear time."""
    values: tuple[str, ...]
    """What people call each value; missing ones come last."""


def cut_slices(holdout: pd.DataFrame, rules: Sequence[SliceRule]) -> list[SliceColumn]:
    """Return a column of slices for each rule; `SettingsError` when one cannot be cut."""
    return [_cut_slice(holdout, rule) for rule in rules]


def _cut_slice(holdout: pd.DataFrame, rule: SliceRule) -> SliceColumn:
    if rule.column not in holdout.columns:
        columns = [str(column) for column in holdout.columns]
        raise SettingsError(
            f"[data] slices: the holdout has no column {rule.column!r}; {suggest_name(rule.column, columns)}"
        )
    series = holdout[rule.column]
    labels, codes = _cut_values(series) if rule.bins is None else _cut_bins(series, rule.bins)
    missing = codes < 0
    if missing.any():
        codes = np.where(missing, len(labels), codes)
        labels = [*labels, MISSING]
    return SliceColumn(rule.column, codes.astype(np.int16), tuple(labels))


def _cut_values(series: pd.Series[Any]) -> tuple[list[str], NDArray[np.intp]]:
    codes, values = pd.factorize(series)
    if len(values) > MOST_VALUES:
        raise SettingsError(
            f"[data] slices: {series.name!r} has {len(values):,} different values, more than {MOST_VALUES}; "
            f'slice it by {{ column = "{series.name}", bins = 4 }}, or by a coarser column'
        )
    kinds = list(values)
    order = sorted(range(len(kinds)), key=lambda index: _value_order(kinds[index]))
    if isinstance(series.dtype, pd.CategoricalDtype):
        place = {category: index for index, category in enumerate(series.cat.categories)}
        order = sorted(range(len(kinds)), key=lambda index: place[kinds[index]])
    ranks = np.empty(len(kinds) + 1, dtype=np.intp)
    ranks[order] = np.arange(len(kinds))
    ranks[-1] = -1  # factorize marks a missing value with −1, which indexes the last place
    return [_name_value(kinds[index]) for index in order], ranks[codes]


def _value_order(value: Any) -> tuple[bool, float, str]:
    """Numbers by size, then everything else by its text, which suits ISO dates too."""
    if isinstance(value, (bool, np.bool_, int, float, np.integer, np.floating)):
        return False, float(value), ""
    return True, 0.0, _name_value(value)


def _name_value(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return str(int(value)) if float(value).is_integer() else str(float(value))
    if isinstance(value, pd.Timestamp):
        return value.isoformat().removesuffix("T00:00:00")
    return str(value)


def _cut_bins(series: pd.Series[Any], bins: int) -> tuple[list[str], NDArray[np.intp]]:
    """Cut at the quantiles that are themselves values, so that equal values never part."""
    if not pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        raise SettingsError(
            f"[data] slices: {series.name!r} is not a column of numbers and cannot be cut into bins; "
            f'slice it by its values: "{series.name}"'
        )
    numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = np.full(numbers.size, -1, dtype=np.intp)
    known = np.flatnonzero(~np.isnan(numbers))
    if not known.size:
        return [], codes
    ordered = np.sort(numbers[known])
    ends = np.unique(ordered[np.ceil(np.arange(1, bins + 1) * ordered.size / bins).astype(np.intp) - 1])
    codes[known] = np.searchsorted(ends, numbers[known], side="left")
    starts = np.concatenate([[0], np.searchsorted(ordered, ends[:-1], side="right")])
    return _name_ranges(ordered[starts], ends), codes


def _name_ranges(lows: NDArray[np.float64], highs: NDArray[np.float64]) -> list[str]:
    """Name each bin by its least and greatest value, with the fewest decimals that tell bins apart."""
    if all(number == np.rint(number) for number in (*lows, *highs)):
        return [_name_range(low, high, decimals=0) for low, high in zip(lows, highs, strict=True)]
    for decimals in range(1, 12):
        names = [_name_range(low, high, decimals=decimals) for low, high in zip(lows, highs, strict=True)]
        ends = [write_figure(high, decimals=decimals) for high in highs[:-1]]
        starts = [write_figure(low, decimals=decimals) for low in lows[1:]]
        if len(set(names)) == len(names) and not set(ends) & set(starts):
            return names
    return [str(low) if low == high else f"{low} to {high}" for low, high in zip(lows, highs, strict=True)]


def _name_range(low: float, high: float, *, decimals: int) -> str:
    first, last = write_figure(low, decimals=decimals), write_figure(high, decimals=decimals)
    return first if low == high else f"{first} to {last}"
