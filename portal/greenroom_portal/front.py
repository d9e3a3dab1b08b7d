"""The front: portal and HTTP API in one ASGI application, and the process that serves it."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from starlette.middleware import Middleware
from streamlit.file_util import get_static_dir
from streamlit.starlette import App
from streamlit.web.bootstrap import load_config_options

from greenroom_pipeline.access import is_loopback
from greenroom_pipeline.api.app import build_api
from greenroom_pipeline.errors import GreenroomError, ServeError
from greenroom_pipeline.forge.registration import read_registration
from greenroom_pipeline.places import find_places
from greenroom_portal import guide, panes
from greenroom_portal.batch import MOST_MEGABYTES
from greenroom_portal.edge import ApiMiddleware, GuardMiddleware, content_policy
from greenroom_portal.router import SCRIPT
from greenroom_portal.theme import THEME

LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1", "[::1]"]

OPTIONS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "runner.magicEnabled": False,
    # A full collection after each run goes through all that MLflow and its like hold, and stops everybody for 0.15 s.
    "runner.postScriptGC": False,
    "server.allowedHosts": LOOPBACK_NAMES,
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    # What Try it's batch takes, in megabytes; a file lives in memory as long as the visit.
    "server.maxUploadSize": MOST_MEGABYTES,
    **THEME,
}


@asynccontextmanager
async def _import_pages(_app: App) -> AsyncIterator[None]:
    """Import what the pages need now rather than in the first visit."""
    for module in iter_modules(panes.__path__, f"{panes.__name__}."):
        import_module(module.name)
    yield


def build_app(*, api_port: int | None = None) -> App:
    """Return the ASGI application, which on *api_port* is the API alone; sets Streamlit's options for this process."""
    load_config_options(OPTIONS)
    page = Path(get_static_dir()) / "index.html"
    return App(
        SCRIPT,
        lifespan=_import_pages,
        routes=[guide.ROUTE],
        middleware=[
            Middleware(
                GuardMiddleware,
                policy=content_policy(page.read_text(encoding="utf-8")),
                hosts=LOOPBACK_NAMES,
                api_port=api_port,
            ),
            Middleware(ApiMiddleware, api=build_api()),
        ],
    )


def is_registered(environ: Mapping[str, str]) -> bool:
    """Say whether the server has a public name, under which the forge and its jobs reach the API."""
    places = find_places(Path(environ.get("GREENROOM_REPOSITORY") or Path.cwd()), environ)
    return read_registration(places.home) is not None


class _Server(uvicorn.Server):
    """Writes its addresses once it answers, a line each."""

    def __init__(self, config: uvicorn.Config, *, addresses: Iterable[str], file: Path | None) -> None:
        super().__init__(config)
        self._addresses, self._file = addresses, file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._file is not None:
            write_atomically(self._file, "".join(f"{each}\n" for each in self._addresses))


def write_atomically(file: Path, text: str) -> None:
    """Replace the file in one step, so that whoever waits for it never reads half."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def _listen(host: str, port: int, *, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's 40 ms off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Two sockets may be bound to a port before one of them listens.
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServeError(
            f"cannot listen on {host}, port {port}: {error}; use {option} 0 for a free one"
        ) from None
    return listener


def _tell_address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="greenroom_portal.front", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="Loopback address to listen on.")
    parser.add_argument("--port", type=int, default=8501, help="Port to listen on; 0 takes a free one.")
    parser.add_argument(
        "--api-port", type=int, default=8503, help="Port of the API alone, of a registered server."
    )
    parser.add_argument("--address-file", type=Path, help="File to write the addresses to, once it answers.")
    return parser.parse_args(arguments)


def _refuse(message: str) -> int:
    sys.stderr.write(f"error: {message}\n")
    return 2


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def serve(*, host: str, port: int, api_port: int, address_file: Path | None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status. *api_port* is used where the server has a public name."""
    if not is_loopback(host):
        return _refuse(
            f"--host {host} is reachable from other machines, and no sign-in is configured; use 127.0.0.1"
        )
    with ExitStack() as held:
        try:
            listeners = [held.enter_context(_listen(host, port, option="--port"))]
            if is_registered(os.environ):
                listeners.append(held.enter_context(_listen(host, api_port, option="--api-port")))
            app = build_app(api_port=listeners[1].getsockname()[1] if listeners[1:] else None)
        except GreenroomError as error:
            return _refuse(str(error))
        addresses = [_tell_address(each) for each in listeners]
        _Server(_configure(app), addresses=addresses, file=address_file).run(sockets=listeners)
    return 0


def _configure(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        ws="websockets-sansio",
        ws_max_size=16 * 2**20,
    )


def main(arguments: list[str] | None = None) -> int:
    # The server stops gracefully and then raises the signal again; these make that an exit with status 0.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    options = _parse(arguments)
    return serve(
        host=options.host, port=options.port, api_port=options.api_port, address_file=options.address_file
    )


if __name__ == "__main__":
    sys.exit(main())
