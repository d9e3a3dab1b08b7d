"""What every request to the front meets first."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenroom_pipeline.api.mount import is_api

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_policy(html: str) -> str:
    """Return the Content-Security-Policy for Streamlit's page: its own scripts, nothing from elsewhere.

    Streamlit writes styles into the page, Vega compiles expressions, and both are let do so.
    """
    digests = [hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(html)]
    inline = "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'self'; script-src 'self' 'unsafe-eval'{inline}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
        "frame-ancestors 'none'; object-src 'none'; base-uri 'self'; form-action 'self'"
    )


class GuardMiddleware:
    """Refuses requests that another origin's page makes, and sends headers that keep pages private.

    A request must ask for one of *hosts*: a page that rebinds its own name to this machine does not. The API, which
    asks everyone for a credential, is answered under the name *public* as well.

    Streamlit by itself accepts a WebSocket from any port of this machine, where previews are too, and looks
    an unknown origin up by asking a server on the internet for its own address.
    """

    def __init__(self, app: ASGIApp, *, policy: str, hosts: Iterable[str], public: str | None = None) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._api_hosts = self._hosts | ({public} if public else set())
        self._headers = {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex, nofollow",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts = self._api_hosts if _asks_api(scope) else self._hosts
        if _read_name(headers.get("host", "")) not in hosts:
            return _refuse(scope, "Only this machine's own names are answered, such as 127.0.0.1.", 400)
        if not _same_origin(headers):
            return _refuse(scope, "Another site's page asked for this.", 403)
        # Streamlit tells anybody how many people are there.
        if scope["path"].rstrip("/") == "/_stcore/metrics":
            return _refuse(scope, "There are no metrics here.", 404)
        return None


def _asks_api(scope: Scope) -> bool:
    return scope["type"] == "http" and is_api(scope["path"])


def _refuse(scope: Scope, message: str, status: int) -> Response:
    """Return a refusal: for the API in the one shape of errors."""
    if _asks_api(scope):
        return JSONResponse({"error": message, "detail": []}, status_code=status)
    return PlainTextResponse(message, status_code=status)


def _read_name(host: str) -> str | None:
    """Return the name in a Host header without its port; None for what is no host."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
