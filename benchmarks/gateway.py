"""Queries through the gateway, beside the same Bento served by `bentoml serve` and asked directly."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from benchmarks.processes import BenchmarkError, run_timed, serving
from benchmarks.results import Result, compare, judge
from greenroom_pipeline.places import Places, find_places
from greenroom_pipeline.workspace import make_workspace
from greenroom_services.client import HostClient
from greenroom_services.environments import build_environment
from greenroom_services.host.launch import launch_host
from greenroom_services.host.records import Records
from greenroom_services.previews import Address

QUERIES, UNCOUNTED = 400, 50
LOAD_SECONDS, CALLERS = 8, 8
LIMIT_MS = 1.5
THROUGHPUT = 0.8
SLOT = "production"
HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Side:
    """Where `/predict` is asked, and with what."""

    address: str
    body: str

    @property
    def netloc(self) -> str:
        return self.address.removeprefix("http://").partition("/")[0]

    @property
    def path(self) -> str:
        return "/" + f"{self.address}/predict".removeprefix("http://").partition("/")[2]


@dataclass(frozen=True)
class Turn:
    """What one round has measured of one side, in milliseconds."""

    p50: float
    loaded: float | None
    """Of a query under load, from their number a second; None where there is no wrk."""


def bench_gateway(rounds: int) -> list[Result]:
    """Measure both sides in turn, on the example's model; the host and BentoML's server run side by side."""
    with (
        tempfile.TemporaryDirectory(prefix="greenroom-bench-", ignore_cleanup_errors=True) as folder,
        _both_sides(Path(folder).resolve()) as (ours, theirs),
    ):
        turns = [_take_turn(ours, theirs, Path(folder)) for _ in range(rounds)]
    return tell([turn[0] for turn in turns], [turn[1] for turn in turns])


def tell(ours: Sequence[Turn], theirs: Sequence[Turn]) -> list[Result]:
    """Return the rows: what a query takes, what the gateway adds to it, and what it takes under load."""
    added = median(our.p50 - their.p50 for our, their in zip(ours, theirs, strict=True))
    rows = [
        compare("gateway: a query at p50, in ms : bentoml serve", *(_p50s(side) for side in (ours, theirs))),
        judge(
            "gateway: added to a query at p50, in ms : limit",
            added / LIMIT_MS,
            ours=added,
            theirs=LIMIT_MS,
            target=1,
            runs=len(ours),
        ),
    ]
    loaded = [[turn.loaded for turn in side if turn.loaded is not None] for side in (ours, theirs)]
    if all(loaded):
        name = f"gateway: a query of {CALLERS} callers' at once, in ms : bentoml serve"
        rows.append(compare(name, *loaded, target=1 / THROUGHPUT))
    return rows


def _p50s(turns: Sequence[Turn]) -> list[float]:
    return [turn.p50 for turn in turns]


@contextmanager
def _both_sides(root: Path) -> Iterator[tuple[Side, Side]]:
    """Give the example's production on the gateway, and the very same Bento by `bentoml serve`."""
    repository = make_workspace(root / "flight-delays", tools=root / "tools")
    places, project = find_places(repository.root, os.environ), repository.root.name
    host = launch_host(places.host, cache=places.environments)
    try:
        for arguments in (("run", "--json"), ("promote", "--by", "benchmark")):
            command = [sys.executable, "-m", "greenroom_pipeline.cli", *arguments]
            run_timed(command, folder=repository.root, fine=(0, 1))
        examples = HostClient(places.host).describe(project, SLOT)["profile"]["examples"]
        row = next(example for example in examples if None not in example.values())
        body = json.dumps({"rows": [row]})
        command = _serve_command(places, Address(project=project, slot=SLOT))
        with serving(command, folder=root, row=row) as address:
            yield Side(f"{host.endpoints.gateway}/p/{project}/{SLOT}", body), Side(address, body)
    finally:
        host.stop()


def _serve_command(places: Places, address: Address) -> list[str]:
    records = Records(places.host)
    record = records.load()[address]
    environment = build_environment(record.manifest.requirements, cache=places.environments)
    return [str(environment.python), "-m", "bentoml", "serve", str(records.bento(address, record.bundle))]


def _take_turn(ours: Side, theirs: Side, folder: Path) -> tuple[Turn, Turn]:
    seconds = _ask_in_turn(ours, theirs)
    p50s = [1_000 * median(each[UNCOUNTED:]) for each in seconds]
    loaded = [_load(side, folder) for side in (ours, theirs)]
    return Turn(p50s[0], loaded[0]), Turn(p50s[1], loaded[1])


def _ask_in_turn(*sides: Side) -> list[list[float]]:
    """Ask all sides one query after the other, so that whatever the machine does, it does to all."""
    connections = [HTTPConnection(side.netloc, timeout=60) for side in sides]
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(QUERIES + UNCOUNTED):
        for side, connection, found in zip(sides, connections, seconds, strict=True):
            found.append(_ask(side, connection))
    for connection in connections:
        connection.close()
    return seconds


def _ask(side: Side, connection: HTTPConnection) -> float:
    start = time.perf_counter()
    connection.request("POST", side.path, side.body, HEADERS)
    with closing(connection.getresponse()) as answer:
        text = answer.read()
    seconds = time.perf_counter() - start
    if answer.status != 200:
        raise BenchmarkError(
            f"{side.address} answered {answer.status}: {text[:500].decode(errors='replace')}"
        )
    return seconds


def _load(side: Side, folder: Path) -> float | None:
    """Return the milliseconds of a query when *CALLERS* ask without a pause, each as soon as it is answered."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("  there is no wrk, so throughput is left out: apt install wrk", file=sys.stderr)
        return None
    script = folder / "post.lua"
    script.write_text(
        f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[{side.body}]==]\n'
    )
    options = ["--threads", "1", "--connections", str(CALLERS), "--duration", f"{LOAD_SECONDS}s"]
    command = [wrk, *options, "--script", str(script), f"http://{side.netloc}{side.path}"]
    said = run_timed(command, folder=folder).out
    rate = re.search(r"Requests/sec: +([0-9.]+)", said)
    if rate is None or "Non-2xx" in said:
        raise BenchmarkError(f"{side.address} did not answer all of wrk's queries:\n{said}")
    return 1_000 / float(rate[1])
