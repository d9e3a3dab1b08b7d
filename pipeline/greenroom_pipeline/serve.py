"""The server: the portal and the preview host, started by module name and stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from greenroom_pipeline.errors import ServeError
from greenroom_pipeline.places import Places
from greenroom_services.errors import HostError
from greenroom_services.host.launch import HostProcess, launch_host
from greenroom_services.host.names import Entrance

_START = 60.0
_POLL = 0.05
_GRACE = 10.0
LOOPBACK_ENTRANCE = Entrance()


@dataclass(frozen=True)
class Server:
    portal: str
    """Address of the portal, such as http://127.0.0.1:8501."""
    parts: Mapping[str, tuple[subprocess.Popen[bytes], Path]]
    """Each process with its log."""

    def watch(self, stop: threading.Event) -> None:
        """Wait until *stop* is set; `ServeError` when a part ends before."""
        while not stop.wait(0.2):
            for name, (process, log) in self.parts.items():
                _require_running(name, process, log)


@contextmanager
def serving(
    places: Places,
    *,
    host: str,
    port: int,
    entrance: Entrance = LOOPBACK_ENTRANCE,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Server]:
    """Run the preview host and the portal while the context is open; *port* 0 takes a free one."""
    previews = _launch_host(places, entrance)
    try:
        with _portal(places, host=host, port=port, environ=environ) as (process, log, address):
            parts = {"preview host": (previews.process, previews.log), "portal": (process, log)}
            yield Server(address, parts)
    finally:
        previews.stop()


def _launch_host(places: Places, entrance: Entrance) -> HostProcess:
    try:
        return launch_host(places.host, cache=places.environments, entrance=entrance)
    except HostError as error:
        raise ServeError(str(error), log=error.log) from error


@contextmanager
def _portal(
    places: Places, *, host: str, port: int, environ: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path, str]]:
    address, log = places.home / "portal.address", places.home / "portal.log"
    address.unlink(missing_ok=True)
    command = [sys.executable, "-P", "-m", "greenroom_portal.front", "--host", host, "--port", str(port)]
    settings = {
        "GREENROOM_REPOSITORY": str(places.repository),
        "GREENROOM_HOME": str(places.home),
        "GREENROOM_CACHE": str(places.cache),
        "MLFLOW_TRACKING_URI": places.tracking_uri,
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--address-file", str(address)],
            env=dict(environ) | settings,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal reaches this process alone, which then stops its parts in order.
            start_new_session=True,
        )
    try:
        yield process, log, _await_address(address, process, log)
    finally:
        _stop(process)
        address.unlink(missing_ok=True)


def _await_address(address: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if address.exists():
            return address.read_text().strip()
        _require_running("portal", process, log)
        time.sleep(_POLL)
    raise ServeError(f"the portal did not start within {_START:g} s; its log is {log}")


def _require_running(name: str, process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is None:
        return
    lines = log.read_text(errors="replace").strip().splitlines()
    said = lines[-1].removeprefix("error: ") if lines else f"exit status {process.returncode}"
    raise ServeError(f"the {name} does not run: {said}", log="\n".join(lines[-40:]))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
