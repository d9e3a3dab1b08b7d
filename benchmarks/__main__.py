"""`python -m benchmarks`: measures everything, prints the table and writes `benchmarks/results.json`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rich.console import Console

from benchmarks.explore import bench_explore
from benchmarks.gate import bench_gate
from benchmarks.gateway import bench_gateway
from benchmarks.live import bench_live
from benchmarks.loop import bench_loop
from benchmarks.machine import describe_machine
from benchmarks.portal import bench_portal
from benchmarks.previews import bench_previews
from benchmarks.processes import settle
from benchmarks.results import from_json, make_table, merge, to_json
from benchmarks.scale import bench_scale

RESULTS = Path(__file__).with_name("results.json")
PARTS = {
    "loop": bench_loop,
    "gate": bench_gate,
    "scale": bench_scale,
    "explore": bench_explore,
    "previews": bench_previews,
    "gateway": bench_gateway,
    "portal": bench_portal,
    "live": bench_live,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure every figure.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured, in turn")
    wanted = parser.parse_args()
    unknown = [part for part in wanted.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; choose from {', '.join(PARTS)}")
    settle(os.environ)
    machine = describe_machine()
    chosen = [part for part in PARTS if part in wanted.parts or not wanted.parts]
    results = [result for part in chosen for result in PARTS[part](wanted.rounds)]
    Console(width=160).print(make_table(results))
    known = from_json(RESULTS.read_text(encoding="utf-8")) if wanted.parts and RESULTS.exists() else []
    RESULTS.write_text(to_json(merge(known, results), machine), encoding="utf-8")


if __name__ == "__main__":
    main()
