"""Visitors without a browser: each opens Streamlit's socket and asks for a page, as the page's own script does."""

from __future__ import annotations

import asyncio
import time
from statistics import median

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE = 120.0


def visit(address: str, *, page: str, query: str, people: int, until: str) -> float:
    """Return the median seconds until each of *people* who come at once has been sent *until*."""
    return asyncio.run(_visit(address, page=page, query=query, people=people, until=until))


async def _visit(address: str, *, page: str, query: str, people: int, until: str) -> float:
    socket = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    visits = [_open(socket, address, page=page, query=query, until=until) for _ in range(people)]
    return median(await asyncio.gather(*visits))


async def _open(socket: str, origin: str, *, page: str, query: str, until: str) -> float:
    start = time.perf_counter()
    async with connect(
        socket, subprotocols=[Subprotocol("streamlit")], origin=Origin(origin), max_size=None, proxy=None
    ) as connection:
        ask = BackMsg()
        ask.rerun_script.query_string = query
        ask.rerun_script.page_name = page
        await connection.send(ask.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            await _read(connection, until)
        # Saying goodbye takes both sides a while, and nobody waits for it.
        return time.perf_counter() - start


async def _read(connection: ClientConnection, until: str) -> None:
    async for frame in connection:
        assert isinstance(frame, bytes)
        if until.encode() in frame:
            return
