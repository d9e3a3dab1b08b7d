"""The gateway: carries programs' requests to previews under /p/{project}/{slot}/…, for a token."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from greenroom_services.host.answers import (
    BODY_SECONDS,
    EXCEPTION_HANDLERS,
    Held,
    forward,
    read_address,
    refuse,
)
from greenroom_services.host.folder import TOKEN_CHARACTERS
from greenroom_services.host.slots import Slots

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
# BentoML's own door for pickles; closed there too, but it had holes before.
REFUSED_TYPE = "application/vnd.bentoml+pickle"
READ = frozenset({"GET", "HEAD"})
# All that a Bento offers: its own two questions, and what BentoML adds.
OFFERED = {
    "predict": frozenset({"POST"}),
    "describe": frozenset({"POST"}),
    **dict.fromkeys(("readyz", "livez", "healthz", "metrics", "docs.json"), READ),
}


class Gateway:
    """The endpoints, over one host's slots; a request's body must be there within *body_seconds*."""

    def __init__(self, slots: Slots, *, token: str, body_seconds: float = BODY_SECONDS) -> None:
        if len(token) < TOKEN_CHARACTERS:
            raise ValueError(f"the gateway's token needs at least {TOKEN_CHARACTERS} characters")
        self._body_seconds = body_seconds
        self._slots = slots
        self._token = token.encode()

    def app(self) -> Starlette:
        route = Route("/p/{project}/{slot}/{path}", self.carry, methods=["GET", "POST"])
        app = Starlette(routes=[route], exception_handlers=EXCEPTION_HANDLERS)
        app.router.redirect_slashes = False
        return app

    async def carry(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        path = request.path_params["path"]
        if request.method not in OFFERED.get(path, ()):
            return refuse(f"a preview has no {request.method} {path!r}; its /docs.json says what it has", 404)
        async with AsyncExitStack() as stack:
            patience = self._slots.limits.patience
            preview = await stack.enter_async_context(
                self._slots.visit(read_address(request), patience=patience)
            )
            answer = await forward(preview.programs, request, path, body_seconds=self._body_seconds)
            answer.headers["X-Robots-Tag"] = "noindex"
            return Held(answer, stack.pop_all())

    def _refusal(self, request: Request) -> Response | None:
        # A page that rebinds its own name to loopback does not know the token, but may not even ask.
        host = request.headers.get("host", "")
        if _read_name(host) not in LOOPBACK_NAMES:
            return refuse(f"the gateway is not known as {host[:80]!r}; ask 127.0.0.1", 400)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), self._token):
            message = "the gateway asks for its token: Authorization: Bearer …; host.json names its file"
            return refuse(message, 401, headers={"WWW-Authenticate": "Bearer"})
        if REFUSED_TYPE in request.headers.get("content-type", "").lower():
            return refuse(f"content type {REFUSED_TYPE} is never passed on; send JSON", 415)
        return None


def _read_name(host: str) -> str | None:
    """Return the name in a Host header without its port; None for what is no host."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
