"""Starts a preview host as a process of its own, and stops it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from greenroom_services.client import HostClient, host_running
from greenroom_services.errors import HostError
from greenroom_services.host.folder import Endpoints, HostFolder
from greenroom_services.host.limits import HostLimits, to_option
from greenroom_services.host.names import Entrance
from greenroom_services.runtimes.choice import RuntimeChoice
from greenroom_services.sandbox import tail

POLL_SECONDS = 0.02
STOP_SECONDS = 20.0
ENTRANCE = Entrance()


@dataclass(frozen=True)
class HostProcess:
    """A host that this process started, and that ends with it."""

    process: subprocess.Popen[bytes]
    client: HostClient
    endpoints: Endpoints
    log: Path

    def stop(self) -> None:
        """Let the host stop its previews and end."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        _end(self.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def launch_host(
    state: Path,
    *,
    cache: Path,
    entrance: Entrance = ENTRANCE,
    limits: HostLimits | None = None,
    runtime: RuntimeChoice | None = None,
    timeout: float = 30,
    transient: bool = False,
) -> HostProcess:
    """Start a host on the folder *state* and return once it answers; what it prints goes to `host.log` there.

    A *transient* one wakes nothing by itself, and its endpoints say so. Raises `HostError` with
    the log when it does not come up within *timeout* seconds.
    """
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = state / "host.log"
    command = [sys.executable, "-P", "-m", "greenroom_services.host", "--attached"]
    command += ["--state", str(state), "--cache", str(cache), *_name_entrance(entrance)]
    command += ["--limits", to_option(limits or HostLimits())]
    chosen = runtime or RuntimeChoice()
    command += ["--runtime", chosen.name, "--image", chosen.image]
    command += ["--transient"] if transient else []
    with log.open("ab") as sink:
        # Its own session, so that Ctrl-C reaches it through us and previews are stopped in order.
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
        )
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        found = HostFolder(state).endpoints()
        if found is not None and found.pid == process.pid and host_running(state):
            return HostProcess(process, HostClient(state), found, log)
        time.sleep(POLL_SECONDS)
    _end(process)
    lines = tail(log).strip().splitlines() or ["it printed nothing"]
    raise HostError(f"the preview host did not start: {lines[-1]}", log=tail(log))


def _name_entrance(entrance: Entrance) -> list[str]:
    options = ["--gateway-host", entrance.host, "--gateway-port", str(entrance.port)]
    options += ["--gateway-name", entrance.name] if entrance.name else []
    return options + (["--preview-domain", entrance.preview_domain] if entrance.preview_domain else [])


@contextmanager
def temporary_host(
    state: Path,
    *,
    cache: Path,
    limits: HostLimits | None = None,
    runtime: RuntimeChoice | None = None,
) -> Iterator[HostProcess]:
    """Run a host on the folder *state* for as long as the block lasts; it wakes nothing by itself.

    What is deployed to it, the next host on the folder has, too.
    """
    host = launch_host(state, cache=cache, limits=limits, runtime=runtime, transient=True)
    try:
        yield host
    finally:
        host.stop()
