"""Runs in the model's environment: serves the Bento in a folder on a Unix socket.

Called with the Bento's folder and the socket's path. The socket appears once the model is loaded.
"""

from __future__ import annotations

import sys
from typing import Any

import bentoml
import uvicorn


def main(bento: str, socket: str) -> None:
    service: Any = bentoml.load(bento)
    app = service.to_asgi()
    uvicorn.run(app, uds=socket, access_log=False, timeout_graceful_shutdown=10)


if __name__ == "__main__":
    main(*sys.argv[1:])
