"""Previews as containers of podman or docker: for hosts that want stronger walls than a process has."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from greenroom_services.environments import held
from greenroom_services.errors import HostError
from greenroom_services.runtimes.container import SOCKET, describe
from greenroom_services.runtimes.engine import Engine
from greenroom_services.runtimes.runtime import KILLED, KILLED_STATUS, PreviewSpec, Usage
from greenroom_services.runtimes.usage import measure
from greenroom_services.sandbox import tail

HOST_LABEL = "greenroom.host"
RUN_LABEL = "greenroom.run"
# The image may have to be fetched first.
RUN_SECONDS = 600.0
LISTEN_SECONDS = 30.0
POLL_SECONDS = 0.01
# Waits until the host has gone, however it ended, and removes what it has left running; then once more, for
# a container that was just being made.
REAPER = """
cat >/dev/null
for pause in 0 3; do
  sleep $pause
  left=$("$1" ps --all --quiet --filter "label=$2")
  [ -z "$left" ] || "$1" rm --force --volumes $left
done
"""


@dataclass(eq=False)
class PreviewContainer:
    """A preview in the container *name*, whose first process is *pid* here; closing *kept* removes it."""

    engine: Engine
    name: str
    pid: int
    socket: Path
    log_file: Path
    kept: ExitStack
    _born: str | None = field(init=False)
    _ending: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        # Another process may get the same number later, but not the same beginning.
        self._born = _read_birth(self.pid)

    def alive(self) -> bool:
        return self._born is not None and _read_birth(self.pid) == self._born

    def stop(self, *, grace: float = 0) -> None:
        if grace and self.alive():
            with suppress(HostError):
                self.engine.call("stop", "-t", str(round(grace)), self.name)
        elif not self.alive():
            self._note_ending()
        self.kept.close()
        self._ending = self._ending or ""
        self.socket.unlink(missing_ok=True)

    def log(self) -> str:
        if not self.alive():
            self._note_ending()
        return tail(self.log_file) + (self._ending or "")

    def usage(self) -> Usage | None:
        return measure(self.pid) if self.alive() else None

    def _note_ending(self) -> None:
        """Keep what a preview cannot say itself: that it was killed."""
        if self._ending is None:
            with suppress(HostError):
                self._ending = KILLED if self.engine.call("wait", self.name) == str(KILLED_STATUS) else ""


class OciRuntime:
    """Starts each preview in a container of *image*, which needs a C library like this machine's.

    *owner* stands for this host and no other: what an earlier one of that name has left behind is removed. Raises
    `HostError` when the engine does not work.
    """

    def __init__(self, engine: Engine, *, image: str, owner: str) -> None:
        self._engine = engine
        self._image = image
        self._host, self._run = f"{HOST_LABEL}={owner}", f"{RUN_LABEL}={secrets.token_hex(8)}"
        self._remove_labelled(self._host)
        self._reaper = subprocess.Popen(
            ["/bin/sh", "-c", REAPER, "reaper", engine.path, self._run],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def start(self, spec: PreviewSpec) -> PreviewContainer:
        name = f"greenroom-{secrets.token_hex(8)}"
        spec.log.touch(mode=0o600)
        options = ["--detach", "--name", name, "--label", self._host, "--label", self._run]
        with ExitStack() as stack:
            stack.enter_context(held(spec.environment))
            stack.callback(remove, self._engine, [name])
            described = describe(spec, engine=self._engine, image=self._image)
            # Podman's monitor leaves a file where it was started when the kernel ends a preview for its memory.
            self._engine.call("run", *options, *described, folder=spec.folder, timeout=RUN_SECONDS)
            pid = int(self._engine.call("inspect", "--format", "{{.State.Pid}}", name))
            kept = stack.pop_all()
        preview = PreviewContainer(self._engine, name, pid, spec.folder / SOCKET, spec.log, kept)
        _await_socket(preview)
        return preview

    def close(self) -> None:
        self._remove_labelled(self._run)
        os.killpg(self._reaper.pid, signal.SIGKILL)
        self._reaper.wait()
        assert self._reaper.stdin is not None
        self._reaper.stdin.close()

    def _remove_labelled(self, label: str) -> None:
        listed = self._engine.call("ps", "--all", "--quiet", "--filter", f"label={label}")
        remove(self._engine, listed.split())


def remove(engine: Engine, names: Sequence[str]) -> None:
    """End and remove containers; one that is not there is none too many."""
    if names:
        with suppress(HostError):
            engine.call("rm", "--force", "--volumes", *names)


def _await_socket(preview: PreviewContainer) -> None:
    """Wait until callers may connect, as with every runtime; one that ends before says why in its log."""
    deadline = time.monotonic() + LISTEN_SECONDS
    while preview.alive() and not preview.socket.exists() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _read_birth(pid: int) -> str | None:
    """Return when the process began, in the kernel's own count; None once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return fields[19] if fields[0] not in "ZX" else None
