"""Commands, timed from their start until they end or, for servers, until they have answered."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_START = 120.0
_POLL = 0.02
_GRACE = 20.0


class BenchmarkError(Exception):
    """Something that was to be timed did not work."""


@dataclass(frozen=True)
class Ended:
    seconds: float
    out: str


def settle(environ: dict[str, str] | os._Environ[str]) -> None:
    """Set what holds for every process of the benchmark: compiled modules, and nothing that calls home."""
    for name in ("PYTHONDONTWRITEBYTECODE", "GREENROOM_HOME", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"):
        environ.pop(name, None)
    environ["UV_COMPILE_BYTECODE"] = "1"
    environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    environ["BENTOML_DO_NOT_TRACK"] = "true"


def run_timed(
    command: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    fine: Sequence[int] = (0,),
) -> Ended:
    """Run *command* in *folder* to its end; `BenchmarkError` unless its exit status is a *fine* one."""
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode not in fine:
        raise BenchmarkError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return Ended(seconds, done.stdout)


def time_server(
    command: Sequence[str],
    *,
    folder: Path,
    row: Mapping[str, Any],
    variables: Mapping[str, str] | None = None,
) -> float:
    """Return the seconds from the start of a BentoML server until it has answered one row, then stop it."""
    start = time.perf_counter()
    with serving(command, folder=folder, row=row, variables=variables):
        return time.perf_counter() - start


@contextmanager
def serving(
    command: Sequence[str],
    *,
    folder: Path,
    row: Mapping[str, Any],
    variables: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run a BentoML server that has answered one row, and give its address."""
    port = find_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env={**os.environ, **(variables or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _ask(process, f"http://127.0.0.1:{port}", row)
            yield f"http://127.0.0.1:{port}"
        except BenchmarkError as error:
            log.seek(0)
            raise BenchmarkError(f"{' '.join(command)}: {error}\n{log.read().decode()[-2000:]}") from None
        finally:
            _stop(process)


def _ask(process: subprocess.Popen[bytes], address: str, row: Mapping[str, Any]) -> None:
    # One client, since making one costs more than a question does.
    with httpx.Client(base_url=address, timeout=_START) as client:
        await_ready(process, client, "/readyz")
        answer = client.post("/predict", content=json.dumps({"rows": [dict(row)]}), headers=_JSON)
        if answer.status_code != httpx.codes.OK:
            raise BenchmarkError(f"it answered {answer.status_code}: {answer.text[:500]}")


_JSON = {"content-type": "application/json"}


def await_ready(process: subprocess.Popen[bytes], client: httpx.Client, path: str) -> None:
    """Return once a server answers *path* with 200; `BenchmarkError` when it ends or does not within its time."""
    deadline = time.monotonic() + _START
    while not _is_ready(client, path):
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchmarkError("it did not get ready")
        time.sleep(_POLL)


def _is_ready(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server with its workers."""
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
