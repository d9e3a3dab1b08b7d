"""The front: portal and HTTP API in one ASGI application, and the process that serves it."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

import uvicorn
from starlette.middleware import Middleware
from streamlit.file_util import get_static_dir
from streamlit.starlette import App
from streamlit.web.bootstrap import load_config_options

from greenroom_pipeline.access import is_loopback
from greenroom_pipeline.api.app import build_api
from greenroom_pipeline.api.mount import mount_api
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.forge.registration import read_registration
from greenroom_pipeline.places import find_places
from greenroom_portal.edge import GuardMiddleware, content_policy
from greenroom_portal.router import SCRIPT
from greenroom_portal.theme import THEME

LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1", "[::1]"]

PAGE_MODULES = [f"greenroom_portal.panes.{name}" for name in ("cards", "evidence", "promotion", "queries")]

OPTIONS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "runner.magicEnabled": False,
    "server.allowedHosts": LOOPBACK_NAMES,
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    **THEME,
}


@asynccontextmanager
async def _import_pages(_app: App) -> AsyncIterator[None]:
    """Import what the pages need now rather than in the first visit."""
    for module in PAGE_MODULES:
        import_module(module)
    yield


def build_app() -> App:
    """Return the ASGI application; sets Streamlit's options for this process."""
    load_config_options(OPTIONS)
    page = Path(get_static_dir()) / "index.html"
    return App(
        SCRIPT,
        lifespan=_import_pages,
        routes=mount_api(build_api()),
        middleware=[
            Middleware(
                GuardMiddleware,
                policy=content_policy(page.read_text(encoding="utf-8")),
                hosts=LOOPBACK_NAMES,
                public=find_public_name(os.environ),
            ),
        ],
    )


def find_public_name(environ: Mapping[str, str]) -> str | None:
    """Return the name under which the forge and its jobs reach the API; None for a server that is not registered."""
    places = find_places(Path(environ.get("GREENROOM_REPOSITORY") or Path.cwd()), environ)
    registration = read_registration(places.home)
    return urlsplit(registration.server).hostname if registration else None


class _Server(uvicorn.Server):
    """Writes its address once it answers."""

    def __init__(self, config: uvicorn.Config, *, address: str, file: Path | None) -> None:
        super().__init__(config)
        self._address, self._file = address, file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._file is not None:
            write_atomically(self._file, self._address)


def write_atomically(file: Path, text: str) -> None:
    """Replace the file in one step, so that whoever waits for it never reads half."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="greenroom_portal.front", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="Loopback address to listen on.")
    parser.add_argument("--port", type=int, default=8501, help="Port to listen on; 0 takes a free one.")
    parser.add_argument("--address-file", type=Path, help="File to write the address to, once it answers.")
    return parser.parse_args(arguments)


def _refuse(message: str) -> int:
    sys.stderr.write(f"error: {message}\n")
    return 2


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def serve(*, host: str, port: int, address_file: Path | None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    if not is_loopback(host):
        return _refuse(
            f"--host {host} is reachable from other machines, and no sign-in is configured; use 127.0.0.1"
        )
    try:
        listener = _listen(host, port)
    except (OSError, OverflowError) as error:
        return _refuse(f"cannot listen on {host}, port {port}: {error}; use --port 0 for a free one")
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{listener.getsockname()[1]}"
    try:
        app = build_app()
    except GreenroomError as error:
        listener.close()
        return _refuse(str(error))
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        ws="websockets-sansio",
        ws_max_size=16 * 2**20,
    )
    _Server(config, address=address, file=address_file).run(sockets=[listener])
    return 0


def main(arguments: list[str] | None = None) -> int:
    # The server stops gracefully and then raises the signal again; these make that an exit with status 0.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    options = _parse(arguments)
    return serve(host=options.host, port=options.port, address_file=options.address_file)


if __name__ == "__main__":
    sys.exit(main())
