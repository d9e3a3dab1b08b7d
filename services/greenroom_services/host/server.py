"""One asyncio process that serves control API and gateway until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from greenroom_services.errors import HostError
from greenroom_services.host.control import Control
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.gateway import Gateway
from greenroom_services.host.limits import HostLimits
from greenroom_services.host.slots import Slots
from greenroom_services.host.upkeep import Upkeep
from greenroom_services.runtimes.process import ProcessRuntime

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 5
START_POLL_SECONDS = 0.01


class QuietServer(uvicorn.Server):
    """Leaves signals to the host, which runs two servers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    state: Path,
    *,
    cache: Path,
    port: int,
    limits: HostLimits | None = None,
    attached: bool = False,
    transient: bool = False,
) -> None:
    """Run the host on *state* until SIGTERM, SIGINT or, when *attached*, the end of standard input.

    *port* 0 takes a free one. What was deployed before is there again, asleep; a *transient* host wakes nothing
    by itself. Raises `HostPresent` when another host runs on *state*.
    """
    folder = HostFolder(state)
    with folder.hold():
        run_folder, runtime = folder.run_folder(), ProcessRuntime(shown=[folder.path / "previews"])
        slots = Slots(folder, run_folder=run_folder, cache=cache.resolve(), runtime=runtime, limits=limits)
        slots.restore()
        with _listen_control(run_folder / "host.sock") as control, _listen_gateway(port) as gateway:
            try:
                await _serve_both(
                    slots, folder, control=control, gateway=gateway, attached=attached, transient=transient
                )
            finally:
                folder.withdraw()
                Upkeep(slots).save_ages()
                await slots.close()
                await asyncio.to_thread(runtime.close)
                shutil.rmtree(run_folder, ignore_errors=True)


async def _serve_both(
    slots: Slots,
    folder: HostFolder,
    *,
    control: socket.socket,
    gateway: socket.socket,
    attached: bool,
    transient: bool,
) -> None:
    address = f"http://{LOOPBACK}:{gateway.getsockname()[1]}"
    servers = [
        (_server(Control(slots, gateway=address).app()), control),
        (_server(Gateway(slots, token=folder.gateway_token()).app()), gateway),
    ]
    serving = [asyncio.create_task(server.serve(sockets=[listener])) for server, listener in servers]
    upkeep = Upkeep(slots)
    working = [asyncio.create_task(upkeep.run())]
    working += [] if transient else [asyncio.create_task(upkeep.wake_kept())]
    stop = _watch_for_end(attached=attached)
    while not all(server.started for server, _ in servers):
        await asyncio.sleep(START_POLL_SECONDS)
    folder.announce(control=Path(control.getsockname()), gateway=address, transient=transient)
    await stop.wait()
    for task in working:
        task.cancel()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*serving, *working, return_exceptions=True)


def _server(app: Starlette) -> QuietServer:
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    return QuietServer(config)


def _listen_control(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    return listener


def _listen_gateway(port: int) -> socket.socket:
    # asyncio turns Nagle's 40 ms off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise HostError(
            f"port {port} of {LOOPBACK} cannot be had ({error.strerror}); give another --port"
        ) from None
    return listener


def _watch_for_end(*, attached: bool) -> asyncio.Event:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if attached:

        def read() -> None:
            if not os.read(sys.stdin.fileno(), 1024):
                loop.remove_reader(sys.stdin.fileno())
                stop.set()

        loop.add_reader(sys.stdin.fileno(), read)
    return stop
