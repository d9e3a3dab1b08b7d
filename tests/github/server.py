"""A GitHub of the tests' own: a real HTTP server on a free port, `with FakeGitHub() as github:`."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

import uvicorn

from tests.github.app import Desk, Seen
from tests.github.faults import Fault, Interruption
from tests.github.hub import Hub


class FakeGitHub(Hub):
    """Fails the test at its end where anything asked or answered was not as GitHub describes it."""

    def __init__(self) -> None:
        super().__init__()
        self._desk = Desk(self)
        # Named a TCP socket, or asyncio would not switch Nagle's algorithm off: 40 ms a request.
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.api = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._desk.build(),
            lifespan="off",
            ws="none",
            log_level="critical",
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))

    @property
    def faults(self) -> list[Fault]:
        """What is to fail; the first that fits a call and is not used up hits it."""
        return self._desk.faults

    @property
    def requests(self) -> list[Seen]:
        return self._desk.seen

    @property
    def violations(self) -> list[str]:
        return self._desk.violations

    def meanwhile(self, method: str, path: str, happens: Callable[[], object]) -> None:
        """Have something happen once, in a thread, just before the next such call is answered."""
        self._desk.interruptions.append(Interruption(method, path, happens))

    def __enter__(self) -> FakeGitHub:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Its thread ends by itself; to wait for that would cost every test a fifth of a second.
        self._server.should_exit = True
        if error is None:
            self.require_described()

    def require_described(self) -> None:
        """Fail where anything asked or answered so far was not as described."""
        assert not self.violations, "\n".join(self.violations)
