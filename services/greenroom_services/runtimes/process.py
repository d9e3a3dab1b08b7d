"""Previews as forks of a process that has imported already what they need: one for each environment."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenroom_services.environments import Environment
from greenroom_services.runtimes.forkserver import KEEPER, ROOM, Fork, ForkServer
from greenroom_services.runtimes.piped_log import PipedLog
from greenroom_services.runtimes.runtime import KILLED, KILLED_STATUS, Limits, PreviewSpec, Usage
from greenroom_services.runtimes.usage import find_process, measure
from greenroom_services.runtimes.walls import Walls, find_walls
from greenroom_services.sandbox import scrubbed_environ, tail

WAITING = 128
KILL_SECONDS = 10.0
LAST_WORDS_SECONDS = 1.0


@dataclass(eq=False)
class PreviewProcess:
    """A preview in its fork."""

    socket: Path
    piped: PipedLog
    server: ForkServer
    fork: Fork
    _pid: int | None = field(default=None, init=False)
    _stopped: bool = field(default=False, init=False)

    def alive(self) -> bool:
        return not self.fork.ended.is_set()

    def stop(self, *, grace: float = 0) -> None:
        self._stopped = True
        if grace and self.alive():
            self.server.terminate(self.fork)
            self.fork.ended.wait(grace)
        if self.alive():
            self.server.kill(self.fork)
            # One that does not hear takes its previews along.
            if not self.fork.ended.wait(KILL_SECONDS):
                self.server.close()
        self.piped.finish(timeout=LAST_WORDS_SECONDS)
        self.socket.unlink(missing_ok=True)

    def log(self) -> str:
        if not self.alive():
            self.piped.finish(timeout=LAST_WORDS_SECONDS)
        said = tail(self.piped.path) or ("" if self.server.alive() else self.server.log())
        # What a preview cannot say itself.
        return said + (KILLED if self.fork.status == KILLED_STATUS and not self._stopped else "")

    def usage(self) -> Usage | None:
        if self._pid is None and self.fork.pid is not None:
            self._pid = find_process(self.server.process.pid, self.fork.pid)
        return measure(self._pid) if self._pid is not None and self.alive() else None


class ProcessRuntime:
    """Starts previews behind the strongest *walls* that the machine has.

    *shown* are the folders below which all Bentos are, which others than their owner may read. At most *kept*
    forkservers without a preview stay ready.
    """

    def __init__(self, *, shown: Sequence[Path], walls: Walls | None = None, kept: int = 3) -> None:
        self.walls = walls or find_walls()
        self._shown = shown
        self._kept = kept
        self._lock = threading.Lock()
        self._servers: dict[Path, ForkServer] = {}
        self._logs = tempfile.TemporaryDirectory(prefix="gr-forkservers-")

    def start(self, spec: PreviewSpec) -> PreviewProcess:
        server = self._server(spec.environment)
        path = spec.folder / "s"
        log = PipedLog(spec.log)
        with _listen(path) as listener, log.writing() as sink:
            fork = server.start(self._order(spec, server), listener=listener, log=sink)
        return PreviewProcess(path, log, server, fork)

    def close(self) -> None:
        with self._lock:
            for server in self._servers.values():
                server.close()
            self._servers.clear()
        self._logs.cleanup()

    def _order(self, spec: PreviewSpec, server: ForkServer) -> dict[str, Any]:
        walled = self.walls.namespaces
        return {
            "bento": f"{ROOM}/bento" if walled else str(spec.bento),
            "bento_source": str(spec.bento),
            "environ": _walled_environ(spec) if walled else _open_environ(spec, server),
            "hide": [*server.hidden, KEEPER],
            "limits": _name_limits(spec.limits),
            "room": ROOM,
            "scratch": server.scratch(),
            "user": _number_user(spec.user, self.walls),
        }

    def _server(self, environment: Environment) -> ForkServer:
        with self._lock:
            server = self._servers.pop(environment.path, None)
            if server is not None and not server.alive():
                server.close()
                server = None
            if server is None:
                log = Path(self._logs.name) / f"{environment.path.name}.log"
                server = ForkServer(environment, walls=self.walls, shown=self._shown, log=log)
            # The one that was asked for last stands last.
            self._servers[environment.path] = server
            self._retire()
            return server

    def _retire(self) -> None:
        """End the forkservers that have been idle for longest; the one that was asked for last is not."""
        idle = [path for path, server in list(self._servers.items())[:-1] if not server.busy()]
        for path in idle[: max(0, len(idle) - self._kept)]:
            self._servers.pop(path).close()


def _walled_environ(spec: PreviewSpec) -> dict[str, str]:
    environ = scrubbed_environ(spec.environment, folder=Path(ROOM, "home"))
    # Not in a home that the candidate may fill: these files are mapped, and a full disk is a signal then.
    return {**environ, "PROMETHEUS_MULTIPROC_DIR": "/dev/shm/metrics"}


def _open_environ(spec: PreviewSpec, server: ForkServer) -> dict[str, str]:
    """Make a home on disk, for want of one in memory."""
    home = spec.folder / "home"
    home.mkdir(mode=0o700)
    if server.user is not None:
        os.chown(home, server.user, server.user)
        spec.folder.chmod(0o711)
    return scrubbed_environ(spec.environment, folder=home)


def _number_user(number: int, walls: Walls) -> int | None:
    """Return the user that a preview becomes inside, where root is of the forkserver's own making."""
    if not walls.namespaces or walls.users is None:
        return None
    return 1 + number % (walls.users.count - 1)


def _name_limits(limits: Limits) -> dict[str, int]:
    """Return the limits by the names that the kernel has for them."""
    return {
        "DATA": limits.memory,
        "NOFILE": limits.open_files,
        "NPROC": limits.processes,
        "FSIZE": limits.file_bytes,
    }


def _listen(path: Path) -> socket.socket:
    """Return a socket that callers may connect to already: they wait until the preview answers."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(WAITING)
    return listener
