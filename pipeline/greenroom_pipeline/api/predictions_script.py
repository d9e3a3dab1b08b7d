"""Reads a sender's predictions in a process of its own, and writes their values, and nothing else of them, anew.

Called with the path of a Parquet file, the one to write, the number of rows and whether they are labels. What is
wrong is said in one line on standard output, with exit status 3.
"""

from __future__ import annotations

import resource
import sys
from typing import Any

MEMORY_BYTES = 4 * 2**30
CPU_SECONDS = 300
BATCH_ROWS = 65_536
MAX_COLUMNS = 1_001
MAX_LABEL_BYTES = 1_000
MAX_PLAIN_BYTES = 2**30
PREDICTION = "prediction"
PROBABILITY = "probability:"
TOLERANCE = 1e-6


class Wrong(Exception):
    """These are no predictions; says why."""


def rewrite(source: str, target: str, *, rows: int, labels: bool) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # A few bytes can say one long label for every row: labels stay a dictionary until their lengths are known.
    texts = [PREDICTION] if labels and PREDICTION in pq.read_schema(source).names else None
    file = pq.ParquetFile(source, read_dictionary=texts)
    if file.metadata.num_rows != rows:
        raise Wrong(f"has {file.metadata.num_rows} rows, and the holdout {rows}")
    wanted = _plan(file.schema_arrow, labels=labels)
    seen = plain = 0
    with pq.ParquetWriter(target, wanted) as writer:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            if labels:
                _check_lengths(batch.column(PREDICTION))
            table = pa.Table.from_batches([batch]).replace_schema_metadata(None).cast(wanted)
            plain += table.nbytes
            if plain > MAX_PLAIN_BYTES:
                raise Wrong(f"holds more than {MAX_PLAIN_BYTES // 2**20} MiB of values")
            for name in wanted.names:
                _check(table.column(name), name)
            writer.write_table(table)
            seen += batch.num_rows
    if seen != rows:
        raise Wrong(f"holds {seen} rows, and says {rows}")


def _plan(schema: Any, *, labels: bool) -> Any:
    """Return the schema to write, or refuse a column that no scoring leaves."""
    import pyarrow as pa

    if len(schema.names) > MAX_COLUMNS or len(set(schema.names)) < len(schema.names):
        raise Wrong(f"has more than {MAX_COLUMNS} columns, or two of one name")
    if PREDICTION not in schema.names:
        raise Wrong(f"has no column {PREDICTION!r}")
    fields = []
    for field in schema:
        if field.name != PREDICTION and not (labels and field.name.startswith(PROBABILITY)):
            raise Wrong(f"has a column {field.name[:50]!r}, which is no prediction")
        if (field.metadata or {}).get(b"ARROW:extension:name"):
            raise Wrong(f"has an extension type in column {field.name[:50]!r}")
        fields.append(pa.field(field.name, _pick_type(field.type, text=labels and field.name == PREDICTION)))
    return pa.schema(fields)


def _pick_type(kind: Any, *, text: bool) -> Any:
    import pyarrow as pa

    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if text and (pa.types.is_string(plain) or pa.types.is_large_string(plain)):
        return pa.string()
    if not text and pa.types.is_float32(kind):
        return pa.float32()
    if not text and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return pa.float64()
    raise Wrong(f"has a column of type {str(kind)[:50]}, where {'texts' if text else 'numbers'} belong")


def _check_lengths(column: Any) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = column.dictionary if pa.types.is_dictionary(column.type) else column
    if (pc.max(pc.binary_length(texts)).as_py() or 0) > MAX_LABEL_BYTES:
        raise Wrong(f"has a label of more than {MAX_LABEL_BYTES:,} bytes")


def _check(column: Any, name: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        raise Wrong(f"has no value in some rows of {name[:50]!r}")
    if not pa.types.is_floating(column.type) or not len(column):
        return
    if not pc.all(pc.is_finite(column)).as_py():
        raise Wrong(f"has NaN or an infinite number in {name[:50]!r}")
    extremes = pc.min_max(column).as_py()
    if name != PREDICTION and not -TOLERANCE <= extremes["min"] <= extremes["max"] <= 1 + TOLERANCE:
        raise Wrong(f"has probabilities outside 0 to 1 in {name[:50]!r}")


def _limit() -> None:
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 2 * MAX_PLAIN_BYTES,
    }
    for kind, amount in limits.items():
        resource.setrlimit(kind, (amount, amount))


def main(source: str, target: str, rows: str, kind: str) -> int:
    _limit()
    try:
        rewrite(source, target, rows=int(rows), labels=kind == "labels")
    except Wrong as error:
        sys.stdout.write(str(error))
        return 3
    except (Exception, MemoryError) as error:
        sys.stdout.write(f"cannot be read as plain Parquet ({type(error).__name__})")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
