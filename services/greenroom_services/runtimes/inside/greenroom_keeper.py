"""Keeps one environment's forkserver, and starts and ends previews as the host asks over a socket.

Runs in the model's environment, where it is the first process. Holds no credential: what it can reach is what
previews of its environment can. However the host ends, the socket closes, and all of this ends with it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import sys
from contextlib import suppress
from multiprocessing import connection, reduction
from typing import Any

import greenroom_preview  # beside this file, on the path inside

MESSAGE_BYTES = 2**20
PRELOAD = ["greenroom_preload", "greenroom_preview"]


class Keeper:
    """The previews of one environment, by the number that the host gave each."""

    def __init__(self, host: socket.socket) -> None:
        self.host = host
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(PRELOAD)
        self.previews: dict[int, Any] = {}

    def run(self) -> None:
        """Work until the host has gone."""
        while True:
            sentinels = {preview.sentinel: number for number, preview in self.previews.items()}
            for ready in connection.wait([self.host, *sentinels]):
                if ready in sentinels:
                    self.report(sentinels[ready])
                elif not self.obey():
                    return

    def obey(self) -> bool:
        """Do the next thing that the host asks; False when it has gone."""
        message, descriptors, _, _ = socket.recv_fds(self.host, MESSAGE_BYTES, 2)
        if not message:
            return False
        order = json.loads(message)
        if order["do"] == "start":
            self.start(order, descriptors)
        elif order["number"] in self.previews:
            self.signal(self.previews[order["number"]], order["do"])
        return True

    def start(self, order: dict[str, Any], descriptors: list[int]) -> None:
        process = self.context.Process(
            target=greenroom_preview.begin, args=(order, *map(reduction.DupFd, descriptors))
        )
        try:
            process.start()
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self.previews[order["number"]] = process
        self.tell({"number": order["number"], "pid": process.pid})

    def signal(self, process: Any, name: str) -> None:
        """SIGTERM asks the preview to end, SIGUSR1 has the process that attends it end it with all it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, signal.Signals[name])

    def report(self, number: int) -> None:
        process = self.previews.pop(number)
        process.join()
        self.tell({"number": number, "ended": process.exitcode})

    def tell(self, message: dict[str, Any]) -> None:
        self.host.send(json.dumps(message).encode())


def main() -> None:
    # Ctrl-C and the like are the host's to hear.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    host = socket.socket(fileno=int(sys.argv[1]))
    host.set_inheritable(False)
    keeper = Keeper(host)
    # Raises what goes wrong in the forkserver's start before the first preview is asked for.
    multiprocessing.forkserver.ensure_running()  # type: ignore[attr-defined]
    try:
        with suppress(ConnectionError):
            keeper.run()
    finally:
        for process in keeper.previews.values():
            keeper.signal(process, "SIGUSR1")
    # Nothing to tidy up: who waits for children here, waits for what a candidate holds open.
    os._exit(0)
