"""The gateway: carries programs' requests to previews under /p/{project}/{slot}/…, for a token."""

from __future__ import annotations

import secrets

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from greenroom_services.host.answers import EXCEPTION_HANDLERS, forward, read_address, refuse
from greenroom_services.host.slots import Slots

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
# BentoML's own door for pickles; closed there too, but it had holes before.
REFUSED_TYPE = "application/vnd.bentoml+pickle"


class Gateway:
    def __init__(self, slots: Slots, *, token: str) -> None:
        self._slots = slots
        self._token = token.encode()

    def app(self) -> Starlette:
        route = Route("/p/{project}/{slot}/{path:path}", self.carry, methods=["GET", "POST"])
        return Starlette(routes=[route], exception_handlers=EXCEPTION_HANDLERS)

    async def carry(self, request: Request) -> Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        preview = self._slots.awake(read_address(request))
        answer = await forward(preview, request, request.path_params["path"])
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    def _refusal(self, request: Request) -> Response | None:
        # A page that rebinds its own name to loopback does not know the token, but may not even ask.
        if request.url.hostname not in LOOPBACK_NAMES:
            return refuse(f"the gateway is not known as {request.url.hostname!r}; ask 127.0.0.1", 400)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), self._token):
            message = "the gateway asks for its token: Authorization: Bearer …; host.json names its file"
            return refuse(message, 401, headers={"WWW-Authenticate": "Bearer"})
        if REFUSED_TYPE in request.headers.get("content-type", "").lower():
            return refuse(f"content type {REFUSED_TYPE} is never passed on; send JSON", 415)
        return None
