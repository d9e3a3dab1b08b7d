"""HTTP connections of the host's servers: what a request's head may be, and how long it may take to come."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from greenroom_services.previews import Failure

HEAD_BYTES = 64 * 2**10
HEAD_SECONDS = 20.0


class Connection(HttpToolsProtocol):
    """Uvicorn's, whose parser bounds nothing; what it refuses itself is in the one shape of errors, too."""

    head_seconds = HEAD_SECONDS
    _in_head = True
    _head_ended = False
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
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
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Else the next request is there already.
        if self.timeout_keep_alive_task is not None:
            self._expect_head()

    def send_400_response(self, msg: str) -> None:
        failure = Failure(error="this is no HTTP request that can be read; send HTTP/1.1, with a short head")
        body = failure.model_dump_json().encode()
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(
            body
        )
        self.transport.write(STATUS_LINE[400] + head + body)
        self.transport.close()

    def _expect_head(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
