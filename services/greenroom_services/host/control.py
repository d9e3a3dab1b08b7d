"""The control API: what the front and the command line ask of the host, on a Unix socket that is theirs."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from greenroom_services.host.answers import EXCEPTION_HANDLERS, read_address, refuse
from greenroom_services.host.deployment import Deployments
from greenroom_services.host.metrics import expose, write_metrics
from greenroom_services.host.openapi import describe_control
from greenroom_services.host.passage import Bounds, Passage, find_refusal
from greenroom_services.host.slots import Slots
from greenroom_services.host.upkeep import sweep
from greenroom_services.previews import Address, OpenPulls, PreviewState

BOUNDS = Bounds()


class Visit(Response):
    """A preview's own answer to a person, streamed while the visit lasts."""

    def __init__(self, slots: Slots, address: Address, path: str) -> None:
        super().__init__()
        self._slots = slots
        self._address = address
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        passage = Passage(scope, receive, send, bounds=BOUNDS)
        async with self._slots.visit(self._address, patience=self._slots.limits.patience) as preview:
            await passage.carry(preview.people, self._path)


class Control:
    """The endpoints, over one host's slots; *gateway* is the address that programs are told."""

    def __init__(self, slots: Slots, *, gateway: str) -> None:
        self._slots = slots
        self._deployments = Deployments(slots)
        self._metrics = expose(slots.shown, slots.wake_seconds)
        self._gateway = gateway

    def app(self) -> Starlette:
        slot = "/previews/{project}/{slot}"
        routes = [
            Route("/previews", self.list_previews),
            Route(slot, self.show, methods=["GET"]),
            Route(slot, self.deploy, methods=["PUT"]),
            Route(slot, self.remove, methods=["DELETE"]),
            Route(slot + "/log", self.log),
            Route(slot + "/wake", self.wake, methods=["POST"]),
            Route(slot + "/sleep", self.sleep, methods=["POST"]),
            Route(slot + "/keep-awake", self.keep_awake, methods=["PUT"]),
            Route(slot + "/keep-awake", self.let_sleep, methods=["DELETE"]),
            Route(slot + "/{path}", self.query, methods=["POST"]),
            Route("/sweep", self.sweep, methods=["POST"]),
            Route("/metrics", self.metrics),
            Route("/openapi.json", self.describe),
        ]
        return Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)

    async def list_previews(self, _: Request) -> Response:
        await self._slots.measure()
        return JSONResponse({"previews": [self._document(state) for _, state in self._slots.shown()]})

    async def show(self, request: Request) -> Response:
        return self._answer(self._slots.state(read_address(request)))

    async def deploy(self, request: Request) -> Response:
        digest = request.headers.get("content-digest", "")
        try:
            state = await self._deployments.deploy(read_address(request), request.stream(), digest=digest)
        except ClientDisconnect:
            return refuse("the bundle broke off; send it again", 400)
        return self._answer(state)

    async def remove(self, request: Request) -> Response:
        return self._answer(await self._slots.remove(read_address(request)))

    async def log(self, request: Request) -> Response:
        return JSONResponse({"log": self._slots.log(read_address(request))})

    async def wake(self, request: Request) -> Response:
        return self._answer(await self._slots.wake(read_address(request)))

    async def sleep(self, request: Request) -> Response:
        return self._answer(await self._slots.sleep(read_address(request)))

    async def keep_awake(self, request: Request) -> Response:
        return self._answer(self._slots.keep_awake(read_address(request), kept=True))

    async def let_sleep(self, request: Request) -> Response:
        return self._answer(self._slots.keep_awake(read_address(request), kept=False))

    async def sweep(self, request: Request) -> Response:
        try:
            pulls = OpenPulls.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "the request"
            return refuse(f"{where}: {first['msg']}", 400)
        removed = await sweep(self._slots, pulls.project, open=pulls.open)
        return JSONResponse({"previews": [self._document(state) for state in removed]})

    async def metrics(self, _: Request) -> Response:
        return Response(await self.measure(), media_type=CONTENT_TYPE_LATEST)

    async def measure(self) -> bytes:
        """Return the metrics as they are now, in Prometheus' text format."""
        await self._slots.measure()
        return write_metrics(self._metrics)

    async def describe(self, _: Request) -> Response:
        return JSONResponse(describe_control())

    async def query(self, request: Request) -> Response:
        path = request.path_params["path"]
        if path not in ("predict", "describe"):
            return refuse(f"a preview is asked to predict or to describe, not to {path!r}", 404)
        return find_refusal(request.scope) or Visit(self._slots, read_address(request), f"/{path}")

    def _answer(self, state: PreviewState) -> Response:
        return JSONResponse(self._document(state))

    def _document(self, state: PreviewState) -> dict[str, object]:
        address = f"{self._gateway}/p/{state.project}/{state.slot}"
        return state.model_copy(update={"address": address}).model_dump(mode="json")
