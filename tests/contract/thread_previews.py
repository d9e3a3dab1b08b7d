"""Previews that are small applications served by threads of this process, and what is deployed to start them."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from greenroom_services.bundle import PackedBundle, pack_bundle
from greenroom_services.client import HostClient
from greenroom_services.host.control import Control
from greenroom_services.host.deployment import Deployments
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.slots import Slots
from greenroom_services.previews import Address, PreviewState
from greenroom_services.runtimes.runtime import PreviewSpec, RunningPreview, Usage
from tests.bundles import in_pieces
from tests.patience import await_true

Answer = Callable[[Request], Awaitable[Response]]
SHA, MODEL = "a" * 40, "b" * 64


class Thread:
    """An ASGI application on a Unix socket, served by a thread."""

    def __init__(self, app: Starlette, socket: Path) -> None:
        self.socket = socket
        self.told_to_stop = False
        config = uvicorn.Config(
            app, uds=str(socket), lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, *, grace: float = 0) -> None:
        self.told_to_stop = self._server.should_exit = True
        self._thread.join()


class ThreadPreview(Thread):
    memory = 1_000_000

    def __init__(self, socket: Path, *, answer: Answer, kind: str) -> None:
        app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
        app.state.kind = kind
        super().__init__(app, socket)

    def log(self) -> str:
        return ""

    def usage(self) -> Usage | None:
        return Usage(memory=self.memory, cpu_seconds=0.5, processes=1) if self.alive() else None


class MutePreview:
    """A preview that never answers."""

    def __init__(self, socket: Path, *, dead: bool = False) -> None:
        self.socket = socket
        self.stopped = dead

    def alive(self) -> bool:
        return not self.stopped

    def stop(self, *, grace: float = 0) -> None:
        self.stopped = True

    def log(self) -> str:
        return "last words" if self.stopped else ""

    def usage(self) -> Usage | None:
        return None


class ThreadRuntime:
    """A runtime whose previews give one answer; where *fate* says so they are mute, or dead from the start."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.fate: str | None = None
        self.started: list[tuple[PreviewSpec, RunningPreview]] = []

    def start(self, spec: PreviewSpec) -> RunningPreview:
        kind = (spec.bento / "bento.yaml").read_text()
        running: RunningPreview
        if self.fate is not None:
            running = MutePreview(spec.folder / "s", dead=self.fate == "dead")
        else:
            running = ThreadPreview(spec.folder / "s", answer=self._answer, kind=kind)
        self.started.append((spec, running))
        return running

    def close(self) -> None:
        return None


@contextmanager
def hosting(state: Path, answer: Answer, *, cache: Path) -> Iterator[HostClient]:
    """Run a lasting host on the folder *state*, whose control API is real; what it runs ends with the context."""
    gateway, folder = "http://127.0.0.1:1", HostFolder(state)
    # The path of a socket has room for about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="gr-") as name:
        slots = Slots(folder, run_folder=Path(name), cache=cache, runtime=ThreadRuntime(answer))
        control = Thread(Control(slots, gateway=gateway).app(), Path(name) / "host.sock")
        await_true(lambda: control.socket.exists() or not control.alive())
        folder.announce(control=control.socket, gateway=gateway, transient=False)
        client = HostClient(state)
        try:
            yield client
        finally:
            for preview in client.previews():
                client.stop(preview.project, preview.slot)
            control.stop()
            folder.withdraw()


def bento_folder(folder: Path, kind: str = "answering") -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "bento.yaml").write_text(kind)
    identity = {"name": "echo", "version": "v1", "digest": MODEL}
    (folder / "src" / "identity.json").write_text(json.dumps(identity))
    return folder


def pack_bento(bento: Path, address: Address, **fields: Any) -> PackedBundle:
    given: dict[str, Any] = {"sha": SHA, "model": MODEL, "requirements": [], "timeout": 30}
    return pack_bundle(bento, project=address.project, slot=address.slot, **given | fields)


async def deploy_bento(slots: Slots, bento: Path, address: Address, **fields: Any) -> PreviewState:
    return await deploy_packed(slots, pack_bento(bento, address, **fields), address)


async def deploy_packed(slots: Slots, bundle: PackedBundle, address: Address) -> PreviewState:
    content = b"".join(bundle.chunks())
    return await Deployments(slots).deploy(address, in_pieces(content), digest=bundle.digest)
