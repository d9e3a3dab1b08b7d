"""Plain `bentoml serve`, as anyone would run a Bento, in a clean environment."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from greenroom_services.environments import Environment
from greenroom_services.sandbox import scrubbed_environ


@contextmanager
def bentoml_serving(bento: Path, *, environment: Environment, folder: Path) -> Iterator[httpx.Client]:
    """Serve the Bento on a free port; its log is held to be without a traceback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(environment.python), "-m", "bentoml", "serve", str(bento), "--host", "127.0.0.1"]
    log = folder / "bentoml.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env=scrubbed_environ(environment, folder=folder),
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120)
    try:
        _await(client, process, log)
        yield client
    finally:
        client.close()
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert "Traceback" not in log.read_text()


def _await(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not _is_ready(client):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
