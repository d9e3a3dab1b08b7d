"""The seam: what the preview host asks of whatever runs a preview."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from greenroom_services.environments import Environment


@dataclass(frozen=True)
class PreviewSpec:
    """What to run: *bento* is the Bento's folder, *folder* a private one that is the preview's alone."""

    bento: Path
    environment: Environment
    folder: Path


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


class Runtime(Protocol):
    def start(self, spec: PreviewSpec) -> RunningPreview:
        """Start a preview and return at once; it ends with the calling process at the latest."""
        ...
