"""The server: the portal and the preview host, started by module name and stopped together."""

from __future__ import annotations

import logging
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

from greenroom_pipeline.background import in_background
from greenroom_pipeline.errors import GreenroomError, ServeError
from greenroom_pipeline.events.worker import working
from greenroom_pipeline.forge.registration import read_registration
from greenroom_pipeline.places import Places
from greenroom_pipeline.previews import host_limits, runtime_choice, sweep
from greenroom_pipeline.project import Project
from greenroom_services.errors import HostAbsent, HostError
from greenroom_services.host.folder import Endpoints
from greenroom_services.host.launch import HostProcess, launch_host
from greenroom_services.host.names import Entrance

_log = logging.getLogger(__name__)
_SWEEP = 300.0
_START = 60.0
_POLL = 0.05
_GRACE = 10.0
LOOPBACK_ENTRANCE = Entrance()


@dataclass(frozen=True)
class Addresses:
    """Where the front listens."""

    portal: str
    api: str | None


@dataclass(frozen=True)
class Server:
    portal: str
    """Address of the portal, such as http://127.0.0.1:8501."""
    previews: Endpoints
    api: str | None
    """Address of the API alone, which a reverse proxy hands on to; None for a server without a public name."""
    public: str | None
    """The public address that the proxy answers."""
    parts: Mapping[str, tuple[subprocess.Popen[bytes], Path]]
    """Each process with its log."""

    def watch(self, stop: threading.Event) -> None:
        """Wait until *stop* is set; `ServeError` when a part ends before."""
        while not stop.wait(0.2):
            for name, (process, log) in self.parts.items():
                _require_running(name, process, log)


@contextmanager
def serving(
    project: Project,
    *,
    host: str,
    port: int,
    api_port: int = 0,
    entrance: Entrance = LOOPBACK_ENTRANCE,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Server]:
    """Run the preview host and the portal while the context is open; a port of 0 is a free one."""
    places = project.places
    previews = _launch_host(project, entrance)
    try:
        with (
            sweeping(project),
            working(places),
            _portal(places, host=host, ports=(port, api_port), environ=environ) as (process, log, addresses),
        ):
            parts = {"preview host": (previews.process, previews.log), "portal": (process, log)}
            registration = read_registration(places.home)
            public = registration.server if registration else None
            yield Server(addresses.portal, previews.endpoints, addresses.api, public, parts)
    finally:
        previews.stop()


@contextmanager
def sweeping(project: Project) -> Iterator[None]:
    """Remove the previews of closed pull requests, now and every few minutes: whoever closed them told nobody."""

    def sweep_regularly(stop: threading.Event) -> None:
        sweep_previews(project)
        while not stop.wait(_SWEEP):
            sweep_previews(project)

    with in_background(sweep_regularly):
        yield


def sweep_previews(project: Project) -> None:
    """Sweep once; what keeps it from that is logged, and the next one may succeed."""
    try:
        removed = sweep(project)
    except (GreenroomError, HostAbsent) as error:
        _log.warning("the previews were not swept: %s", error)
    else:
        if removed:
            slots = ", ".join(state.slot for state in removed)
            _log.info("removed the previews of closed pull requests: %s", slots)


def _launch_host(project: Project, entrance: Entrance) -> HostProcess:
    places, table = project.places, project.settings.preview
    try:
        return launch_host(
            places.host,
            cache=places.environments,
            entrance=entrance,
            limits=host_limits(table),
            runtime=runtime_choice(table),
        )
    except HostError as error:
        raise ServeError(str(error), log=error.log) from error


@contextmanager
def _portal(
    places: Places, *, host: str, ports: tuple[int, int], environ: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path, Addresses]]:
    address, log = places.home / "portal.address", places.home / "portal.log"
    address.unlink(missing_ok=True)
    port, api_port = map(str, ports)
    command = [sys.executable, "-P", "-m", "greenroom_portal.front"]
    options = ["--host", host, "--port", port, "--api-port", api_port, "--address-file", str(address)]
    settings = {
        "GREENROOM_REPOSITORY": str(places.repository),
        "GREENROOM_HOME": str(places.home),
        "GREENROOM_CACHE": str(places.cache),
        "MLFLOW_TRACKING_URI": places.tracking_uri,
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, *options],
            env=dict(environ) | settings,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal reaches this process alone, which then stops its parts in order.
            start_new_session=True,
        )
    try:
        yield process, log, _await_addresses(address, process, log)
    finally:
        _stop(process)
        address.unlink(missing_ok=True)


def _await_addresses(file: Path, process: subprocess.Popen[bytes], log: Path) -> Addresses:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if file.exists():
            portal, *others = file.read_text().split()
            return Addresses(portal, next(iter(others), None))
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
