"""Exploring a slice of ten million rows, beside reading everything into pandas and measuring with the same engine."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.processes import run_timed
from benchmarks.results import Result, compare
from benchmarks.scale import Measured, read_peak
from greenroom_pipeline.desk import Rows
from greenroom_pipeline.evaluation import evaluate
from greenroom_pipeline.exploration import Terms
from greenroom_pipeline.filters import Among, Between
from greenroom_pipeline.inspection import explore_rows
from greenroom_pipeline.predictions import from_frame

MANY = 10_000_000
BATCH = 500_000
CARRIERS = 16
METRICS = ("roc_auc", "log_loss", "brier", "accuracy", "average_precision")
FILTERS = {
    "a carrier's short flights": (Among("carrier", ("C3",)), Between("distance", 500, 900)),
    "one carrier": (Among("carrier", ("C3",)),),
    "eight tenths of all": (Between("distance", 1_000, None),),
}
TARGET = 0.2
"""Of the time that pandas takes, for the first slice: both read, only one reads everything."""


def bench_explore(runs: int) -> list[Result]:
    """Measure both sides in turn on each slice, each in a process of its own."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder), rows=MANY)
        for place, name in enumerate(FILTERS):
            found: dict[str, list[Measured]] = {"ours": [], "theirs": []}
            for _ in range(runs):
                for side, measured in found.items():
                    measured.append(_measure(Path(folder), side, name))
            ours, theirs = found.values()
            what = f"explore: {MANY:,} rows, {name}"
            target = None if place else TARGET
            seconds = ([each.seconds for each in side] for side in (ours, theirs))
            results.append(compare(f"{what} : pandas reads everything, same engine", *seconds, target=target))
            peaks = ([each.gib for each in side] for side in (ours, theirs))
            results.append(compare(f"{what}, peak memory in GiB : the same", *peaks))
    return results


def write_rows(folder: Path, *, rows: int, seed: int = 7) -> None:
    """Write a holdout of eleven columns and both models' predictions, a batch at a time."""
    random = np.random.default_rng(seed)
    names = np.array([f"C{number}" for number in range(CARRIERS)])
    writers: dict[str, pq.ParquetWriter] = {}
    for start in range(0, rows, BATCH):
        many = min(BATCH, rows - start)
        truth = random.normal(size=many) - 1
        tables = {
            "holdout": pa.table(
                {
                    "carrier": names[random.integers(CARRIERS, size=many)],
                    "distance": random.integers(80, 5_000, size=many),
                    **{f"feature-{number}": random.normal(size=many) for number in range(8)},
                    "delayed": (truth + random.logistic(size=many) > 0).astype(np.int64),
                }
            )
        }
        for model, noise in (("candidate", 0.3), ("champion", 0.5)):
            share = (1 / (1 + np.exp(-truth - noise * random.normal(size=many)))).astype(np.float32)
            said = np.where(share > 0.5, "1", "0")
            tables[model] = pa.table({"prediction": said, "probability:0": 1 - share, "probability:1": share})
        for name, table in tables.items():
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            writers[name].write_table(table)
    for writer in writers.values():
        writer.close()


def _measure(folder: Path, side: str, name: str) -> Measured:
    said = folder / "said.json"
    command = [sys.executable, "-m", "benchmarks.explore", str(folder), side, name, str(said)]
    run_timed(command, folder=Path.cwd())
    return Measured(**json.loads(said.read_text()))


def _explore_ours(folder: Path, name: str) -> None:
    files = Rows(*(folder / f"{each}.parquet" for each in ("holdout", "candidate", "champion")))
    terms = Terms(task="binary", metrics=METRICS, confidence=0.95, target="delayed")
    explore_rows(files, terms, FILTERS[name])


def _explore_theirs(folder: Path, name: str) -> None:
    holdout, *models = (
        pd.read_parquet(folder / f"{each}.parquet") for each in ("holdout", "candidate", "champion")
    )
    kept = pd.Series(True, index=holdout.index)
    for each in FILTERS[name]:
        values = holdout[each.column]
        if isinstance(each, Among):
            kept &= values.isin(each.values)
        else:
            low, high = (
                (-np.inf if each.low is None else each.low),
                (np.inf if each.high is None else each.high),
            )
            kept &= (values >= low) & (values <= high)
    candidate, champion = (from_frame(model[kept], task="binary") for model in models)
    evaluate(
        task="binary",
        target=holdout["delayed"][kept],
        candidate=candidate,
        champion=champion,
        metrics=METRICS,
    )


_SIDES: dict[str, Callable[[Path, str], None]] = {"ours": _explore_ours, "theirs": _explore_theirs}


def main() -> None:
    folder, side, name, said = sys.argv[1:]
    start = time.perf_counter()
    _SIDES[side](Path(folder), name)
    seconds = time.perf_counter() - start
    Path(said).write_text(json.dumps({"seconds": seconds, "gib": read_peak()}))


if __name__ == "__main__":
    main()
