"""What every request to the front meets first."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenroom_pipeline.access import read_name
from greenroom_pipeline.api.mount import is_api, mount_api

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_FORWARDED = ("forwarded", "x-forwarded-", "x-real-ip", "via")


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
    """Refuses requests that another origin's page or a proxy makes, and sends headers that keep pages private.

    A request must ask for one of *hosts*: a page that rebinds its own name to this machine does not. The pages have
    no sign-in, so what comes through a proxy gets none, whatever Host it gives. On *api_port*, which is a proxy's,
    the API alone is answered, and under any name: it asks everyone for a credential.

    Streamlit by itself accepts a WebSocket from any port of this machine, where previews are too, and looks
    an unknown origin up by asking a server on the internet for its own address.
    """

    def __init__(
        self, app: ASGIApp, *, policy: str, hosts: Iterable[str], api_port: int | None = None
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._api_port = api_port
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
        if self._api_port is not None and _read_port(scope) == self._api_port:
            if not _asks_api(scope):
                return _refuse(scope, "Only the API is answered here, below /api.", 404)
        elif _is_forwarded(scope, headers):
            return _refuse(
                scope, "Nothing is answered through a proxy here; give it the port of --api-port.", 400
            )
        elif read_name(headers.get("host", "")) not in self._hosts:
            return _refuse(scope, "Only this machine's own names are answered, such as 127.0.0.1.", 400)
        if not _same_origin(headers):
            return _refuse(scope, "Another site's page asked for this.", 403)
        # Streamlit tells anybody how many people are there.
        if scope["path"].rstrip("/") == "/_stcore/metrics":
            return _refuse(scope, "There are no metrics here.", 404)
        return None


class ApiMiddleware:
    """Hands what is the API's to it, before Streamlit answers some paths with an error of its own."""

    def __init__(self, app: ASGIApp, *, api: Starlette) -> None:
        self._app = app
        self._api = Starlette(routes=mount_api(api))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._api if _asks_api(scope) else self._app)(scope, receive, send)


def _asks_api(scope: Scope) -> bool:
    return scope["type"] == "http" and is_api(scope["path"])


def _refuse(scope: Scope, message: str, status: int) -> Response:
    """Return a refusal: for the API in the one shape of errors."""
    if _asks_api(scope):
        return JSONResponse({"error": message, "detail": []}, status_code=status)
    return PlainTextResponse(message, status_code=status)


def _read_port(scope: Scope) -> int | None:
    """Return the port that the request came in by, whatever it says of itself."""
    server: tuple[str, int | None] | None = scope.get("server")
    return server[1] if server else None


def _is_forwarded(scope: Scope, headers: Headers) -> bool:
    """Say whether a proxy asks. nginx may add nothing, but then it asks in HTTP/1.0, as no browser does."""
    return scope.get("http_version") == "1.0" or any(name.startswith(_FORWARDED) for name in headers)


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2].lower() == headers.get("host", "").lower()
