"""The control API: what the front and the command line ask of the host, on a Unix socket that is theirs."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from greenroom_services.host.answers import EXCEPTION_HANDLERS, read_address, refuse
from greenroom_services.host.passage import Bounds, Passage, find_refusal
from greenroom_services.host.slots import Slots
from greenroom_services.previews import Address, Deployment, PreviewState

BOUNDS = Bounds()
# A person's question is held for less: who asks can say that it starts.
PATIENCE_SECONDS = 0.0


class Visit(Response):
    """A preview's own answer to a person, streamed while the visit lasts."""

    def __init__(self, slots: Slots, address: Address, path: str) -> None:
        super().__init__()
        self._slots = slots
        self._address = address
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        passage = Passage(scope, receive, send, bounds=BOUNDS)
        async with self._slots.visit(self._address, patience=PATIENCE_SECONDS) as preview:
            await passage.carry(preview.people, self._path)


class Control:
    """The endpoints, over one host's slots; *gateway* is the address that programs are told."""

    def __init__(self, slots: Slots, *, gateway: str) -> None:
        self._slots = slots
        self._gateway = gateway

    def app(self) -> Starlette:
        slot = "/previews/{project}/{slot}"
        routes = [
            Route("/previews", self.list_previews),
            Route(slot, self.show, methods=["GET"]),
            Route(slot, self.deploy, methods=["PUT"]),
            Route(slot, self.remove, methods=["DELETE"]),
            Route(slot + "/log", self.log),
            Route(slot + "/{path}", self.query, methods=["POST"]),
        ]
        return Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)

    async def list_previews(self, _: Request) -> Response:
        states = [self._slots.state(address) for address in self._slots.addresses()]
        return JSONResponse({"previews": [self._document(state) for state in states]})

    async def show(self, request: Request) -> Response:
        return JSONResponse(self._document(self._slots.state(read_address(request))))

    async def deploy(self, request: Request) -> Response:
        address = read_address(request)
        try:
            deployment = Deployment.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "the request"
            return refuse(f"{where}: {first['msg']}", 400)
        return JSONResponse(self._document(await self._slots.deploy(address, deployment)))

    async def remove(self, request: Request) -> Response:
        return JSONResponse(self._document(await self._slots.remove(read_address(request))))

    async def log(self, request: Request) -> Response:
        return JSONResponse({"log": self._slots.log(read_address(request))})

    async def query(self, request: Request) -> Response:
        path = request.path_params["path"]
        if path not in ("predict", "describe"):
            return refuse(f"a preview is asked to predict or to describe, not to {path!r}", 404)
        return find_refusal(request.scope) or Visit(self._slots, read_address(request), f"/{path}")

    def _document(self, state: PreviewState) -> dict[str, object]:
        address = f"{self._gateway}/p/{state.project}/{state.slot}"
        return state.model_copy(update={"address": address}).model_dump(mode="json")
