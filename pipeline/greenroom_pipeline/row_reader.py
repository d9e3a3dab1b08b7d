"""Rows of Parquet files as DuckDB finds them: the only importer of duckdb, and what it may do."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from greenroom_pipeline.desk import Rows
from greenroom_pipeline.errors import DataError
from greenroom_pipeline.exploration import Chosen
from greenroom_pipeline.filters import Column, Filter, Kind, write_condition
from greenroom_pipeline.wording import count

SECONDS = 20.0
MEMORY = "1GB"
THREADS = 2
_TURNS = threading.BoundedSemaphore(2)
Source = Literal["holdout", "candidate", "champion"]
_KINDS: dict[str, Kind] = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "integer"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "integer"),
    "FLOAT": "number",
    "DOUBLE": "number",
    "DATE": "date",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "time"),
    "TIMESTAMP WITH TIME ZONE": "zoned",
}


@dataclass(frozen=True)
class Extent:
    """What a column's values span."""

    low: Any
    high: Any
    missing: int


@dataclass(frozen=True)
class RowReader:
    """The holdout beside both models' predictions: files with as many rows, joined by position.

    Columns go by their places, so that no name that anybody chose is ever a part of a query.
    """

    paths: Mapping[Source, Path]
    connection: duckdb.DuckDBPyConnection
    seconds: float

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The holdout's, in its order."""
        path = self.paths["holdout"]
        said = self._query("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).column("column_type")
        kinds = [_name_kind(str(kind)) for kind in said.to_pylist()]
        return tuple(Column(name, kind) for name, kind in zip(self.read_names("holdout"), kinds, strict=True))

    @property
    def models(self) -> list[Source]:
        return [source for source in self.paths if source != "holdout"]

    @cached_property
    def rows(self) -> int:
        return int(pq.read_metadata(self.paths["holdout"]).num_rows)

    def read_names(self, source: Source) -> list[str]:
        """Return the names of the columns as the file gives them: DuckDB's own differ where only case does."""
        return [str(name) for name in pq.read_schema(self.paths[source]).names]

    def choose(self, filters: Sequence[Filter], names: Sequence[str]) -> Chosen:
        """Return *names* of the rows that meet the filters, and both models' predictions on them."""
        columns: dict[Source, list[str]] = {"holdout": list(names)}
        picked = ["candidate.place", *(self._refer("holdout", name) for name in names)]
        for source in self.models:
            columns[source] = self.read_names(source)
            picked += [f"{source}.c{place}" for place in range(len(columns[source]))]
        table = self._select(picked, list(self.paths), filters, numbered="candidate")
        places, *series = (_to_series(column) for column in table.columns)
        frames: dict[Source, pd.DataFrame] = {}
        for source, own in columns.items():
            frames[source] = pd.DataFrame(dict(zip(own, series, strict=False)), copy=False)
            del series[: len(own)]
        return Chosen(places.to_numpy(), frames["holdout"], frames["candidate"], frames.get("champion"))

    def count_rows(self, filters: Sequence[Filter]) -> int:
        return int(self._select(["count(*)"], ["holdout"], filters).column(0)[0].as_py())

    def count_values(self, source: Source, name: str, *, most: int) -> list[tuple[Any, int]]:
        """Return a column's values and how many rows have each, the most frequent first; None is a missing one."""
        reference = self._refer(source, name)
        tail = f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {most:d}"
        table = self._select([reference, "count(*)"], [source], (), tail=tail)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def measure_extent(self, column: Column) -> Extent:
        """Return the least and the greatest value of a column that has an order; None where it has no value."""
        reference, known = self._refer("holdout", column.name), "true"
        if column.kind == "number":
            reference = f"CAST({reference} AS DOUBLE)"
            known = f"isfinite({reference})"
        if column.kind == "zoned":
            reference = f"make_timestamp(epoch_us({reference}))"
        ends = [f"{end}({reference}) FILTER ({known})" for end in ("min", "max")]
        missing = f"count(*) - count({reference}) FILTER ({known})"
        table = self._select([*ends, missing], ["holdout"], ())
        low, high, without = (column[0].as_py() for column in table.columns)
        return Extent(low, high, without)

    def read_places(self, places: Sequence[int], names: Sequence[str]) -> list[dict[str, Any]]:
        """Return *names* of the holdout's rows at these positions, in the order of *places*."""
        numbered: Source = "holdout" if self._numbers("holdout") else "candidate"
        picked = [f"{numbered}.place", *(self._refer("holdout", name) for name in names)]
        sources = list(dict.fromkeys(["holdout", numbered]))
        table = self._select(picked, sources, (), numbered=numbered, places=places)
        cells = zip(*(column.to_pylist() for column in table.columns), strict=True)
        found = {place: dict(zip(names, row, strict=True)) for place, *row in cells}
        return [found[place] for place in places]

    def _select(
        self,
        picked: Sequence[str],
        sources: Sequence[Source],
        filters: Sequence[Filter],
        *,
        numbered: Source | None = None,
        places: Sequence[int] | None = None,
        tail: str = "",
    ) -> pa.Table:
        """Run a query of parts that are written here alone; *places* leaves those rows of *numbered*."""
        condition = write_condition(filters, self.columns, table="holdout")
        values: list[Any] = [str(self.paths[source]) for source in sources]
        values += condition.values
        where = condition.sql
        if places is not None:
            where += f" AND {numbered}.place IN (SELECT unnest(?))"
            values.append([int(place) for place in places])
        # Joined by position, filters stay above the join: rows never lose their neighbours.
        joined = " POSITIONAL JOIN ".join(self._write_source(each, numbered) for each in sources)
        named = ", ".join(f"{part} AS x{place}" for place, part in enumerate(picked))
        return self._query(f"SELECT {named} FROM {joined} WHERE {where} {tail}", values)

    def _write_source(self, source: Source, numbered: Source | None) -> str:
        names = [f"c{place}" for place in range(len(self.read_names(source)))]
        if source != numbered:
            return f"read_parquet(?) AS {source}({', '.join(names)})"
        return f"read_parquet(?, file_row_number = true) AS {source}({', '.join([*names, 'place'])})"

    def _numbers(self, source: Source) -> bool:
        """Whether DuckDB can number the file's rows, which it cannot beside a column of that name."""
        return "file_row_number" not in map(str.lower, self.read_names(source))

    def _refer(self, source: Source, name: str) -> str:
        names = self.read_names(source)
        if name not in names:
            raise DataError(f"the {source}'s rows have no column {name!r}; `greenroom run` the commit again")
        return f"{source}.c{names.index(name)}"

    def _query(self, sql: str, values: Sequence[Any]) -> pa.Table:
        timer = threading.Timer(self.seconds, self.connection.interrupt)
        timer.start()
        try:
            return self.connection.execute(sql, values).to_arrow_table()
        except duckdb.InterruptException:
            raise DataError(
                f"looking through the holdout took longer than {self.seconds:g} seconds; "
                "choose fewer rows by a further filter"
            ) from None
        except duckdb.OutOfMemoryException:
            raise DataError(
                f"looking through the holdout takes more than {MEMORY} of memory; choose fewer rows"
            ) from None
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"the holdout's rows cannot be read: {reason}; mend the filter") from None
        finally:
            timer.cancel()


@contextmanager
def open_rows(files: Rows, *, seconds: float = SECONDS) -> Iterator[RowReader]:
    """Yield a reader of the files, which may read them and nothing else; two at once, others wait their turn.

    `DataError` when the files do not belong together, or when a question takes longer than *seconds*.
    """
    paths: dict[Source, Path] = {"holdout": files.holdout, "candidate": files.candidate}
    if files.champion is not None:
        paths["champion"] = files.champion
    _require_as_many(paths)
    if not _TURNS.acquire(timeout=seconds):
        raise DataError("others are looking through holdouts right now; try again in a moment")
    try:
        with _connect([str(path) for path in paths.values()]) as connection:
            yield RowReader(paths, connection, seconds)
    finally:
        _TURNS.release()


def _connect(paths: Sequence[str]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={
            "memory_limit": MEMORY,
            "threads": THREADS,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        }
    )
    connection.execute("SET allowed_paths = ?", [list(paths)])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _require_as_many(paths: Mapping[Source, Path]) -> None:
    """Raise unless all files have as many rows: a join by position would fill up the shorter ones."""
    try:
        rows = {source: int(pq.read_metadata(path).num_rows) for source, path in paths.items()}
    except (OSError, pa.ArrowException) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"the rows behind the report cannot be read: {reason}; `greenroom run` it again"
        ) from None
    for source, many in rows.items():
        if many != rows["holdout"]:
            raise DataError(
                f"there are predictions of the {source} for {count(many, 'row')}, and the holdout has "
                f"{rows['holdout']:,}; `greenroom run` the commit again"
            )


def _name_kind(kind: str) -> Kind:
    return "number" if kind.startswith("DECIMAL(") else _KINDS.get(kind, "other")


def _to_series(column: pa.ChunkedArray) -> pd.Series[Any]:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.dictionary_encode().unify_dictionaries()
    elif pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    series: pd.Series[Any] = column.to_pandas()
    return series
