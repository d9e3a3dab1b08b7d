"""`python -m benchmarks`: measures everything, prints the table and writes `benchmarks/results.json`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rich.console import Console

from benchmarks.gate import bench_gate
from benchmarks.loop import bench_loop
from benchmarks.machine import describe_machine
from benchmarks.processes import settle
from benchmarks.results import make_table, to_json

RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure every figure.")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured, in turn")
    rounds = parser.parse_args().rounds
    settle(os.environ)
    machine = describe_machine()
    results = [*bench_loop(rounds), *bench_gate(rounds)]
    Console(width=160).print(make_table(results))
    RESULTS.write_text(to_json(results, machine), encoding="utf-8")


if __name__ == "__main__":
    main()
