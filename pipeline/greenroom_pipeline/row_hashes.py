"""Rows as 64-bit hashes: alike for alike values, whatever file and type they come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
MISSING = np.uint64(0x9E3779B97F4A7C15)
"""The hash of a value that is not there, in every column."""
TRUTHS = {"True": "1", "true": "1", "TRUE": "1", "False": "0", "false": "0", "FALSE": "0"}
# Beyond it a float is no whole number of 64 bits.
_WHOLE_END = 2.0**63


@dataclass(frozen=True)
class Form:
    """How one column is compared in all files that have it."""

    kind: Literal["text", "number", "time"]
    narrow: bool
    """One of the files has it in fewer than 64 bits, so that no more of it can be compared."""


def choose_form(types: Sequence[Any]) -> Form:
    """Return the form for a column of these Arrow types; None stands for a file of text, which has no types."""
    known = [kind for kind in types if kind is not None and not pa.types.is_null(kind)]
    known = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in known]
    narrow = any(pa.types.is_float32(kind) or pa.types.is_float16(kind) for kind in known)
    if any(_is_time(kind) for kind in known):
        return Form("time", narrow)
    return Form("text" if known and not any(map(_is_number, known)) else "number", narrow)


def hash_rows(batch: pa.RecordBatch, forms: Mapping[str, Form]) -> Hashes:
    """Return (n,) hashes over the columns of *forms*, in their order."""
    columns = {
        place: hash_column(batch.column(name), form) for place, (name, form) in enumerate(forms.items())
    }
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(columns), index=False), dtype=np.uint64)


def hash_column(column: pa.Array, form: Form) -> Hashes:
    """Return (n,) hashes of the column's values; those that are null or NaN have the hash `MISSING`."""
    hashes = np.full(len(column), MISSING)
    values = simplify(column)
    there = pc.is_valid(values).to_numpy(zero_copy_only=False)
    if pa.types.is_floating(values.type):
        there &= ~pc.is_nan(values).fill_null(True).to_numpy(zero_copy_only=False)
    if there.any():
        present = values.filter(pa.array(there)).to_numpy(zero_copy_only=False)
        is_text = pa.types.is_string(values.type)
        hashes[there] = _hash_written(present, form) if is_text else _hash_numbers(present, form)
    return hashes


def _is_number(kind: Any) -> bool:
    known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    return any(test(kind) for test in known)


def _is_time(kind: Any) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def simplify(column: pa.Array) -> pa.Array:
    """Return the values as whole numbers, floats or strings; times are microseconds, in UTC."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return simplify(column.dictionary_decode())
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8())
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float64(), safe=False)
    if _is_time(kind):
        return column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return column
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_string(kind):
        return column.cast(pa.string())
    return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())


def _hash_numbers(values: NDArray[Any], form: Form) -> Hashes:
    """Hash numbers by value: a whole one by itself and any other by its bits, in the fewest bits of all files."""
    if form.narrow:
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
    if values.dtype.kind != "f":
        return pd.util.hash_array(values.astype(np.uint64))
    values = values.astype(np.float64)
    whole = (np.abs(values) < _WHOLE_END) & (values == np.floor(values))
    bits = np.where(
        whole, np.where(whole, values, 0).astype(np.int64).view(np.uint64), values.view(np.uint64)
    )
    return pd.util.hash_array(bits)


def _hash_written(texts: NDArray[Any], form: Form) -> Hashes:
    """Read texts as what the other files hold; what cannot be read is text."""
    hashes = pd.util.hash_array(texts.astype(object))
    if form.kind == "time":
        times = pd.to_datetime(pd.Series(texts), format="ISO8601", errors="coerce", utc=True)
        readable = times.notna().to_numpy()
        micros = times[readable].dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
        hashes[readable] = _hash_numbers(micros, form)
    if form.kind == "number":
        written = pd.Series(texts, dtype=object).replace(TRUTHS)
        readable = pd.to_numeric(written, errors="coerce").notna().to_numpy()
        # Once more without the rest, since only whole numbers alone keep all their digits.
        numbers = pd.to_numeric(written[readable]).to_numpy()
        numbers = numbers.astype(np.float64) if numbers.dtype.kind == "O" else numbers
        hashes[readable] = _hash_numbers(numbers, form)
    return hashes
