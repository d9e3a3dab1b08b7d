"""A gateway that runs, before small applications on Unix sockets in place of previews."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from greenroom_services.errors import PreviewAbsent, PreviewFailed, PreviewStarting
from greenroom_services.host.connections import Connection
from greenroom_services.host.gateway import Gateway, GatewayLimits
from greenroom_services.host.names import Entrance
from greenroom_services.host.preview import Tally
from greenroom_services.host.server import listen_gateway, make_server
from greenroom_services.host.upstream import reach
from greenroom_services.previews import Address, PreviewState
from greenroom_services.tokens import TokenStore

DIGEST = "ab" * 32
SHA = "cd" * 20
HERE = "/p/flights/7"
Serving = Callable[[Path], Coroutine[Any, Any, asyncio.Server]]


@dataclass
class Stand:
    """What stands in a preview's place, for the gateway to visit: `flights/7`, and others that are not there."""

    socket: Path
    routes: tuple[str, ...] = ()
    state_name: str = "awake"
    log: str = ""
    visits: int = 0
    open_visits: int = 0
    woken: threading.Event = field(default_factory=threading.Event)
    """Set by a test: the preview answers from then on."""
    tally: Tally = field(default_factory=Tally)
    programs: aiohttp.ClientSession = None  # type: ignore[assignment]  # made in the loop that serves

    @asynccontextmanager
    async def visit(self, address: Address, *, patience: float) -> AsyncIterator[Stand]:
        self.visits += 1
        _require_known(address)
        if self.state_name == "failed":
            raise PreviewFailed(f"the preview in {address} has failed", log=self.log)
        if self.state_name == "asleep" and not await asyncio.to_thread(self.woken.wait, patience):
            raise PreviewStarting(f"the preview in {address} is starting; ask again in a moment")
        self.open_visits += 1
        try:
            yield self
        finally:
            self.open_visits -= 1

    def known_routes(self, address: Address) -> tuple[str, ...]:
        _require_known(address)
        return self.routes

    async def measure(self) -> bytes:
        return b"greenroom_stored_bytes 1\n"

    def state(self, address: Address) -> PreviewState:
        model: dict[str, str | None] = {"name": "flights", "version": "v<1>", "digest": DIGEST}
        return PreviewState(
            project=address.project, slot=address.slot, state="awake", bento="/b", model=model, sha=SHA
        )


def _require_known(address: Address) -> None:
    if str(address) != "flights/7":
        raise PreviewAbsent(f"there is no preview in {address}; `greenroom run` on its branch makes one")


@dataclass(frozen=True)
class Running:
    """A gateway on a free port."""

    address: str
    stand: Stand
    port: int

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=20, **options)


@contextmanager
def gateway_before(
    preview: ASGIApp | None = None,
    *,
    raw: Serving | None = None,
    entrance: Entrance | None = None,
    tokens: TokenStore | None = None,
    limits: GatewayLimits | None = None,
    routes: Sequence[str] = (),
    protocol: type[Connection] = Connection,
) -> Iterator[Running]:
    """Run a gateway in a thread, before the application *preview*, or before whatever *raw* has listen."""
    with tempfile.TemporaryDirectory(prefix="gr-") as folder:
        stand = Stand(Path(folder) / "s", routes=tuple(routes))
        started, stop, running = threading.Event(), asyncio.Event(), list[Running]()
        loop = asyncio.new_event_loop()
        door = entrance or Entrance()

        async def run() -> None:
            stand.programs = reach(stand.socket, stand.tally)
            gateway = make_server(
                Gateway(stand, entrance=door, tokens=tokens, limits=limits, measure=stand.measure),
                http=protocol,
            )
            listener = listen_gateway(door)
            serving = [asyncio.create_task(gateway.serve(sockets=[listener]))]
            odd = None if raw is None else await raw(stand.socket)
            server = _serve(preview or answer_all, stand.socket)
            if odd is None:
                serving.append(asyncio.create_task(server.serve()))
            while not gateway.started or not stand.socket.exists():
                await asyncio.sleep(0.005)
            port = listener.getsockname()[1]
            running.append(Running(f"http://127.0.0.1:{port}", stand, port))
            started.set()
            await stop.wait()
            gateway.should_exit = server.should_exit = True
            await asyncio.gather(*serving)
            if odd is not None:
                odd.close()
                await odd.wait_closed()
            await stand.programs.close()
            await loop.shutdown_default_executor()

        thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
        thread.start()
        assert started.wait(20)
        try:
            yield running[0]
        finally:
            stand.woken.set()
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()


def _serve(app: ASGIApp, socket: Path) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        uds=str(socket),
        http="h11",
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )

    class Quiet(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Quiet(config)


async def answer_all(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what came, and with the headers and status that the query asks for, as JSON."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    seen = {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode(),
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
        "size": len(body),
        "body": body[:100].decode("latin-1"),
    }
    query = unquote(scope["query_string"].decode())
    wanted = json.loads(query) if query.startswith("{") else {}
    headers = [(name.encode(), value.encode()) for name, value in wanted.get("headers", {}).items()]
    await send({"type": "http.response.start", "status": wanted.get("status", 200), "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})
