"""How every script that loads a candidate is started: no secrets, a private folder, a group to kill."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from greenroom_services.environments import Environment

LIFELINE = Path(__file__).with_name("lifeline.py")
TAIL_BYTES = 8_000
LOG_BYTES = 10 * 2**20
KEPT_BYTES = 2**20
LOG_CHECK_SECONDS = 0.25
CUT = "… earlier lines were cut, since the log grew too long\n".encode()


@dataclass(frozen=True)
class Sandboxed:
    """A process that was started with `launch`, in a session of its own."""

    process: subprocess.Popen[bytes]
    log: Path
    stopped: threading.Event

    def alive(self) -> bool:
        return self.process.poll() is None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status; `subprocess.TimeoutExpired` when it still runs after *timeout* seconds."""
        return self.process.wait(timeout)

    def stop(self, *, grace: float = 0) -> None:
        """End the process and all that it started; it may use *grace* seconds to end by itself."""
        if grace and self.alive():
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
        # The group outlives its leader when the candidate started processes of its own.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.stopped.set()
        if self.process.stdin is not None:
            self.process.stdin.close()


def launch(script: Path, *arguments: str, environment: Environment, folder: Path, log: Path) -> Sandboxed:
    """Run *script* with the environment's Python in the private *folder*; what it prints goes to *log*.

    The process group ends when this process does, however it ends.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environ = scrubbed_environ(environment, folder=folder)
    for name in ("TMPDIR", "PROMETHEUS_MULTIPROC_DIR"):
        Path(environ[name]).mkdir(mode=0o700, parents=True, exist_ok=True)
    command: Sequence[str] = [str(environment.python), "-I", str(LIFELINE), str(script), *arguments]
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    sandboxed = Sandboxed(process, log, threading.Event())
    threading.Thread(target=_bound, args=(log, sandboxed.stopped), daemon=True).start()
    return sandboxed


def _bound(log: Path, stopped: threading.Event) -> None:
    """Cut *log* whenever it has grown too long, so that what a candidate prints cannot fill the disk."""
    while not stopped.wait(LOG_CHECK_SECONDS):
        with suppress(OSError):
            if log.stat().st_size > LOG_BYTES:
                shorten(log)


def shorten(log: Path) -> None:
    """Leave only the last lines of *log*, in place: what writes to it appends, and goes on."""
    kept = tail(log, size=KEPT_BYTES).encode()
    with log.open("ab") as file:
        file.truncate(0)
        file.write(CUT + kept)


def scrubbed_environ(environment: Environment, *, folder: Path) -> dict[str, str]:
    """Return all the variables that a candidate sees: made from nothing, so no secret is among them."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        "PATH": f"{environment.path / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "BENTOML_HOME": str(folder / "bentoml"),
        # Where BentoML itself has it; without it /metrics does not answer.
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "bentoml" / "prometheus_multiproc_dir"),
        "BENTOML_DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONUNBUFFERED": "1",
        # One thread everywhere: previews share the machine, and scoring rounds as a preview does.
        **dict.fromkeys(threads, "1"),
    }


def open_plain(path: Path) -> BinaryIO:
    """Open for reading a file that a candidate may have put there; `OSError` for what is no regular file.

    Opening a pipe would wait for ever, and a link leads elsewhere.
    """
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{path} is not a regular file")
    return file


def tail(log: Path, *, size: int = TAIL_BYTES) -> str:
    """Return the last lines of *log*, or nothing when it was never written, or is no file any more."""
    try:
        with open_plain(log) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - size))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return text if end <= size else text.partition("\n")[2] or text
