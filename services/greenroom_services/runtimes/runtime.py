"""The seam: what the preview host asks of whatever runs a preview."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from greenroom_services.environments import Environment

MIB = 2**20
KILLED_STATUS = 128 + signal.SIGKILL
KILLED = "the preview was killed, as one is that takes more memory than it may\n"


@dataclass(frozen=True)
class Limits:
    """What one preview may use; a runtime says in `holds` which of these the machine enforces."""

    memory: int = 2_048 * MIB
    """Bytes of all its processes; the host ends it beyond them, where the runtime has not."""
    open_files: int = 1_024
    processes: int = 128
    """Threads count, too."""
    file_bytes: int = 256 * MIB
    """Largest single file that it may write."""
    cpus: float = 1.0
    """Of containers; processes share all there are, after everybody else."""


@dataclass(frozen=True)
class PreviewSpec:
    """What to run: *bento* is the Bento's folder, *folder* a private one that is the preview's alone."""

    bento: Path
    environment: Environment
    folder: Path
    log: Path
    """Where what it prints is appended; the host keeps it short."""
    user: int = 0
    """Number of the slot, 0 to 65,000: previews of different numbers run as different users where they can."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Usage:
    """What a preview uses now, with all processes that it has started."""

    memory: int
    """Bytes that are its alone: what others share with it is not counted."""
    cpu_seconds: float
    processes: int


class RunningPreview(Protocol):
    """A preview that was started, whether or not it answers yet."""

    @property
    def socket(self) -> Path:
        """The Unix socket on which it answers HTTP once it is ready."""
        ...

    def alive(self) -> bool: ...

    def stop(self, *, grace: float = 0) -> None:
        """End it and all that it started; within *grace* seconds it may finish what it is answering."""
        ...

    def log(self) -> str:
        """Return the last lines that it wrote, also after its end."""
        ...

    def usage(self) -> Usage | None:
        """Return what it uses now; None once it has ended."""
        ...


class Runtime(Protocol):
    def start(self, spec: PreviewSpec) -> RunningPreview:
        """Start a preview and return at once; it ends with the calling process at the latest."""
        ...

    def close(self) -> None:
        """End everything that the runtime keeps ready; previews have been stopped before."""
        ...
