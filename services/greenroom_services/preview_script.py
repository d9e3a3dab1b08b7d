"""Runs in the model's environment: serves the Bento in a folder on a Unix socket.

Called with the Bento's folder and the socket's path. The socket appears once the model is loaded.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

import bentoml
import uvicorn


class Server(uvicorn.Server):
    """Collects garbage from when the model is loaded, and only what came after."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        gc.freeze()
        gc.enable()


def main(bento: str, socket: str) -> None:
    service: Any = bentoml.load(bento)
    app = service.to_asgi()
    Server(uvicorn.Config(app, uds=socket, access_log=False, timeout_graceful_shutdown=10)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
