"""Tables in files, CSV or Parquet: the names of their columns, and the columns that are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.wording import suggest_name

BATCH_ROWS = 131_072
CSV_BLOCK = 1 << 24
_FORMATS = {".csv": "CSV", ".parquet": "Parquet", ".pq": "Parquet"}


def read_names(path: Path, *, what: str = "the table") -> list[str]:
    """Return the names of the columns as the file gives them, twice what it gives twice.

    *what* is how the `DataError` calls a file that cannot be read.
    """
    with _reading(path, what=what) as kind:
        if kind == "Parquet":
            return [str(name) for name in pq.read_schema(path).names]
        head = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False)
        return [str(name) for name in head.iloc[0]]


def read_table(path: Path, *, what: str = "the table") -> pd.DataFrame:
    """Return all columns in pandas's own types; `DataError` when the file cannot be read."""
    names = read_names(path, what=what)
    for name in names:
        require_single(names, name, what=f"{what} {path}")
    with _reading(path, what=what) as kind:
        if kind == "Parquet":
            return pd.read_parquet(path)
        return _read_csv(path, list(range(len(names))), names)


def read_columns(path: Path, columns: Sequence[str], *, what: str = "the table") -> pd.DataFrame:
    """Return *columns* alone in compact types: text as categories, whole numbers in the fewest bytes.

    Raises `DataError` when the file cannot be read, or a column is missing or there twice.
    """
    names, wanted = read_names(path, what=what), list(dict.fromkeys(columns))
    for name in wanted:
        require_name(names, name, f"{what} {path} has no column {name!r}")
        require_single(names, name, what=f"{what} {path}")
    with _reading(path, what=what) as kind:
        if kind == "Parquet":
            return _read_parquet(path, wanted)
        places = sorted(names.index(name) for name in wanted)
        frame = _read_csv(path, places, [names[place] for place in places])
        return pd.DataFrame({name: _compact(frame.pop(name)) for name in wanted})


def read_head(path: Path, *, rows: int = 10_000, what: str = "the table") -> pd.DataFrame:
    """Return the first rows of all columns, in pandas's own types."""
    with _reading(path, what=what) as kind:
        if kind == "CSV":
            return pd.read_csv(path, nrows=rows, low_memory=False)
        with pq.ParquetFile(path) as file:
            batch = next(file.iter_batches(batch_size=rows), None)
            head: pd.DataFrame = (batch or file.schema_arrow.empty_table()).to_pandas()
            return head


def require_name(names: Sequence[str], name: str, complaint: str) -> None:
    """Raise `DataError` with *complaint* and the nearest name when *name* is none of *names*."""
    if name not in names:
        raise DataError(f"{complaint}; {suggest_name(name, names)}{_explain_single(names)}")


def require_single(names: Sequence[str], name: str, *, what: str) -> None:
    if list(names).count(name) > 1:
        raise DataError(f"{what} has two columns {name!r}; give each its own name")


@contextmanager
def _reading(path: Path, *, what: str) -> Iterator[str]:
    """Yield the format of the file; what goes wrong inside becomes a `DataError`."""
    kind = "CSV or Parquet"
    try:
        kind = _require_file(path, what=what)
        yield kind
    except (ValueError, OSError, pa.ArrowException) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].strip().rstrip(".")
        raise DataError(f"{what} {path} cannot be read as {kind}: {reason}") from None


def _require_file(path: Path, *, what: str) -> str:
    if path.is_dir():
        raise DataError(f"{what} {path} is a folder; name a CSV or Parquet file")
    if not path.exists():
        raise DataError(f"{what} {path} does not exist; make it, or mend the path")
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise DataError(f"{what} {path} must be CSV or Parquet, with a name that ends in .csv or .parquet")
    if path.stat().st_size == 0:
        raise DataError(f"{what} {path} is empty; give it a header and rows")
    return kind


def _explain_single(names: Sequence[str]) -> str:
    """Say so when a file looks as if its columns were not separated by commas."""
    found = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    return "" if found is None else f"; its columns are separated by {found!r}, but must be by commas"


def _read_csv(path: Path, places: Sequence[int], names: Sequence[str]) -> pd.DataFrame:
    _require_even(path)
    # Types are found in one go: piece by piece they may differ, and pandas warns.
    frame = pd.read_csv(path, usecols=list(places), low_memory=False)
    frame.columns = pd.Index(names)
    return frame


def _require_even(path: Path) -> None:
    """Raise `pyarrow.ArrowInvalid` unless all rows have as many values: pandas shifts or cuts them silently."""
    reader = csv.open_csv(
        path,
        read_options=csv.ReadOptions(block_size=CSV_BLOCK, autogenerate_column_names=True),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(include_columns=["f0"], column_types={"f0": pa.binary()}),
    )
    for _ in reader:
        pass


def _compact(series: pd.Series[Any]) -> pd.Series[Any]:
    kind = series.dtype.kind
    if kind in "iu":
        return pd.to_numeric(series, downcast="integer")
    if kind in "fbM":
        return series
    return _sort_categories(series.astype("category"))


def _read_parquet(path: Path, names: Sequence[str]) -> pd.DataFrame:
    # Column by column, so that only one is there twice while it changes its form.
    with pq.ParquetFile(path) as file:
        kept = {name: file.schema_arrow.field(name).type for name in names}
    for name, kind in kept.items():
        if pa.types.is_nested(kind):
            raise ValueError(f"column {name!r} holds {kind}, not one value a row")
    coded = [name for name, kind in kept.items() if _is_coded(kind)]
    with pq.ParquetFile(path, read_dictionary=coded, pre_buffer=False) as file:
        return pd.DataFrame({name: _read_column(file, name, kept[name]) for name in names}, copy=False)


def _is_coded(kind: pa.DataType) -> bool:
    """Whether a column's values are repeated things rather than numbers or times."""
    return not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_timestamp(kind)
    )


def _read_column(file: pq.ParquetFile, name: str, kind: pa.DataType) -> pd.Series[Any]:
    chunks = []
    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=[name]):
        # By its name, since Parquet takes a dot in a name for nesting and may give `a.b` with `a`.
        chunk = batch.column(name)
        if pa.types.is_decimal(kind):
            chunk = chunk.cast(pa.float64())
        elif _is_coded(kind) and not pa.types.is_dictionary(chunk.type):
            chunk = chunk.dictionary_encode()
        chunks.append(chunk)
    if not chunks:
        return pd.Series([], dtype=object)
    column = pa.chunked_array(chunks)
    if pa.types.is_dictionary(column.type):
        series = column.unify_dictionaries().to_pandas(split_blocks=True)
        return series if pa.types.is_dictionary(kind) else _sort_categories(series)
    nullable = {pa.bool_(): pd.BooleanDtype()}
    return _compact_numbers(
        column, column.to_pandas(types_mapper=nullable.get if column.null_count else None)
    )


def _compact_numbers(column: pa.ChunkedArray, series: pd.Series[Any]) -> pd.Series[Any]:
    return _compact(series) if pa.types.is_integer(column.type) and not column.null_count else series


def _sort_categories(series: pd.Series[Any]) -> pd.Series[Any]:
    """Put categories in order, since a table that is coded as it is read has them as they come."""
    kinds = series.cat.categories
    return series.cat.reorder_categories(sorted(kinds, key=str)) if len(kinds) else series
