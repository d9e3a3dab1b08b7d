"""The OpenAPI documents say what the gateway, the control API and the server's API do."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import FlakyFailure, Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from greenroom_pipeline.api.openapi import describe_api
from greenroom_services.bundle import MEDIA_TYPE
from greenroom_services.host.control import Control
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.names import Entrance
from greenroom_services.host.openapi import describe_control, describe_gateway
from greenroom_services.host.server import listen_gateway, make_server
from greenroom_services.host.slots import Slots
from greenroom_services.previews import Address
from tests.contract.thread_previews import ThreadRuntime, bento_folder, deploy_bento
from tests.exchanges import Registered, serving_registered
from tests.gateways import gateway_before
from tests.submissions import PROJECT

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
schemathesis.serializer.alias(MEDIA_TYPE, "application/octet-stream")
SLOT = {"project": "flights", "slot": "7"}
few = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize(
    "document", [describe_gateway(tokens=True), describe_gateway(tokens=False), describe_control()]
)
def test_the_documents_are_openapi(document: dict[str, Any]) -> None:
    """Each document is valid OpenAPI, and names nothing that is not in it."""
    validate(document)


async def answer_typed(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as a preview does: JSON to questions, text to the rest."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    texts = scope["path"] in ("/readyz", "/livez", "/healthz", "/metrics")
    kind, body = (b"text/plain", b"ok") if texts else (b"application/json", b"{}")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    with gateway_before(answer_typed) as running:
        yield running.address


GATEWAY = schemathesis.openapi.from_dict(describe_gateway(tokens=False))
CONTROL = schemathesis.openapi.from_dict(describe_control())
API = schemathesis.openapi.from_dict(describe_api())


def operations(schema: Any) -> dict[str, Any]:
    """Return the operations of a document by their labels; those that remove what others ask for come last."""
    found = [operation.ok() for operation in schema.get_all_operations()]
    return {each.label: each for each in sorted(found, key=lambda each: each.method.lower() == "delete")}


def try_out(
    operation: Any, *, address: str, checks: list[Any] = CHECKS, headers: dict[str, str] | None = None
) -> None:
    """Ask what the document allows and what it does not, and hold the answers against it."""

    @few
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask_properly(case: Any) -> None:
        if case.path_parameters and "project" in case.path_parameters:
            case.path_parameters.update(SLOT)
        case.call_and_validate(base_url=address, checks=checks, headers=headers)

    @few
    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def ask_badly(case: Any) -> None:
        case.call_and_validate(base_url=address, checks=checks, headers=headers)

    try:
        ask_properly()
    except (FlakyFailure, SystemError):
        # CPython before 3.11.8 loses count of its depth in `ast` now and then (gh-106905), and hypothesis shows it.
        ask_properly()
    with suppress(Unsatisfiable):  # where nothing is given, nothing can be given wrongly
        ask_badly()


@pytest.mark.parametrize("label", operations(GATEWAY))
def test_the_gateway_does_what_it_says(gateway: str, label: str) -> None:
    """Whatever is asked, the gateway answers as its document says, and never with a defect."""
    try_out(operations(GATEWAY)[label], address=gateway)


@pytest.fixture(scope="module")
def control() -> Iterator[str]:
    """The control API of a host with a preview in flights/7, on a port for the test."""
    with tempfile.TemporaryDirectory(prefix="gr-") as folder, control_running(Path(folder)) as address:
        yield address


@contextmanager
def control_running(folder: Path) -> Iterator[str]:
    started, stop, found = threading.Event(), asyncio.Event(), list[str]()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        runtime = ThreadRuntime(answer_question)
        (folder / "run").mkdir()
        slots = Slots(
            HostFolder(folder / "state"), run_folder=folder / "run", cache=folder / "cache", runtime=runtime
        )
        await deploy_bento(slots, bento_folder(folder / "bento"), Address(**SLOT))
        listener = listen_gateway(Entrance())
        server = make_server(Control(slots, gateway="http://127.0.0.1:1").app())
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        found.append(f"http://127.0.0.1:{listener.getsockname()[1]}")
        started.set()
        await stop.wait()
        server.should_exit = True
        await serving
        await slots.close()
        await loop.shutdown_default_executor()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert started.wait(60)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def answer_question(request: Request) -> JSONResponse:
    model = {"name": "flights", "version": "v1", "digest": None}
    if request.url.path == "/predict":
        return JSONResponse({"predictions": [], "probabilities": None, "model": model})
    return JSONResponse({"signature": {}, "profile": {"features": []}, "task": "binary", "model": model})


@pytest.mark.parametrize("label", operations(CONTROL))
def test_the_control_api_does_what_it_says(control: str, label: str) -> None:
    """So does the control API: no bundle, name or body makes it fail in a way that its document does not name."""
    try_out(operations(CONTROL)[label], address=control)


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Iterator[Registered]:
    """A server that takes jobs' identities, with pull request 7."""
    with serving_registered(tmp_path_factory.mktemp("api") / PROJECT, tables=tables) as running:
        yield running


@pytest.mark.parametrize("label", operations(API))
def test_the_servers_api_does_what_it_says(registered: Registered, label: str) -> None:
    """Nor does the server's API answer a stranger or a job with anything that its document does not name."""
    operation, address = operations(API)[label], f"{registered.address}/api"
    try_out(operation, address=address)
    try_out(operation, address=address, headers={"Authorization": f"Bearer {registered.session()}"})
