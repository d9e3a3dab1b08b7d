"""One WebSocket between a program and a preview: messages both ways, each side as fast as the other takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from yarl import URL

from greenroom_services.host.answers import refuse
from greenroom_services.host.headers import pass_on

MESSAGE_BYTES = 16 * 2**20
CLOSE_SECONDS = 5.0
REASON_CHARACTERS = 40
# What may stand in a close frame (RFC 6455, 7.4); 1000 stands for one without a code.
CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})
FAILED, WENT_AWAY, NOT_ALLOWED = 1011, 1001, 1008


@dataclass(frozen=True)
class Closing:
    code: int
    reason: str = ""


class Channel:
    """Carries one WebSocket; one on which nothing is said for *idle* seconds is closed.

    So is one whose caller is no longer *allowed*, which is asked every *recheck* seconds.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        handshake: float,
        idle: float,
        allowed: Callable[[], bool],
        recheck: float,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._handshake = handshake
        self._idle = idle
        self._allowed = allowed
        self._recheck = recheck

    async def carry(self, session: aiohttp.ClientSession, path: str) -> None:
        """Open a WebSocket to the preview behind *session*, and relay until either side closes."""
        await self._receive()  # that it wants to connect
        try:
            async with asyncio.timeout(self._handshake):
                upstream = await self._connect(session, path)
        except aiohttp.WSServerHandshakeError as error:
            await self._refuse(refuse(f"the preview opens no WebSocket there ({error.status})", 404))
        except (aiohttp.ClientError, OSError, TimeoutError):
            await self._refuse(refuse("the preview broke off; its log says more", 502))
        else:
            async with upstream:
                await self._send({"type": "websocket.accept", "subprotocol": upstream.protocol})
                await self._relay(upstream)

    async def _connect(
        self, session: aiohttp.ClientSession, path: str
    ) -> aiohttp.ClientWebSocketResponse[bool]:
        query = self._scope["query_string"].decode("latin-1")
        return await session.ws_connect(
            URL(f"http://preview{path}" + (f"?{query}" if query else ""), encoded=True),
            protocols=self._scope.get("subprotocols", ()),
            headers=pass_on(self._scope["headers"]),
            max_msg_size=MESSAGE_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
        )

    async def _relay(self, upstream: aiohttp.ClientWebSocketResponse[bool]) -> None:
        loop, closing = asyncio.get_running_loop(), Closing(WENT_AWAY, "nothing was said for too long")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._idle) as limit:

                def postpone() -> None:
                    limit.reschedule(loop.time() + self._idle)

                closing = await _first(
                    self._go(upstream, postpone), self._come(upstream, postpone), self._watch_allowed()
                )
        with suppress(aiohttp.ClientError, OSError, RuntimeError):
            await upstream.close(code=closing.code)
        with suppress(OSError, RuntimeError):  # the caller has closed, or left
            await self._send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})

    async def _go(
        self, upstream: aiohttp.ClientWebSocketResponse[bool], postpone: Callable[[], None]
    ) -> Closing:
        while (message := await self._receive())["type"] == "websocket.receive":
            postpone()
            try:
                if message.get("text") is not None:
                    await upstream.send_str(message["text"])
                else:
                    await upstream.send_bytes(message["bytes"])
            except (aiohttp.ClientError, OSError):
                return Closing(FAILED)
        return _close(message.get("code"), message.get("reason"))

    async def _come(
        self, upstream: aiohttp.ClientWebSocketResponse[bool], postpone: Callable[[], None]
    ) -> Closing:
        while True:
            message = await upstream.receive()
            postpone()
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._send({"type": "websocket.send", "text": message.data})
            elif message.type is aiohttp.WSMsgType.BINARY:
                await self._send({"type": "websocket.send", "bytes": message.data})
            else:
                return _close(upstream.close_code, message.extra)

    async def _watch_allowed(self) -> Closing:
        while self._allowed():
            await asyncio.sleep(self._recheck)
        return Closing(NOT_ALLOWED, "the token counts no longer")

    async def _refuse(self, answer: Response) -> None:
        await answer(self._scope, self._receive, self._send)


async def _first(*ways: Coroutine[None, None, Closing]) -> Closing:
    """Return how the way that ends first has ended; the others are broken off."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _close(code: int | None, reason: object) -> Closing:
    text = reason if isinstance(reason, str) else ""
    if code is None or code == 1005:
        return Closing(1000)
    return Closing(code, text[:REASON_CHARACTERS]) if code in CLOSE_CODES else Closing(FAILED)
