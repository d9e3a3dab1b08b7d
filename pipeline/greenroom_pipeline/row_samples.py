"""Samples of training rows and holdout rows in one form, read batch by batch: as many as suffice to compare them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from greenroom_pipeline.drifting import Column, Kind, write_kinds
from greenroom_pipeline.row_hashes import TRUTHS, Form, simplify
from greenroom_pipeline.sources import Source, read_batches

MOST_ROWS = 100_000
MOST_VALUES = 10_000_000
_TEXT_CHARACTERS = 200

Chunks = dict[str, list[pa.Array]]


@dataclass(frozen=True)
class Drawn:
    """Rows of one side, drawn evenly from all of its files."""

    chunks: Chunks

    def read(self, name: str) -> pd.Series[Any]:
        """Return a column's values as floats or text, missing ones as NaN or None."""
        parts = [_to_series(chunk) for chunk in self.chunks[name]]
        return pd.concat(parts, ignore_index=True) if parts else pd.Series([], dtype=object)


def draw_rows(sources: Sequence[Source], names: Sequence[str], *, rows: int, seed: int) -> Drawn:
    """Draw about a hundred thousand of the *rows* that the files have, fewer of very many columns, by *seed*."""
    most = min(MOST_ROWS, MOST_VALUES // max(len(names), 1))
    generator = np.random.default_rng(seed)
    chunks: Chunks = {name: [] for name in names}
    for source in sources:
        for batch in read_batches(source, names):
            chosen = pa.array(generator.random(batch.num_rows) * rows < most)
            for name in names:
                chunks[name].append(_shorten(simplify(batch.column(name).filter(chosen))))
    return Drawn(chunks)


def pair_column(name: str, before: Drawn, after: Drawn, *, form: Form) -> Column:
    """Return a column of both sides as numbers or times where all its values are some, else as text."""
    sides = before.read(name), after.read(name)
    kind: Kind = "category" if form.kind == "text" else form.kind
    if kind != "category":
        read = [_to_numbers(side, form) for side in sides]
        if not any(_lost(side, number) for side, number in zip(sides, read, strict=True)):
            return Column(name, kind, *read)
    return Column(name, "category", *(write_kinds(side) for side in sides))


def pair_text(name: str, before: Drawn, after: Drawn) -> Column:
    """Return a column of both sides as text: the classes of a target."""
    return Column(name, "category", *(write_kinds(side.read(name)) for side in (before, after)))


def pick_one_each(groups: pd.Series[Any], *, seed: int) -> Any:
    """Return the places of one row of each group, drawn by *seed*; rows without a group are one."""
    order = np.random.default_rng(seed).permutation(len(groups))
    first = ~groups.iloc[order].duplicated().to_numpy()
    return np.sort(order[first])


def _shorten(values: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(values, 0, _TEXT_CHARACTERS) if pa.types.is_string(values.type) else values


def _to_series(values: pa.Array) -> pd.Series[Any]:
    if pa.types.is_string(values.type):
        return pd.Series(values.to_pandas(), dtype=object)
    return pd.Series(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def _to_numbers(values: pd.Series[Any], form: Form) -> pd.Series[Any]:
    """Return floats, NaN also for what is none; some files give numbers, and some text."""
    if values.dtype.kind == "f":
        return values
    written = values.map(lambda value: isinstance(value, str)).astype(bool)
    numbers = values.mask(written).astype(np.float64)
    read = _read_times if form.kind == "time" else _read_numbers
    numbers[written] = read(values[written].astype(object))
    return numbers


def _read_numbers(texts: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_numeric(texts.replace(TRUTHS), errors="coerce").astype(np.float64)


def _read_times(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Return microseconds, in UTC, as times in other files are."""
    times = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
    there = times.dropna().astype("datetime64[us]")
    return there.astype(np.int64).astype(np.float64).reindex(texts.index)


def _lost(values: pd.Series[Any], numbers: pd.Series[Any]) -> bool:
    return bool((values.notna() & numbers.isna()).any())
