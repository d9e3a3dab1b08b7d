"""Previews as plain subprocesses of the host, each in its model's environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from greenroom_services.runtimes.runtime import PreviewSpec, Usage
from greenroom_services.sandbox import Sandboxed, launch, tail

SCRIPT = Path(__file__).parent.with_name("preview_script.py")


@dataclass(frozen=True)
class PreviewProcess:
    """A preview in a process group of its own."""

    socket: Path
    sandboxed: Sandboxed

    def alive(self) -> bool:
        return self.sandboxed.alive()

    def stop(self, *, grace: float = 0) -> None:
        self.sandboxed.stop(grace=grace)

    def log(self) -> str:
        return tail(self.sandboxed.log)

    def usage(self) -> Usage | None:
        return None


class ProcessRuntime:
    def start(self, spec: PreviewSpec) -> PreviewProcess:
        home = spec.folder / "home"
        home.mkdir(mode=0o700)
        socket = spec.folder / "s"
        sandboxed = launch(
            SCRIPT,
            str(spec.bento),
            str(socket),
            environment=spec.environment,
            folder=home,
            log=spec.log,
        )
        return PreviewProcess(socket, sandboxed)

    def close(self) -> None:
        return None
