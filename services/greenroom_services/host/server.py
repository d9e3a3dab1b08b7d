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
from starlette.types import ASGIApp

from greenroom_services.errors import HostError
from greenroom_services.host.channel import MESSAGE_BYTES
from greenroom_services.host.connections import Connection, WebSocket
from greenroom_services.host.control import Control
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.gateway import Gateway, GatewayLimits
from greenroom_services.host.limits import HostLimits
from greenroom_services.host.names import Entrance, is_domain
from greenroom_services.host.slots import Slots
from greenroom_services.host.upkeep import Upkeep
from greenroom_services.runtimes.choice import RuntimeChoice, make_runtime
from greenroom_services.tokens import TOKENS_FILE, TokenStore

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
    entrance: Entrance,
    limits: HostLimits | None = None,
    runtime: RuntimeChoice | None = None,
    attached: bool = False,
    transient: bool = False,
) -> None:
    """Run the host on *state* until SIGTERM, SIGINT or, when *attached*, the end of standard input.

    What was deployed before is there again, asleep; a *transient* host wakes nothing by itself. Raises
    `HostPresent` when another host runs on *state*, and `HostError` when the runtime does not work or for an
    entrance that is open to all.
    """
    folder = HostFolder(state)
    tokens = None if entrance.loopback else TokenStore(folder.path / TOKENS_FILE)
    require_guarded(entrance, tokens)
    with folder.hold():
        run_folder = folder.run_folder()
        made = make_runtime(
            runtime or RuntimeChoice(), owner=folder.digest(), shown=[folder.path / "previews"]
        )
        slots = Slots(folder, run_folder=run_folder, cache=cache.resolve(), runtime=made, limits=limits)
        slots.restore()
        upkeep = Upkeep(slots)
        with _listen_control(run_folder / "host.sock") as control, listen_gateway(entrance) as gateway:
            try:
                await _serve_both(
                    slots,
                    folder,
                    upkeep,
                    control=control,
                    gateway=gateway,
                    entrance=entrance,
                    tokens=tokens,
                    attached=attached,
                    transient=transient,
                )
            finally:
                folder.withdraw()
                upkeep.save_ages()
                await slots.close()
                await asyncio.to_thread(made.close)
                shutil.rmtree(run_folder, ignore_errors=True)


async def _serve_both(
    slots: Slots,
    folder: HostFolder,
    upkeep: Upkeep,
    *,
    control: socket.socket,
    gateway: socket.socket,
    entrance: Entrance,
    tokens: TokenStore | None,
    attached: bool,
    transient: bool,
) -> None:
    port = gateway.getsockname()[1]
    address, bounds = entrance.address(port), GatewayLimits(patience=slots.limits.patience)
    control_api = Control(slots, gateway=address)
    measure = control_api.measure
    front = Gateway(slots, entrance=entrance, tokens=tokens, limits=bounds, measure=measure)
    servers = [
        (make_server(control_api.app()), control),
        (make_server(front), gateway),
    ]
    serving = [asyncio.create_task(server.serve(sockets=[listener])) for server, listener in servers]
    working = [asyncio.create_task(upkeep.run())]
    working += [] if transient else [asyncio.create_task(upkeep.wake_kept())]
    stop = _watch_for_end(attached=attached)
    while not all(server.started for server, _ in servers):
        await asyncio.sleep(START_POLL_SECONDS)
    folder.announce(
        control=Path(control.getsockname()),
        gateway=address,
        listens=entrance.listens(port),
        transient=transient,
    )
    await stop.wait()
    for task in working:
        task.cancel()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*serving, *working, return_exceptions=True)


def require_guarded(entrance: Entrance, tokens: TokenStore | None) -> None:
    """Raise `HostError` for names that are none, and for a gateway that others reach without name or token."""
    for option, name in (("--gateway-name", entrance.name), ("--preview-domain", entrance.preview_domain)):
        if name is not None and not is_domain(name):
            raise HostError(f"{option} {name!r} is no host name; give one such as models.example.com")
    if tokens is None:
        return
    where = f"--gateway-host {entrance.host} is reachable from other machines"
    if entrance.name is None and entrance.preview_domain is None:
        raise HostError(
            f"{where}, and the gateway has no name there; give --gateway-name or --preview-domain"
        )
    if not tokens.living("query"):
        raise HostError(
            f"{where}, and nobody has a token; make one with `greenroom token create --scope query`"
        )


def make_server(app: ASGIApp, *, http: type[Connection] = Connection) -> QuietServer:
    config = uvicorn.Config(
        app,
        http=http,
        ws=WebSocket,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        # What it would say of requests, anybody could have it say.
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
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


def listen_gateway(entrance: Entrance) -> socket.socket:
    family = socket.AF_INET6 if ":" in entrance.host else socket.AF_INET
    # asyncio turns Nagle's 40 ms off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((entrance.host, entrance.port))
    except OSError as error:
        listener.close()
        raise HostError(
            f"port {entrance.port} of {entrance.host} cannot be had ({error.strerror});"
            " pass --gateway-port 0 for a free one, or another port"
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
