"""Previews of one runtime after another, each test's ended with it."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from greenroom_services.environments import Environment
from greenroom_services.runtimes.runtime import Limits, PreviewSpec, RunningPreview, Runtime

OBEDIENT = Path(__file__).with_name("obedient")


class Starter:
    """Starts previews of what is below *bentos*, each in a private folder of its own and as its own user."""

    def __init__(self, runtime: Runtime, environment: Environment, *, bentos: Path, private: Path) -> None:
        self.runtime = runtime
        self.environment = environment
        self.bentos = bentos
        self.private = private
        self.started: list[RunningPreview] = []

    def __call__(self, bento: Path, *, limits: Limits | None = None) -> RunningPreview:
        number = len(self.started)
        folder = self.private / str(number)
        folder.mkdir(mode=0o700)
        spec = PreviewSpec(
            self.place(bento),
            self.environment,
            folder,
            log=folder / "log",
            user=number,
            limits=limits or Limits(),
        )
        self.started.append(self.runtime.start(spec))
        return self.started[-1]

    def place(self, bento: Path) -> Path:
        """Copy the Bento to where the runtime shows Bentos, open to others as unpacked bundles are."""
        placed = Path(tempfile.mkdtemp(dir=self.bentos))
        shutil.copytree(bento, placed, dirs_exist_ok=True)
        placed.chmod(0o755)
        return placed

    def obedient(self, *, limits: Limits | None = None) -> RunningPreview:
        return self(OBEDIENT, limits=limits)


@contextmanager
def starting(runtime: Runtime, environment: Environment, *, bentos: Path) -> Iterator[Starter]:
    # A path short enough for sockets.
    with tempfile.TemporaryDirectory(prefix="gr-") as private:
        starter = Starter(runtime, environment, bentos=bentos, private=Path(private))
        yield starter
        for running in starter.started:
            running.stop()


def ask(running: RunningPreview) -> httpx.Client:
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=str(running.socket)), base_url="http://preview", timeout=60
    )


def tell(running: RunningPreview, code: str) -> str:
    """Have an obedient preview run *code*, and return its answer."""
    with ask(running) as client:
        answer = client.post("/run", json={"code": code})
    assert answer.status_code == 200, (answer.text, running.log())
    return answer.text


def await_ready(running: RunningPreview, *, timeout: float = 60) -> None:
    """Wait until the preview answers; a socket may be there before."""
    deadline = time.monotonic() + timeout
    with ask(running) as client:
        while True:
            # httpcore leaves its socket open where nobody listens.
            with suppress(OSError), socket.socket(socket.AF_UNIX) as caller:
                caller.connect(str(running.socket))
                with suppress(httpx.TransportError):
                    if client.get("/readyz").status_code == 200:
                        return
            assert running.alive(), running.log()
            assert time.monotonic() < deadline, running.log()
            time.sleep(0.02)


def await_end(running: RunningPreview, *, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while running.alive():
        assert time.monotonic() < deadline, running.log()
        time.sleep(0.02)
