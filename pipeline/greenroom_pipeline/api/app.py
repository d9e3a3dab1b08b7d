"""The HTTP API under /api: who asks for what, how much may come, and what is answered."""

from __future__ import annotations

import asyncio
import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from greenroom_pipeline.api.documents import Health, PullState, Rights, as_json
from greenroom_pipeline.api.identity import KnownSenders, Sender, Senders, TokenSenders, read_bearer
from greenroom_pipeline.api.openapi import describe_api
from greenroom_pipeline.api.refusals import EXCEPTION_HANDLERS, HEADERS
from greenroom_pipeline.api.session_route import SessionRoute
from greenroom_pipeline.api.sessions import PREFIX as SESSION
from greenroom_pipeline.api.turns import Turns
from greenroom_pipeline.api.webhooks import Webhooks
from greenroom_pipeline.events.inbox import FILE, Inbox
from greenroom_pipeline.forge.registration import read_registration
from greenroom_pipeline.places import Places, find_places
from greenroom_services.bundle import receive_bundle
from greenroom_services.bundle_checks import MIB, BundleLimits, read_digest
from greenroom_services.tokens import PREFIX as TOKEN
from greenroom_services.tokens import TokenStore

if TYPE_CHECKING:
    from greenroom_pipeline.api.exchange import Exchange
    from greenroom_pipeline.api.reception import Reception

LIMITS = BundleLimits()
MOST_BUNDLES = 8
"""Taken in at once: each may wait for its preview, and takes disk."""


class PullNumber(Convertor[int]):
    """A pull request's number in a path, as long as one can be; anything longer is no path of the API."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("pull", PullNumber())


class Api:
    """The endpoints over one reception, which is opened by whoever first needs it.

    *exchange* gives sessions for the OIDC tokens of jobs; None where the server knows no repository on GitHub.
    """

    def __init__(
        self,
        tokens: Senders,
        open_reception: Callable[[], Reception],
        *,
        exchange: Exchange | None = None,
        webhooks: Webhooks | None = None,
    ) -> None:
        sessions = {SESSION: exchange.sessions} if exchange else {}
        self._senders = KnownSenders({TOKEN: tokens, **sessions})
        self._webhooks = webhooks
        self._open = open_reception
        self._publishes = exchange is not None and exchange.publishes
        self._sessions = SessionRoute(exchange, lambda: self._open_once().project)
        self._opened: Reception | None = None
        self._opening = Lock()
        self._bundles = Turns(MOST_BUNDLES, refusal="many bundles are being taken in; send it again soon")
        self._writing: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def app(self) -> Starlette:
        project, pull = "/projects/{project}", "/projects/{project}/pulls/{number:pull}"
        routes = [
            Route("/health", self.health),
            Route("/openapi.json", self.openapi),
            Route("/sender", self.sender),
            Route("/sessions", self._sessions.open, methods=["POST"]),
            Route(f"{project}/champion", self.champion),
            Route(f"{project}/champion/model", self.champion_model),
            Route(f"{project}/champion/predictions", self.champion_predictions),
            Route(pull, self.pull),
            Route(f"{pull}/bundle", self.take_bundle, methods=["PUT"]),
        ]
        if self._webhooks is not None:
            routes.append(Route("/github/events", self._webhooks.receive, methods=["POST"]))
        app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
        app.router.redirect_slashes = False
        return app

    async def health(self, _: Request) -> Response:
        return JSONResponse(as_json(Health(version=version("greenroom"))))

    async def openapi(self, _: Request) -> Response:
        return JSONResponse(describe_api())

    async def sender(self, request: Request) -> Response:
        found = self._identify(request)
        rights = Rights(project=found.project, slot=found.slot, publishes=self._publishes)
        return JSONResponse(as_json(rights))

    async def champion(self, request: Request) -> Response:
        reception = await self._enter(request)
        state = await asyncio.to_thread(reception.champion)
        if state is None:
            raise HTTPException(404, "there is no champion yet; the first one is promoted on the server")
        return JSONResponse(as_json(state))

    async def champion_model(self, request: Request) -> Response:
        reception = await self._enter(request)
        held = ExitStack()
        packed = await asyncio.to_thread(held.enter_context, reception.packed_champion())
        if packed is None:
            raise HTTPException(404, "there is no champion yet; the first one is promoted on the server")
        return StreamingResponse(_until_sent(packed.chunks(), held), headers=packed.headers())

    async def champion_predictions(self, request: Request) -> Response:
        reception = await self._enter(request)
        holdout = request.query_params.get("holdout", "")
        if re.fullmatch("[0-9a-f]{64}", holdout) is None:
            raise HTTPException(400, "name a holdout by its digest: ?holdout= and 64 hexadecimal digits")
        path = await asyncio.to_thread(reception.predictions, holdout)
        if path is None:
            raise HTTPException(
                404, f"the champion was not scored on holdout {holdout[:12]}; score it yourself"
            )
        return FileResponse(path, media_type="application/vnd.apache.parquet", filename=path.name)

    async def pull(self, request: Request) -> Response:
        self._require_own(request)
        reception, number = await self._enter(request), request.path_params["number"]
        state = await asyncio.to_thread(reception.pull, number)
        if state is None:
            raise HTTPException(404, f"no run of pull request {number} has finished; hand in its bundle")
        return JSONResponse(as_json(state))

    async def take_bundle(self, request: Request) -> Response:
        sender, number = self._require_own(request), request.path_params["number"]
        reception = await self._enter(request)
        digest = _read_headers(request)
        # One bundle of a slot at a time, from its first byte on: what waits takes no disk.
        async with self._writing[number]:
            with self._bundles.take(), reception.make_room() as folder:
                state = await self._take(request, reception, sender, digest=digest, into=Path(folder) / "it")
        return JSONResponse(as_json(state))

    async def _take(
        self, request: Request, reception: Reception, sender: Sender, *, digest: str, into: Path
    ) -> PullState:
        bundle = await receive_bundle(request.stream(), digest=digest, into=into, limits=LIMITS)
        if sender.sha not in (None, bundle.manifest.sha):
            raise HTTPException(
                403,
                f"this credential is for commit {str(sender.sha)[:7]}, and the bundle is of"
                f" {bundle.manifest.sha[:7]}; run the newest commit",
            )
        return await self._bundles.run(reception.take_in, bundle, request.path_params["number"])

    def _identify(self, request: Request) -> Sender:
        credential = read_bearer(request.headers.get("authorization", ""))
        sender = None if credential is None else self._senders.find(credential)
        if sender is None:
            raise HTTPException(
                401,
                "the API asks for a session or a token of scope deploy that lives: Authorization: Bearer …;"
                " `greenroom token create` makes one",
                headers=HEADERS[401],
            )
        return sender

    def _require_own(self, request: Request) -> Sender:
        """Return who sends, whose pull request it must be that the path names."""
        sender, path = self._identify(request), request.path_params
        if not sender.may_write(path["project"], path["number"]):
            raise HTTPException(
                403,
                f"this credential is not for pull request {path['number']} of {path['project'][:50]}; use its own",
            )
        return sender

    async def _enter(self, request: Request) -> Reception:
        """Return the reception of the project in the path, to someone who may read there."""
        project = request.path_params["project"]
        if not self._identify(request).may_read(project):
            raise HTTPException(403, f"this credential is not for project {project[:50]}; use its own")
        return await self._reception(project)

    async def _reception(self, project: str) -> Reception:
        reception = await asyncio.to_thread(self._open_once)
        if project != reception.project.name:
            raise HTTPException(
                404, f"no project {project[:50]!r} is served here; this is {reception.project.name}"
            )
        return reception

    def _open_once(self) -> Reception:
        with self._opening:
            if self._opened is None:
                self._opened = self._open()
            return self._opened


def _read_headers(request: Request) -> str:
    """Return the bundle's Content-Digest; what the headers alone show to be wrong is refused before any byte."""
    digest = request.headers.get("content-digest")
    if digest is None:
        raise HTTPException(400, "a bundle comes with its SHA-256: Content-Digest: sha-256=:…:")
    read_digest(digest)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LIMITS.size:
        raise HTTPException(413, f"the bundle is larger than {LIMITS.size // MIB} MiB; pack a smaller model")
    return digest


async def _until_sent(chunks: Iterator[bytes], held: ExitStack) -> AsyncIterator[bytes]:
    """Give the chunks, read in a thread each, and let go of what they are read from."""
    try:
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk
    finally:
        held.close()


def build_api(environ: Mapping[str, str] = os.environ) -> Starlette:
    """Return the API of the project in `GREENROOM_REPOSITORY`, by default the current folder."""

    def open_reception() -> Reception:
        # What needs MLflow is imported by the first request that does: the portal's start waits for none of it.
        from greenroom_pipeline.api.reception import open_reception

        return open_reception(environ)

    places = find_places(Path(environ.get("GREENROOM_REPOSITORY") or Path.cwd()), environ)
    tokens = TokenSenders(TokenStore(places.tokens))
    webhooks = Webhooks(read_registration(places.home), Inbox(places.home / FILE))
    return Api(tokens, open_reception, exchange=_open_exchange(places), webhooks=webhooks).app()


def _open_exchange(places: Places) -> Exchange | None:
    registration = read_registration(places.home)
    if registration is None:
        return None
    # Cryptography is loaded by a server that needs it.
    from greenroom_pipeline.api.exchange import open_exchange

    return open_exchange(registration, places.home)
