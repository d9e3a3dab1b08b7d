"""Greenroom's portal and an empty Streamlit app, each served in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.processes import await_ready, find_port

EMPTY_APP = 'import streamlit as st\n\nst.markdown("Nothing here.")\n'


@contextmanager
def serve_portal(repository: Path) -> Iterator[str]:
    """Serve the portal of the project in *repository*, and give its address."""
    port = find_port()
    command = ["-m", "greenroom_portal.front", "--port", str(port), "--api-port", "0"]
    with _serve([sys.executable, *command], folder=repository, port=port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serve_empty(folder: Path) -> Iterator[str]:
    """Serve an app of one sentence by `streamlit run`, and give its address."""
    script, port = folder / "empty.py", find_port()
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
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            await_ready(process, client, "/_stcore/health")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
