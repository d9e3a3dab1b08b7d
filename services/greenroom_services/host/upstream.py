"""The way to a preview: connections to its Unix socket that are kept, and a count of what became of requests."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from greenroom_services.host.preview import Tally

# A preview closes what was idle for five seconds; a request must not meet it closing.
KEPT_SECONDS = 3.0
CONNECT_SECONDS = 5.0
ADDED_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


def reach(socket: Path, tally: Tally) -> aiohttp.ClientSession:
    """Return a session that asks the preview behind *socket*; it serves everybody, and keeps no cookie.

    It has as many connections as it has requests: how many there may be is for those who let them in.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(str(socket), limit=0, keepalive_timeout=KEPT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=ADDED_HEADERS,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        trace_configs=[_counting(tally)],
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
