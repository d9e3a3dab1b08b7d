"""HTTP connections of the host's servers: what a request's head may be, and how long it may take to come."""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from greenroom_services.previews import Failure

HEAD_BYTES = 64 * 2**10
HEAD_SECONDS = 20.0
MOST = 512


def count_allowed() -> int:
    """Return how many connections a server takes at once.

    Each may hold a second descriptor, towards a preview; as many again are left for everything else.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft // 4)


class BadUpgrade(Exception):
    """What asks for a WebSocket is no request that could open one."""


class Connection(HttpToolsProtocol):
    """Uvicorn's, whose parser bounds nothing; what it refuses itself is in the one shape of errors, too."""

    head_seconds = HEAD_SECONDS
    most: int | None = None
    """Connections at once; None for as many as the process has descriptors for."""
    _in_head = True
    _head_ended = False
    _head_bytes = 0
    _unanswered = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        most = count_allowed() if self.most is None else self.most
        if len(self.connections) > most:
            self._refuse(503, "there are too many connections already; ask again in a moment")
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        part_of_head, self._head_ended = self._in_head, False
        super().data_received(data)
        # The parser keeps a head until it is whole, however long that is.
        if part_of_head and not self._head_ended:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("")

    def on_headers_complete(self) -> None:
        self._in_head, self._head_ended, self._head_bytes = False, True, 0
        self._stop_waiting()
        if self.parser.should_upgrade() and self._should_upgrade():
            self._require_handshake()
        self._unanswered += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._unanswered -= 1
        super().on_response_complete()
        # Else the next request is there already.
        if self.timeout_keep_alive_task is not None:
            self._expect_head()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "this is no HTTP request that can be read; send HTTP/1.1, with a short head")

    def _require_handshake(self) -> None:
        """Raise `BadUpgrade`, which the parser reports as a request that cannot be read."""
        lengths = [value for name, value in self.headers if name == b"content-length"]
        with_body = any(value.strip() != b"0" for value in lengths)
        chunked = any(name == b"transfer-encoding" for name, _ in self.headers)
        # A WebSocket takes the whole connection, also from an answer that is still on its way.
        if self.parser.get_method() != b"GET" or with_body or chunked or self._unanswered:
            raise BadUpgrade

    def _refuse(self, status: int, sentence: str) -> None:
        body = Failure(error=sentence).model_dump_json().encode()
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(
            body
        )
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()

    def _expect_head(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class WebSocket(WebSocketsSansIOProtocol):
    """Uvicorn's, which waits for ever when what it is handed is no handshake it can read."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # The head is handed over whole: nothing more of it comes.
        if not self.handshake_initiated:
            self.transport.close()

    def shutdown(self) -> None:
        if self.handshake_initiated:
            super().shutdown()
        else:
            self.transport.close()
