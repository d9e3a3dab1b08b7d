"""One request on its way to a preview and the answer on its way back, both in streams."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from yarl import URL

from greenroom_services.host.answers import refuse
from greenroom_services.host.headers import (
    find_ambiguity,
    is_pickle,
    pass_back,
    pass_on,
    read_length,
)

QUERY = re.compile(rb"[!-~]*")
# A body that came in one piece is sent on as one; aiohttp warns of large ones.
PIECE_BYTES = 2**19
SMALL_BYTES = 2**10
DISCARD_SECONDS = 2.0
SILENT_SECONDS = 0.2
REFUSED_TYPE = "application/vnd.bentoml+pickle"


@dataclass(frozen=True)
class Bounds:
    """How large a request may be, and how long each part of it may take, in seconds."""

    body_bytes: int = 16 * 2**20
    body_idle: float = 20.0
    """Between two pieces of the request."""
    answer_idle: float = 65.0
    """Until the answer begins, and between two pieces of it."""
    whole: float = 600.0


class Broken(Exception):
    """The request or the answer cannot go on; *answer* is what the caller gets, None where nobody listens."""

    def __init__(self, answer: Response | None) -> None:
        super().__init__()
        self.answer = answer


class Body:
    """What the caller sends, taken from it as fast as the preview takes it.

    When it breaks after it was opened, *break_off* is called: whoever sends it on does not always hear of it.
    """

    def __init__(
        self, receive: Receive, *, length: int | None, bounds: Bounds, break_off: Callable[[], None]
    ) -> None:
        self._receive = receive
        self._break_off = break_off
        self._length = length
        self._bounds = bounds
        self._size = 0
        self.ended = False
        self.broken: Broken | None = None
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> bytes | AsyncIterator[bytes] | None:
        """Return the body as it is to be sent on: whole where it is here already, else piece by piece."""
        if self._length is not None and self._length > self._bounds.body_bytes:
            raise self._too_large()
        first = await self._next()
        if not self.ended or len(first) > PIECE_BYTES:
            return self._pieces(first)
        self._watch_caller()
        return first or None

    async def discard(self) -> None:
        """Take what still comes for a moment, so that the caller gets to read why it was refused."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                while not self.ended:
                    async with asyncio.timeout(SILENT_SECONDS):
                        message = await self._receive()
                    self.ended = not message.get("more_body", False)

    def close(self) -> None:
        """Take nothing more, and no longer mind whether the caller leaves."""
        if self._watching is not None:
            self._watching.cancel()

    def _watch_caller(self) -> None:
        self._watching = asyncio.create_task(self._wait_until_gone())

    async def _wait_until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._break(Broken(None))

    async def _pieces(self, first: bytes) -> AsyncIterator[bytes]:
        yield first
        while not self.ended:
            try:
                piece = await self._next()
            except Broken as broken:
                self._break(broken)
                raise
            yield piece
        self._watch_caller()

    def _break(self, broken: Broken) -> None:
        self.broken = broken
        self._break_off()

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._bounds.body_idle):
                message = await self._receive()
        except TimeoutError:
            text = f"nothing of the request came for {self._bounds.body_idle:g} seconds; send it faster"
            raise Broken(refuse(text, 408, headers={"Connection": "close"})) from None
        if message["type"] == "http.disconnect":
            raise Broken(None)
        piece: bytes = message.get("body", b"")
        self._size += len(piece)
        self.ended = not message.get("more_body", False)
        if self._size > self._bounds.body_bytes:
            raise self._too_large()
        return piece

    def _too_large(self) -> Broken:
        most = self._bounds.body_bytes / 2**20
        text = f"the request is larger than {most:g} MiB; send fewer rows at a time"
        return Broken(refuse(text, 413, headers={"Connection": "close"}))


class Passage:
    """Carries one request, and says what became of it in the one shape of errors until an answer has begun."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, bounds: Bounds) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._bounds = bounds
        self._begun = False
        self._limit = asyncio.timeout(bounds.whole)
        length = read_length(scope["headers"])
        self._body = Body(receive, length=length, bounds=bounds, break_off=self._break_off)

    async def carry(self, session: aiohttp.ClientSession, path: str) -> None:
        """Ask the preview behind *session* for *path*, as it is to stand in the request, and stream its answer."""
        try:
            async with self._limit:
                await self._carry(session, path)
        except Broken as broken:
            await self._refuse(broken)
        except (TimeoutError, aiohttp.ServerTimeoutError):
            late = refuse("the preview did not answer in time; send fewer rows at a time", 504)
            await self._refuse(self._body.broken or Broken(late))
        except (aiohttp.ClientError, OSError):
            ended = refuse("the preview broke off; its log says more", 502)
            await self._refuse(self._body.broken or Broken(ended))

    async def _carry(self, session: aiohttp.ClientSession, path: str) -> None:
        data = await self._body.open()
        timeout = aiohttp.ClientTimeout(total=None, sock_read=self._bounds.answer_idle)
        try:
            async with session.request(
                self._scope["method"],
                self._url(path),
                headers=self._headers(data),
                data=data,
                allow_redirects=False,
                timeout=timeout,
            ) as answer:
                await self._return(answer)
        finally:
            self._body.close()

    def _break_off(self) -> None:
        with suppress(RuntimeError):  # it has all been answered
            self._limit.reschedule(0)

    def _url(self, path: str) -> URL:
        query: bytes = self._scope["query_string"]
        if QUERY.fullmatch(query) is None:
            raise Broken(refuse("the query holds what has to be escaped; escape it", 400))
        return URL(f"http://preview{path}" + (f"?{query.decode()}" if query else ""), encoded=True)

    def _headers(self, data: bytes | AsyncIterator[bytes] | None) -> list[tuple[str, str]]:
        headers, length = pass_on(self._scope["headers"]), read_length(self._scope["headers"])
        if length is not None and not isinstance(data, bytes) and data is not None:
            headers.append(("content-length", str(length)))
        return headers

    async def _return(self, answer: aiohttp.ClientResponse) -> None:
        if not 200 <= answer.status <= 599:
            raise Broken(refuse(f"the preview answered with status {answer.status}, which is none", 502))
        headers = pass_back(answer.raw_headers)
        if is_pickle(headers):
            raise Broken(refuse(f"the preview answered with {REFUSED_TYPE}, which is never passed on", 502))
        self._begun = True
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        content, ended = answer.content, False
        while not ended:
            piece = await content.readany()
            if len(piece) < SMALL_BYTES and not content.at_eof():
                # What comes byte by byte must not keep the gateway from everybody else.
                await asyncio.sleep(0)
                piece += content.read_nowait()
            ended = content.at_eof()
            await self._send({"type": "http.response.body", "body": piece, "more_body": not ended})
            await asyncio.sleep(0)

    async def _refuse(self, broken: Broken) -> None:
        """Answer so, unless nobody listens, or an answer has begun: then the connection breaks off as it did."""
        if broken.answer is None or self._begun:
            return
        if not self._body.ended:
            await self._body.discard()
        await broken.answer(self._scope, self._receive, self._send)


def find_refusal(scope: Scope) -> Response | None:
    """Return why the request is not carried anywhere, whoever asks."""
    ambiguity = find_ambiguity(scope["headers"])
    if ambiguity is not None:
        return refuse(ambiguity, 400, headers={"Connection": "close"})
    if is_pickle(scope["headers"]):
        return refuse(f"content type {REFUSED_TYPE} is never passed on; send JSON", 415)
    return None
