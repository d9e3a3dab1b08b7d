"""Previews against `bentoml serve` of the same Bento: how long one takes to answer, and what many take of memory."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import psutil

from benchmarks.processes import serving, time_server
from benchmarks.results import Result, compare
from benchmarks.sample import NAME, Sample, make_sample
from greenroom_pipeline.places import find_places
from greenroom_services.client import HostClient
from greenroom_services.host.launch import temporary_host
from greenroom_services.host.limits import HostLimits
from greenroom_services.sandbox import scrubbed_environ

GIB = 2**30
AWAKE = (1, 5, 20)
WAKES = 5
SHA = "0" * 40


def bench_previews(rounds: int) -> list[Result]:
    """Measure the wakes of a preview and starts of `bentoml serve` in turn, then the memory of 1, 5 and 20 of each."""
    with tempfile.TemporaryDirectory(prefix="greenroom-bench-") as name:
        folder = Path(name)
        cache = find_places(folder, os.environ).environments
        sample = make_sample(folder, cache=cache)
        with temporary_host(folder / "host", cache=cache, limits=HostLimits(max_awake=max(AWAKE))) as host:
            results = [_compare_starts(host.client, sample, folder, rounds)]
            ours = {count: _measure_previews(host.client, host.process.pid, sample, count) for count in AWAKE}
        theirs = {count: _measure_servers(sample, folder, count) for count in AWAKE}
    return results + [
        compare(
            f"GiB of memory for {count} awake",
            [ours[count]],
            [theirs[count]],
            target=0.25 if count == max(AWAKE) else None,
        )
        for count in AWAKE
    ]


def _compare_starts(client: HostClient, sample: Sample, folder: Path, rounds: int) -> Result:
    _deploy(client, sample, "1")
    wakes, starts = [], []
    for _ in range(rounds):
        wakes += [_time_wake(client, sample) for _ in range(WAKES)]
        starts.append(
            time_server(_command(sample), folder=folder, row=sample.row, variables=_environ(sample, folder))
        )
    return compare("wake a sleeping preview, first answer included", wakes, starts, target=0.08)


def _time_wake(client: HostClient, sample: Sample) -> float:
    client.sleep(NAME, "1")
    start = time.perf_counter()
    client.predict(NAME, "1", [sample.row])
    return time.perf_counter() - start


def _measure_previews(client: HostClient, host: int, sample: Sample, count: int) -> float:
    """Return the GiB of the host with all that it has started, *count* previews awake and asked once."""
    for slot in map(str, range(1, count + 1)):
        _deploy(client, sample, slot)
        client.predict(NAME, slot, [sample.row])
    return _measure(host)


def _measure_servers(sample: Sample, folder: Path, count: int) -> float:
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(
                serving(_command(sample), folder=folder, row=sample.row, variables=_environ(sample, folder))
            )
        return _measure(os.getpid()) - psutil.Process().memory_full_info().pss / GIB


def _measure(pid: int) -> float:
    """Return the GiB that a process and its descendants take, what they share counted once (PSS)."""
    process = psutil.Process(pid)
    each = (process, *process.children(recursive=True))
    return sum(one.memory_full_info().pss for one in each) / GIB


def _deploy(client: HostClient, sample: Sample, slot: str) -> None:
    client.deploy(
        NAME,
        slot,
        bento=sample.bento,
        requirements=sample.requirements,
        sha=SHA,
        model=sample.digest,
        probe=sample.row,
    )


def _command(sample: Sample) -> list[str]:
    return [
        str(sample.environment.python),
        "-m",
        "bentoml",
        "serve",
        str(sample.bento),
        "--host",
        "127.0.0.1",
    ]


def _environ(sample: Sample, folder: Path) -> Mapping[str, str]:
    return scrubbed_environ(sample.environment, folder=folder)
