"""`greenroom compare` on many rows and slices, in a process of its own: its peak memory and its time."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.processes import run_timed
from benchmarks.results import Result, compare

FEW, MANY = 1_000_000, 10_000_000
SLICES = 50
LIMIT_GIB = 4.0
GROWTH_TARGET = 12
BATCH = 500_000
OPTIONS = (
    *("--target", "target", "--candidate", "candidate", "--champion", "champion", "--slice", "slice"),
    *("--max-loss", "0.01", "--max-loss-slices", "0.05", "--json"),
)


@dataclass(frozen=True)
class Measured:
    """What one process took, its imports excluded from the time and not from the memory."""

    seconds: float
    gib: float


def bench_scale(runs: int) -> list[Result]:
    """Measure both sizes in turn, on synthetic rows in Parquet."""
    found: dict[int, list[Measured]] = {FEW: [], MANY: []}
    with tempfile.TemporaryDirectory() as folder:
        tables = {rows: write_table(Path(folder) / f"{rows}.parquet", rows=rows) for rows in found}
        for _ in range(runs):
            for rows, table in tables.items():
                found[rows].append(measure(table))
    what = f"gate: {MANY:,} rows × {SLICES} slices"
    seconds = {rows: [each.seconds for each in measured] for rows, measured in found.items()}
    return [
        compare(f"{what} : {FEW:,} rows", seconds[MANY], seconds[FEW], target=GROWTH_TARGET),
        compare(f"{what}, peak memory in GiB : limit", _peaks(found[MANY]), [LIMIT_GIB], target=1),
        compare(
            f"gate: {FEW:,} rows × {SLICES} slices, peak memory in GiB : limit",
            _peaks(found[FEW]),
            [LIMIT_GIB],
        ),
    ]


def write_table(path: Path, *, rows: int, seed: int = 7) -> Path:
    """Write two models' probabilities, the truth and a column of slices, a batch at a time."""
    random = np.random.default_rng(seed)
    names = np.array([f"slice-{number:02}" for number in range(SLICES)])
    writer = None
    for start in range(0, rows, BATCH):
        many = min(BATCH, rows - start)
        truth, shared = random.normal(size=many) - 1, random.normal(size=many)
        seen = [truth + 0.5 * shared + spread * random.normal(size=many) for spread in (0.2, 0.3)]
        batch = pa.table(
            {
                "target": (truth + random.logistic(size=many) > 0).astype(np.int64),
                "candidate": 1 / (1 + np.exp(-seen[0])),
                "champion": 1 / (1 + np.exp(-seen[1])),
                "slice": names[random.integers(SLICES, size=many)],
                **{f"feature-{number}": random.normal(size=many) for number in range(4)},
            }
        )
        writer = writer or pq.ParquetWriter(path, batch.schema)
        writer.write_table(batch)
    assert writer is not None
    writer.close()
    return path


def measure(table: Path) -> Measured:
    """Compare the table in a new process, and return what it says of itself at its end."""
    said = table.with_suffix(".json")
    run_timed(
        [sys.executable, "-m", "benchmarks.scale", str(said), str(table)], folder=Path.cwd(), fine=(0, 1)
    )
    return Measured(**json.loads(said.read_text()))


def _peaks(measured: Sequence[Measured]) -> list[float]:
    return [each.gib for each in measured]


def _compare_here(said: Path, table: str) -> None:
    from greenroom_pipeline import compare as warm  # noqa: F401
    from greenroom_pipeline.cli import app

    start = time.perf_counter()
    try:
        app(["compare", table, *OPTIONS])
    finally:
        seconds = time.perf_counter() - start
        said.write_text(json.dumps({"seconds": seconds, "gib": read_peak()}))


def read_peak() -> float:
    """Return this process's greatest resident memory; what its parent held before the start does not count."""
    lines = Path(f"/proc/{os.getpid()}/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 2**20


if __name__ == "__main__":
    _compare_here(Path(sys.argv[1]), sys.argv[2])
