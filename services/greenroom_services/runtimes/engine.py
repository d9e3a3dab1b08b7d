"""A container engine as its command line has it: podman or docker, whichever a host names."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from greenroom_services.errors import HostError

EngineName = Literal["podman", "docker"]
CALL_SECONDS = 60.0
LOG_CHARACTERS = 8_000


@dataclass(frozen=True)
class Engine:
    """The program *path*, which is that of *name*."""

    name: EngineName
    path: str
    rootless: bool = False
    """Whether root in a container is not root here."""

    def call(self, *arguments: str, folder: Path = Path("/"), timeout: float = CALL_SECONDS) -> str:
        """Return what the command prints, or raise `HostError` with the line that names the error."""
        try:
            done = subprocess.run(
                [self.path, *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise HostError(
                f"{self.name} {arguments[0]} took longer than {timeout:g} seconds; see whether {self.name} works"
            ) from None
        if done.returncode != 0:
            said = _find_error(done.stderr) or f"exit status {done.returncode}"
            raise HostError(f"{self.name} {arguments[0]} failed: {said}", log=done.stderr[-LOG_CHARACTERS:])
        return done.stdout.strip()


def find_engine(name: EngineName) -> Engine:
    """Return the engine of that name on this machine; `HostError` when it is not installed, or does not work."""
    path = shutil.which(name)
    if path is None:
        raise HostError(
            f"there is no {name} on this machine; install it, or set preview.runtime to 'process'"
        )
    engine = Engine(name, path)
    if name == "podman":
        return replace(engine, rootless=os.geteuid() != 0)
    return replace(engine, rootless="rootless" in engine.call("info", "--format", "{{.SecurityOptions}}"))


def describe_engine(name: EngineName) -> str:
    """Say what a container of that engine's is in; `HostError` when there can be none."""
    engine = find_engine(name)
    engine.call("info")
    return f"{engine.path}, {'without root' if engine.rootless else 'as root'}"


def _find_error(said: str) -> str:
    """Return the last line about an error: warnings come before it, and advice after."""
    lines = said.strip().splitlines()
    return next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "")
