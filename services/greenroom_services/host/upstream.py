"""The way to a preview: connections to its Unix socket that are kept, and a count of what became of requests."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader

from greenroom_services.host.preview import Tally

# A preview closes what was idle for five seconds; a request must not meet it closing.
KEPT_SECONDS = 3.0
CONNECT_SECONDS = 5.0
# Answers such as 102, of which any number may come before the one that counts (RFC 9110, 15.2).
INTERIM_ANSWERS = 8
SWITCHING = 101
READ_BYTES = 4096
# One reading of asyncio's 256 KiB may hold forty thousand chunks of one byte, all taken in one go.
RECEIVE_BYTES = 16 * 2**10
ADDED_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Conversation(ResponseHandler):
    """aiohttp's, which takes interim answers without end, and without a pause for anybody else."""

    _interim = 0
    _begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if hasattr(transport, "max_size"):
            transport.max_size = RECEIVE_BYTES
        super().connection_made(transport)

    def set_response_params(self, **params: Any) -> None:
        self._interim, self._begun = 0, False
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        # In small parts until the answer begins, so that no more is read than the few there may be.
        while not self._begun and len(data) > READ_BYTES and self.is_connected():
            super().data_received(data[:READ_BYTES])
            data = data[READ_BYTES:]
        if self._begun or self.is_connected():
            super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        code = data[0].code
        if not 100 <= code <= 199 or code == SWITCHING:
            self._begun = True
        elif self._interim == INTERIM_ANSWERS:
            self._break_off()
            return
        else:
            self._interim += 1
        if self.exception() is None:
            super().feed_data(data, size)

    def _break_off(self) -> None:
        if self.exception() is None:
            self.set_exception(aiohttp.ClientPayloadError("interim answers without end"))
            if self.transport is not None:
                self.transport.close()


class Connector(aiohttp.UnixConnector):
    """Has the connections to a preview be such conversations."""

    def __init__(self, socket: Path) -> None:
        super().__init__(str(socket), limit=0, keepalive_timeout=KEPT_SECONDS)
        # aiohttp offers no other way to choose the protocol.
        self._factory = lambda: Conversation(asyncio.get_running_loop())  # type: ignore[assignment]


def reach(socket: Path, tally: Tally | None) -> aiohttp.ClientSession:
    """Return a session that asks the preview behind *socket*; it serves everybody, and keeps no cookie.

    It has as many connections as it has requests: how many there may be is for those who let them in.
    """
    return aiohttp.ClientSession(
        connector=Connector(socket),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=ADDED_HEADERS,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        trace_configs=[] if tally is None else [_counting(tally)],
        trust_env=False,
    )


def _counting(tally: Tally) -> aiohttp.TraceConfig:
    async def answered(_session: object, _context: object, end: aiohttp.TraceRequestEndParams) -> None:
        tally.count(end.response.status)

    async def broken(_session: object, _context: object, end: aiohttp.TraceRequestExceptionParams) -> None:
        # Else it is the caller who broke off.
        if isinstance(end.exception, aiohttp.ClientError | OSError):
            tally.broken += 1

    counting = aiohttp.TraceConfig()
    counting.on_request_end.append(answered)
    counting.on_request_exception.append(broken)
    return counting
