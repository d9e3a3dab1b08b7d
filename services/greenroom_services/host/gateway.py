"""The gateway: carries programs' requests and WebSockets to previews, and tells people how to ask them."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from greenroom_services.errors import PreviewAbsent, PreviewFailed, PreviewStarting, ServiceError
from greenroom_services.host.answers import RETRY_SECONDS, explain, refuse
from greenroom_services.host.channel import Channel
from greenroom_services.host.limits import HostLimits
from greenroom_services.host.names import LOOPBACK_NAMES, Entrance, is_foreign, read_name
from greenroom_services.host.openapi import describe_gateway
from greenroom_services.host.pace import Crowd, Crowded, Pace
from greenroom_services.host.pages import show_awake, show_failed, show_nothing, show_waking
from greenroom_services.host.passage import Bounds, Passage, find_refusal
from greenroom_services.host.paths import Target, find_methods, read_target
from greenroom_services.previews import Address, PreviewState
from greenroom_services.tokens import Token, TokenStore

log = logging.getLogger(__name__)

READ = ("GET", "HEAD")
Measure = Callable[[], Awaitable[bytes]]
PRIVATE = {"X-Robots-Tag": "noindex", "Cache-Control": "no-store"}


@dataclass(frozen=True)
class GatewayLimits:
    """What the gateway lets through, besides the bounds of a single request; times in seconds."""

    bounds: Bounds = field(default_factory=Bounds)
    patience: float = HostLimits.patience
    """How long a request is held while its preview wakes."""
    channel_idle: float = 600.0
    """How long nothing may be said on a WebSocket."""
    recheck: float = 5.0
    """How often it is asked whether the token of an open WebSocket still counts."""
    crowd: int = 64
    """Requests and WebSockets that one preview answers at once."""
    rate: float = 50.0
    """Requests of one token, each second."""
    burst: float = 200.0
    """Requests of one token at once, after a pause."""


class Reached(Protocol):
    """A preview that answers, as far as the gateway asks it."""

    @property
    def programs(self) -> aiohttp.ClientSession: ...

    @property
    def routes(self) -> tuple[str, ...]: ...


class Visits(Protocol):
    """The way to a preview; it wakes one that sleeps."""

    def visit(self, address: Address, *, patience: float) -> AbstractAsyncContextManager[Reached]: ...

    def state(self, address: Address) -> PreviewState: ...

    def known_routes(self, address: Address) -> tuple[str, ...] | None:
        """Return the routes of what was deployed, without a visit; None where that is still being tried out."""
        ...


class Refused(Exception):
    """The request goes no further than here."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


class Gateway:
    """The ASGI application, over one host's previews; without *tokens* it asks for none."""

    def __init__(
        self,
        visits: Visits,
        *,
        entrance: Entrance,
        tokens: TokenStore | None,
        limits: GatewayLimits | None = None,
        measure: Measure | None = None,
    ) -> None:
        self._visits = visits
        self._entrance = entrance
        self._tokens = tokens
        self._measure = measure
        self._limits = limits or GatewayLimits()
        self._pace = Pace(rate=self._limits.rate, burst=self._limits.burst)
        self._crowd = Crowd(most=self._limits.crowd)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        send = _keep_private(send)
        try:
            await self._answer(scope, receive, send)
        except Refused as refused:
            await refused.answer(scope, receive, send)
        except ServiceError as error:
            await explain(error)(scope, receive, send)
        except Exception as error:
            log.exception("a request through the gateway met a defect")
            await refuse(f"the gateway has a defect ({type(error).__name__}); its log says more", 500)(
                scope, receive, send
            )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = self._admit(scope)
        if target is None:
            answer = await self._answer_itself(scope)
            await answer(scope, receive, send)
        elif target.path in ("", "/") and scope["type"] == "http":
            answer = await self._show(scope, target)
            await answer(scope, receive, send)
        else:
            await self._carry(scope, receive, send, target)

    def _admit(self, scope: Scope) -> Target | None:
        """Return what of a preview is asked; None where the gateway itself is; `Refused` for who may not."""
        refusal = find_refusal(scope)
        if refusal is not None:
            raise Refused(refusal)
        headers = Headers(scope=scope)
        named = self._entrance.read(headers["host"])
        if not named.known:
            shown = repr(headers["host"][:80])
            raise Refused(refuse(f"the gateway is not known as {shown}", 421 if named.plain else 400))
        if is_foreign(headers, method=scope.get("method", "WEBSOCKET")):
            raise Refused(refuse("another site's page asked for this, which no page may", 403))
        if named.of_preview and named.preview is None:
            raise Refused(refuse("no preview has this name; it is SLOT--PROJECT and the domain", 404))
        target = read_target(scope["path"], preview=named.preview)
        if target is not None:
            self._check_token(headers, target)
        return target

    def _check_token(self, headers: Headers, target: Target) -> None:
        if self._tokens is None:
            return
        token = _find_token(self._tokens, headers, target)
        if token is None:
            message = (
                "the gateway asks for a token that lives and is for this preview: Authorization: Bearer grt_…"
            )
            raise Refused(refuse(message, 401, headers={"WWW-Authenticate": "Bearer"}))
        wait = self._pace.take(token.id, now=time.monotonic())
        if wait:
            seconds = str(int(wait) + 1)
            message = f"token {token.id} asks too often; wait {seconds} s"
            raise Refused(refuse(message, 429, headers={"Retry-After": seconds}))

    def _still_allows(self, scope: Scope, target: Target) -> bool:
        return self._tokens is None or _find_token(self._tokens, Headers(scope=scope), target) is not None

    async def _answer_itself(self, scope: Scope) -> Response:
        if scope["path"] == "/openapi.json" and scope["type"] == "http":
            _require_method(scope, READ)
            return JSONResponse(describe_gateway(tokens=self._tokens is not None), headers=PRIVATE)
        if scope["path"] == "/metrics" and scope["type"] == "http" and self._is_near(scope):
            _require_method(scope, READ)
            assert self._measure is not None
            return Response(await self._measure(), media_type=CONTENT_TYPE_LATEST, headers=PRIVATE)
        return refuse(
            "there is nothing; a preview is at /p/{project}/{slot}/, and /openapi.json says more", 404
        )

    def _is_near(self, scope: Scope) -> bool:
        """Say whether this machine itself asks for the metrics: not through a proxy, which keeps the public name."""
        near = self._entrance.loopback and read_name(Headers(scope=scope)["host"]) in LOOPBACK_NAMES
        return near and self._measure is not None

    async def _carry(self, scope: Scope, receive: Receive, send: Send, target: Target) -> None:
        if scope["type"] == "http" and (methods := find_methods(target.path)):
            _require_method(scope, methods)
        self._require_path(target)
        try:
            with self._crowd.enter(target.address):
                async with self._visits.visit(target.address, patience=self._limits.patience) as preview:
                    await self._pass(scope, receive, send, target, preview)
        except Crowded:
            message = f"the preview answers {self._limits.crowd} requests already; ask again in a moment"
            raise Refused(refuse(message, 503, headers={"Retry-After": RETRY_SECONDS})) from None

    def _require_path(self, target: Target) -> None:
        """Refuse, before a preview is woken, what its bundle is known not to have."""
        routes = self._visits.known_routes(target.address)
        if routes is not None and not find_methods(target.path, routes):
            raise Refused(_tell_no_path(target))

    async def _pass(
        self, scope: Scope, receive: Receive, send: Send, target: Target, preview: Reached
    ) -> None:
        methods = find_methods(target.path, preview.routes)
        if not methods:
            raise Refused(_tell_no_path(target))
        if scope["type"] == "http":
            _require_method(scope, methods)
            passage = Passage(scope, receive, send, bounds=self._limits.bounds)
            await passage.carry(preview.programs, target.path)
            return
        channel = Channel(
            scope,
            receive,
            send,
            handshake=self._limits.bounds.answer_idle,
            idle=self._limits.channel_idle,
            allowed=lambda: self._still_allows(scope, target),
            recheck=self._limits.recheck,
        )
        await channel.carry(preview.programs, target.path)

    async def _show(self, scope: Scope, target: Target) -> Response:
        """Return the page for people; it wakes the preview, and does not wait for it."""
        _require_method(scope, READ)
        if "text/html" not in Headers(scope=scope).get("accept", ""):
            return refuse("this is a page for people; a program asks predict or describe below it", 404)
        if not target.path:
            return RedirectResponse(f"/p/{target.address}/", 308, headers=PRIVATE)
        try:
            async with self._visits.visit(target.address, patience=0):
                pass
        except PreviewStarting:
            return show_waking(target.address)
        except PreviewFailed as error:
            return show_failed(target.address, error)
        except PreviewAbsent as error:
            return show_nothing(target.address, error)
        state = self._visits.state(target.address)
        return show_awake(state, address=self._tell_address(scope, target), token=self._tokens is not None)

    def _tell_address(self, scope: Scope, target: Target) -> str:
        """Return where the preview is asked, by the name that this request came to."""
        host = Headers(scope=scope)["host"]
        scheme = "http" if self._entrance.loopback or self._entrance.name is None else "https"
        path = scope["path"].removesuffix("/")
        return f"{scheme}://{host}{path}"


def _find_token(tokens: TokenStore, headers: Headers, target: Target) -> Token | None:
    """Return the request's token, if it lives and is for this preview."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return tokens.verify(text.strip(), "query", target.address.project, target.address.slot)


def _tell_no_path(target: Target) -> Response:
    return refuse(f"a preview has no {target.path[:200]!r}; its /docs.json says what it has", 404)


def _keep_private(send: Send) -> Send:
    """Have every answer say that no search engine is to list it, refusals too."""
    name, value = b"x-robots-tag", b"noindex"

    async def send_privately(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            others = [header for header in message.get("headers", ()) if header[0].lower() != name]
            message = {**message, "headers": [*others, (name, value)]}
        await send(message)

    return send_privately


def _require_method(scope: Scope, methods: tuple[str, ...]) -> None:
    """Answer OPTIONS, which no preview gets to see, and refuse other methods than these."""
    allow = {"Allow": ", ".join((*methods, "OPTIONS")), **PRIVATE}
    if scope["method"] == "OPTIONS":
        raise Refused(Response(status_code=204, headers=allow))
    if scope["method"] not in methods:
        message = f"{scope['path'][:200]} takes {' or '.join(methods)}, not {scope['method']}"
        raise Refused(refuse(message, 405, headers=allow))
