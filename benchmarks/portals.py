"""Greenroom's portal and an empty Streamlit app, each served in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.processes import BenchmarkError

EMPTY_APP = 'import streamlit as st\n\nst.markdown("Nothing here.")\n'
_START = 120.0
_POLL = 0.05


@contextmanager
def serve_portal(repository: Path) -> Iterator[str]:
    """Serve the portal of the project in *repository*, and give its address."""
    port = _find_port()
    command = ["-m", "greenroom_portal.front", "--port", str(port), "--api-port", "0"]
    with _serve([sys.executable, *command], folder=repository, port=port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serve_empty(folder: Path) -> Iterator[str]:
    """Serve an app of one sentence by `streamlit run`, and give its address."""
    script, port = folder / "empty.py", _find_port()
    script.write_text(EMPTY_APP)
    options = ("--server.headless=true", "--browser.gatherUsageStats=false", "--server.fileWatcherType=none")
    command = ["-m", "streamlit", "run", str(script), f"--server.port={port}", *options]
    with _serve([sys.executable, *command], folder=folder, port=port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _serve(command: Sequence[str], *, folder: Path, port: int) -> Iterator[None]:
    variables = {**os.environ, "GREENROOM_REPOSITORY": str(folder)}
    process = subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await_health(process, port)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _await_health(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START
    while not _is_healthy(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchmarkError(f"{process.args!r} did not get ready")
        time.sleep(_POLL)


def _is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_stcore/health").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
