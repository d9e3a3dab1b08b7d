"""Files of rows beside the holdout, Parquet or CSV, read batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from greenroom_pipeline.errors import DataError

_BATCH = 65_536


@dataclass(frozen=True)
class Source:
    """A Parquet or CSV file of rows."""

    path: Path
    name: str
    """As the settings give it."""
    columns: dict[str, Any]
    """The Arrow type of each; None in a CSV file, where all is text."""


def open_source(root: Path, name: str, *, key: str) -> Source:
    """Look the file over without reading its rows; *key* is the setting that names it."""
    path = root / name
    if not path.is_file():
        raise DataError(f"{key} names {name!r}, which is no file in {root}; make it, or mend {key}")
    with _reading(name):
        if _is_csv(path):
            return Source(path, name, dict.fromkeys(map(str, pd.read_csv(path, nrows=0).columns)))
        schema = pq.read_schema(path)
        return Source(path, name, dict(zip(schema.names, schema.types, strict=True)))


def read_batches(source: Source, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield these columns, a batch of rows at a time."""
    with _reading(source.name):
        if not _is_csv(source.path):
            with pq.ParquetFile(source.path) as file:
                yield from file.iter_batches(batch_size=_BATCH, columns=list(columns))
            return
        # As text, since a chunk's types would depend on where it happens to be cut.
        with pd.read_csv(source.path, usecols=list(columns), dtype=str, chunksize=_BATCH) as chunks:
            for chunk in chunks:
                yield pa.RecordBatch.from_pandas(chunk, preserve_index=False)


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{name} cannot be read as Parquet or CSV: {reason}") from error


def _is_csv(path: Path) -> bool:
    return path.suffix == ".csv"
