"""The preview host deploys, switches, routes, restores and refuses, as the front and programs see it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from greenroom_services.bento import PackagedBento
from greenroom_services.client import HostClient, endpoints, host_running
from greenroom_services.errors import (
    HostAbsent,
    HostError,
    PreviewAbsent,
    PreviewFailed,
    PreviewStarting,
    QueryRefused,
    RequirementsError,
)
from greenroom_services.host.control import Control
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.gateway import Gateway
from greenroom_services.host.launch import HostProcess, launch_host, temporary_host
from greenroom_services.host.names import Entrance
from greenroom_services.host.slots import Slots
from greenroom_services.previews import Address, Deployment, PreviewState
from greenroom_services.runtimes.runtime import PreviewSpec, RunningPreview
from tests.contract.example_models import Example
from tests.contract.processes import assert_ends, has_ended

Pack = Callable[..., PackagedBento]


def deploy(
    client: HostClient, bento: PackagedBento, example: Example, requirements: list[str], *, slot: str = "7"
) -> PreviewState:
    return client.deploy(
        example.name, slot, bento=bento.path, requirements=requirements, probe=example.records[0]
    )


def await_change(
    client: HostClient, project: str, slot: str, *, passing: str, timeout: float = 60
) -> PreviewState:
    deadline = time.monotonic() + timeout
    while (state := client.status(project, slot)).state == passing:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return state


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[HostProcess]:
    """A host for tests that keep to slots of their own."""
    with temporary_host(tmp_path_factory.mktemp("shared"), cache=cache) as process:
        yield process


@pytest.fixture(scope="module")
def irises(
    shared: HostProcess, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> PreviewState:
    """A preview that is awake in slot 7."""
    return deploy(shared.client, pack(examples["irises"]), examples["irises"], requirements)


def test_a_deployed_preview_answers(
    shared: HostProcess, irises: PreviewState, examples: dict[str, Example]
) -> None:
    """A deployed preview is awake, and answers as its model does."""
    example = examples["irises"]

    answer = shared.client.predict("irises", "7", example.records)

    assert irises.state == "awake"
    assert irises.model["version"] == "v1"
    assert irises.seconds is not None
    assert answer["predictions"] == example.expected
    assert shared.client.describe("irises", "7")["profile"] == example.profile()
    assert "startup complete" in shared.client.log("irises", "7")
    assert [state.slot for state in shared.client.previews() if state.project == "irises"] == ["7"]


def test_one_connection_asks_again_and_again(
    shared: HostProcess, irises: PreviewState, examples: dict[str, Example]
) -> None:
    """Over a connection that is kept open each call answers as the first, also after a row that was refused."""
    example = examples["irises"]

    with shared.client.asking("irises", "7") as ask:
        answers = [ask([row])["predictions"][0] for row in example.records]
        with pytest.raises(QueryRefused, match="unknown column 'colour'"):
            ask([{"colour": "blue"}])
        again = ask(example.records)["predictions"]

    assert answers == again == example.expected


def test_a_refused_row_keeps_its_reason(shared: HostProcess, irises: PreviewState) -> None:
    """What the candidate's service says of a wrong row reaches the asker."""
    with pytest.raises(QueryRefused, match="row 0: unknown column 'colour'") as caught:
        shared.client.predict("irises", "7", [{"colour": "blue"}])

    assert caught.value.detail[0]["column"] == "colour"


def test_the_same_bento_again_is_a_no_op(
    shared: HostProcess,
    irises: PreviewState,
    examples: dict[str, Example],
    pack: Pack,
    requirements: list[str],
) -> None:
    """Deploying what is awake already changes nothing: its start stays the first one."""
    again = deploy(shared.client, pack(examples["irises"]), examples["irises"], requirements)

    assert again == irises


def test_failed_deployments_leave_the_old_preview(
    shared: HostProcess,
    irises: PreviewState,
    examples: dict[str, Example],
    pack: Pack,
    requirements: list[str],
    tmp_path: Path,
) -> None:
    """A deployment that fails says why, and what ran before goes on."""
    client, example = shared.client, examples["irises"]
    newer = pack(example, version="v2").path

    with pytest.raises(RequirementsError, match="greenroom-has-no-such-package") as caught:
        client.deploy("irises", "7", bento=newer, requirements=["greenroom-has-no-such-package==1"])
    assert caught.value.log
    with pytest.raises(PreviewFailed, match="is not the folder of a Bento"):
        client.deploy("irises", "7", bento=tmp_path, requirements=requirements)
    with pytest.raises(PreviewFailed, match="unknown column 'colour'") as refused:
        client.deploy("irises", "7", bento=newer, requirements=requirements, probe={"colour": "blue"})
    assert "startup complete" in refused.value.log

    state = client.status("irises", "7")
    assert state.state == "awake"
    assert state.model["version"] == "v1"
    assert state.error is not None
    assert "unknown column 'colour'" in state.error
    assert client.predict("irises", "7", example.records[:1])["predictions"] == example.expected[:1]


def test_a_first_deployment_that_fails(
    shared: HostProcess, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """A slot whose only deployment failed says so, with the preview's own log."""
    client, bento = shared.client, pack(examples["irises"])
    with pytest.raises(PreviewFailed, match=r"no answer within 0\.1 seconds"):
        client.deploy("irises", "8", bento=bento.path, requirements=requirements, timeout=0.1)

    assert client.status("irises", "8").state == "failed"
    with pytest.raises(PreviewFailed, match="has failed"):
        client.predict("irises", "8", [{}])
    client.stop("irises", "8")
    with pytest.raises(PreviewAbsent):
        client.status("irises", "8")


def test_switching_over_loses_no_request(
    shared: HostProcess, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """While a newer Bento takes the slot over, each query is answered, by the old one and then by the new."""
    client, example = shared.client, examples["irises"]
    deploy(client, pack(example), example, requirements, slot="production")
    stop, versions, errors = threading.Event(), list[str](), list[Exception]()

    def query() -> None:
        while not stop.is_set():
            try:
                answer = client.predict("irises", "production", example.records[:1])
                versions.append(answer["model"]["version"])
            except Exception as error:
                errors.append(error)

    asking = threading.Thread(target=query)
    asking.start()
    try:
        deploy(client, pack(example, version="v2"), example, requirements, slot="production")
        client.predict("irises", "production", example.records[:1])
    finally:
        seen = len(versions)
        deadline = time.monotonic() + 10
        while len(versions) < seen + 2 and not errors and time.monotonic() < deadline:
            time.sleep(0.01)
        stop.set()
        asking.join()
    client.stop("irises", "production")

    assert Address(project="irises", slot="production") not in HostFolder(state_folder(shared)).deployments()
    assert errors == []
    assert versions[0] == "v1"
    assert versions[-1] == "v2"
    assert versions == sorted(versions)


@pytest.mark.parametrize(
    ("project", "slot"),
    [
        ("irises", "9"),
        ("irises", "main"),
        ("Irises", "7"),
        ("irises", "7a"),
        ("..", "7"),
        ("irises", "%2e%2e"),
    ],
)
def test_unknown_slots(shared: HostProcess, project: str, slot: str) -> None:
    """A slot that is not there, or that none can be named like, is absent."""
    with pytest.raises(PreviewAbsent):
        shared.client.status(project, slot)


@pytest.fixture(scope="module")
def gateway(shared: HostProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared.endpoints.gateway, timeout=30) as client:
        yield client


def test_the_gateway_carries_queries(
    gateway: httpx.Client, irises: PreviewState, examples: dict[str, Example]
) -> None:
    """A program reaches the whole service of the preview, and no search engine keeps it."""
    rows = examples["irises"].records

    answer = gateway.post("/p/irises/7/predict", json={"rows": rows})

    assert answer.json()["predictions"] == examples["irises"].expected
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert gateway.get("/p/irises/7/docs.json").json()["openapi"] == "3.1.0"
    assert irises.address == f"{str(gateway.base_url).rstrip('/')}/p/irises/7"


def test_a_bento_takes_json_alone(gateway: httpx.Client, irises: PreviewState) -> None:
    """A form is refused by the candidate's service itself, in the one error shape."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = gateway.post(f"/p/irises/{irises.slot}/predict", headers=headers)

    assert answer.status_code == 415
    assert set(answer.json()) == {"error", "detail"}


@pytest.mark.parametrize("path", ["readyz", "livez", "healthz", "metrics", "docs.json"])
def test_what_a_bento_offers_stays(gateway: httpx.Client, irises: PreviewState, path: str) -> None:
    """Health, metrics and documentation of the preview are there through the gateway."""
    answer = gateway.get(f"/p/irises/{irises.slot}/{path}")

    assert answer.status_code == 200
    if path == "metrics":
        assert "bentoml_" in answer.text


def test_files_are_private(shared: HostProcess) -> None:
    """Only the host's own user opens the control socket."""
    assert stat.S_IMODE(shared.endpoints.control.stat().st_mode) == 0o600


def test_one_host_a_folder(shared: HostProcess, cache: Path) -> None:
    """A second host on the same folder ends at once and says why."""
    with pytest.raises(HostError, match=r"another preview host runs on .*; stop it, or set GREENROOM_HOME"):
        launch_host(state_folder(shared), cache=cache)

    assert host_running(state_folder(shared))


def test_no_host(tmp_path: Path) -> None:
    """Where no host runs, every call says so."""
    assert not host_running(tmp_path)
    with pytest.raises(HostAbsent, match="greenroom serve"):
        HostClient(tmp_path).previews()


def test_what_cannot_be_restored_is_left_out(tmp_path: Path) -> None:
    """A saved deployment that is a folder, a broken link or no JSON does not keep the others back."""
    folder, good = HostFolder(tmp_path), Address(project="irises", slot="4")
    previews = tmp_path / "previews" / "irises"
    folder.save(good, Deployment(bento=tmp_path, requirements=[]))
    (previews / "1.json").mkdir()
    (previews / "2.json").symlink_to(tmp_path / "gone")
    (previews / "3.json").write_text("{")

    assert list(folder.deployments()) == [good]


def test_restart(
    tmp_path: Path, cache: Path, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """A host that was killed leaves no preview behind; the next one restores them, also below a long path."""
    example, state = examples["irises"], tmp_path / ("long" * 30) / "host"
    first = launch_host(state, cache=cache)
    deploy(first.client, pack(example), example, requirements)
    (preview,) = children(first.process.pid)
    os.kill(first.process.pid, signal.SIGKILL)
    first.stop()
    assert_ends(preview)
    assert not host_running(state)

    with closing(launch_host(state, cache=cache)) as second:
        listed = [(item.project, item.slot, item.state) for item in second.client.previews()]
        assert listed == [("irises", "7", "starting")]
        with pytest.raises(PreviewStarting):
            second.client.predict("irises", "7", example.records)
        assert await_change(second.client, "irises", "7", passing="starting").state == "awake"
        assert second.client.predict("irises", "7", example.records)["predictions"] == example.expected
        (restored,) = children(second.process.pid)
    assert_ends(restored)
    with pytest.raises(HostAbsent):
        endpoints(state)


@contextmanager
def closing(host: HostProcess) -> Iterator[HostProcess]:
    try:
        yield host
    finally:
        host.stop()


def test_a_transient_host(
    tmp_path: Path, cache: Path, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """A host for one run brings up nothing of before, says that it will end, and leaves what it was given."""
    example, before = examples["irises"], Address(project="irises", slot="1")
    HostFolder(tmp_path).save(before, Deployment(bento=pack(example).path, requirements=requirements))

    with temporary_host(tmp_path, cache=cache) as host:
        assert endpoints(tmp_path).transient
        assert host.endpoints.transient
        assert host.client.previews() == []
        deploy(host.client, pack(example), example, requirements, slot="2")
    with closing(launch_host(tmp_path, cache=cache)) as lasting:
        assert not lasting.endpoints.transient
        assert [state.slot for state in lasting.client.previews()] == ["1", "2"]
        for slot in ("1", "2"):
            assert await_change(lasting.client, "irises", slot, passing="starting").state == "awake"


@pytest.mark.parametrize(
    "content",
    [b"", b'{"pid": 1, "con', b"[]", b'{"pid": 1}', b"\xff"],
    ids=["empty", "cut", "list", "part", "bytes"],
)
def test_a_broken_announcement(tmp_path: Path, content: bytes) -> None:
    """A host.json that cannot be read announces nobody."""
    (tmp_path / "host.json").write_bytes(content)

    assert not host_running(tmp_path)
    with pytest.raises(HostAbsent, match="no preview host runs on"):
        HostClient(tmp_path).previews()


def state_folder(host: HostProcess) -> Path:
    return host.log.parent


def children(pid: int) -> list[int]:
    """The processes that *pid* started and that run."""
    shown = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    found = (map(int, line.split()) for line in shown.splitlines())
    return [child for child, parent in found if parent == pid and not has_ended(child)]


def test_a_preview_that_dies_has_failed(
    host: HostProcess, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """A preview that ends by itself is failed, with its log, until it is deployed again."""
    example, client = examples["irises"], host.client
    deploy(client, pack(example), example, requirements)
    (preview,) = children(host.process.pid)

    os.kill(preview, signal.SIGKILL)

    state = await_change(client, "irises", "7", passing="awake")
    assert state.state == "failed"
    assert "startup complete" in state.log
    assert deploy(client, pack(example), example, requirements).state == "awake"


class Thread:
    """An ASGI application on a Unix socket, served by a thread."""

    def __init__(self, app: Starlette, socket: Path) -> None:
        self.socket = socket
        config = uvicorn.Config(
            app, uds=str(socket), lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, *, grace: float = 0) -> None:
        self._server.should_exit = True
        self._thread.join()


class ThreadPreview(Thread):
    def __init__(self, socket: Path, *, answer: Callable[[Request], Awaitable[Response]]) -> None:
        super().__init__(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])]), socket)

    def log(self) -> str:
        return ""


async def echo(request: Request) -> JSONResponse:
    body = (await request.body()).decode()
    content = {"path": request.url.path, "query": request.url.query, "headers": dict(request.headers)}
    return JSONResponse({**content, "body": body}, headers={"Set-Cookie": "a=b", "X-Own": "kept"})


def bento_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "bento.yaml").write_text("service: none")
    return folder


class SlowRuntime:
    """A runtime whose previews keep those waiting who ask for it."""

    def start(self, spec: PreviewSpec) -> ThreadPreview:
        return ThreadPreview(spec.folder / "s", answer=keep_waiting)


async def keep_waiting(request: Request) -> JSONResponse:
    if request.url.query == "wait":
        await asyncio.sleep(600)
    return JSONResponse({"answer": "at once"})


async def ask_beside_many(folder: Path, requirements: list[str], cache: Path) -> dict[str, str]:
    """Ask over the control API while more programs wait for an answer than a client has connections."""
    slots = Slots(HostFolder(folder / "state"), run_folder=folder, cache=cache, runtime=SlowRuntime())
    bento = bento_folder(folder / "bento")
    await slots.deploy(Address(project="slow", slot="1"), Deployment(bento=bento, requirements=requirements))
    gateway = httpx.ASGITransport(Gateway(slots, entrance=Entrance(), tokens=None))
    control = httpx.ASGITransport(Control(slots, gateway="http://127.0.0.1:1").app())
    async with (
        httpx.AsyncClient(transport=gateway, base_url="http://127.0.0.1") as program,
        httpx.AsyncClient(transport=control, base_url="http://host") as person,
    ):
        asking = [asyncio.create_task(program.post("/p/slow/1/predict?wait")) for _ in range(120)]
        async with asyncio.timeout(30):
            # One that may wait for a connection alone would already have got one.
            await asyncio.wait(asking, timeout=1)
            answer: dict[str, str] = (await person.post("/previews/slow/1/predict", json={})).json()
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
    await slots.close()
    return answer


def test_programs_do_not_keep_people_waiting(
    requirements: list[str], cache: Path, environment: object
) -> None:
    """However many programs wait at the gateway, who asks from the portal is answered."""
    with tempfile.TemporaryDirectory(prefix="gr-") as folder:
        answer = asyncio.run(ask_beside_many(Path(folder), requirements, cache))

    assert answer == {"answer": "at once"}


class SaidRuntime:
    """A runtime whose previews answer with what the first row says: its body, status and headers."""

    def start(self, spec: PreviewSpec) -> ThreadPreview:
        return ThreadPreview(spec.folder / "s", answer=say)


async def say(request: Request) -> Response:
    if request.method == "GET":
        return Response()
    (row,) = (await request.json()).get("rows", [{"body": "{}"}])
    return Response(row["body"] * row.get("repeat", 1), row.get("status", 200), row.get("headers"))


@pytest.fixture(scope="module")
def said(requirements: list[str], cache: Path, environment: object) -> Iterator[HostClient]:
    """A client of a host, whose control API is real and whose preview says what it is told to."""
    with tempfile.TemporaryDirectory(prefix="gr-") as name:
        folder = HostFolder(Path(name) / "state")
        folder.path.mkdir()
        slots = Slots(folder, run_folder=Path(name), cache=cache, runtime=SaidRuntime())
        control = Thread(Control(slots, gateway="http://127.0.0.1:1").app(), Path(name) / "host.sock")
        while not control.socket.exists():
            assert control.alive()
            time.sleep(0.01)
        folder.announce(control=control.socket, gateway="http://127.0.0.1:1", transient=False)
        client = HostClient(folder.path)
        bento = bento_folder(Path(name) / "bento")
        client.deploy("said", "1", bento=bento, requirements=requirements)
        try:
            yield client
        finally:
            client.stop("said", "1")
            control.stop()


def prediction(**changes: Any) -> dict[str, Any]:
    good = {"predictions": ["late"], "probabilities": [{"late": 0.5}], "model": {"version": "v1"}}
    return {"body": json.dumps(good | changes)}


@pytest.mark.parametrize("changes", [{}, {"probabilities": None}, {"predictions": [1.5]}])
def test_a_prediction_passes(said: HostClient, changes: dict[str, Any]) -> None:
    """An answer of the right shape comes as the preview gave it."""
    row = prediction(**changes)

    assert said.predict("said", "1", [row]) == json.loads(row["body"])


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"body": "{}"}, id="nothing"),
        pytest.param(prediction(predictions=[]), id="too few"),
        pytest.param(prediction(predictions=["late", "late"]), id="too many"),
        pytest.param(prediction(predictions="late"), id="no list"),
        pytest.param(prediction(predictions=[{"late": 1}]), id="no label"),
        pytest.param(prediction(probabilities=[]), id="too few probabilities"),
        pytest.param(prediction(probabilities=[[0.5]]), id="no names"),
        pytest.param(prediction(probabilities=[{"late": float("nan")}]), id="not finite"),
        pytest.param(prediction(probabilities=[{"late": "0.5"}]), id="a text"),
        pytest.param(prediction(model="v1"), id="no model"),
    ],
)
def test_what_is_no_prediction(said: HostClient, row: dict[str, Any]) -> None:
    """An answer of another shape is an error that names the preview."""
    with pytest.raises(
        HostError, match="the preview in said/1 answered with something that is no prediction"
    ):
        said.predict("said", "1", [row])


def test_what_is_no_description(said: HostClient) -> None:
    """So is a description without what others read in it."""
    with pytest.raises(
        HostError, match="the preview in said/1 answered with something that is no description"
    ):
        said.describe("said", "1")


@pytest.mark.parametrize("status", [200, 302, 400, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<html>", id="no JSON"),
        pytest.param("", id="empty"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param("[1]", id="list"),
        pytest.param('{"message": "no"}', id="no error"),
        pytest.param('{"error": {"code": 1}}', id="no sentence"),
        pytest.param('{"error": "no", "detail": ["x"]}', id="no detail"),
    ],
)
def test_an_answer_that_cannot_be_read(said: HostClient, status: int, body: str) -> None:
    """Whatever a preview answers, its asker gets an error in one line."""
    with pytest.raises(HostError) as caught:
        said.predict("said", "1", [{"body": body, "status": status}])

    assert "\n" not in str(caught.value)


def test_an_answer_in_another_encoding(said: HostClient) -> None:
    """An answer that says it is compressed, and is not, is an error too."""
    with pytest.raises(HostError, match="broke off POST"):
        said.predict("said", "1", [{"body": "{}", "headers": {"Content-Encoding": "gzip"}}])


def test_an_answer_has_a_largest_size(said: HostClient) -> None:
    """An answer that would fill the memory is given up, in one line."""
    with pytest.raises(HostError, match="answered with more than 16 MiB"):
        said.predict("said", "1", [{"repeat": 17 * 2**20, "body": " "}])


def test_a_probe_has_a_largest_answer(said: HostClient, requirements: list[str], tmp_path: Path) -> None:
    """A deployment whose first answer would fill the memory fails, in one line."""
    bento, probe = bento_folder(tmp_path / "bento"), {"repeat": 17 * 2**20, "body": " "}

    with pytest.raises(PreviewFailed, match="POST /predict with more than 16 MiB"):
        said.deploy("said", "2", bento=bento, requirements=requirements, probe=probe, timeout=30)


def test_a_long_reason_is_one_line(said: HostClient) -> None:
    """A reason that goes on is cut, and has no line breaks."""
    row = {"body": json.dumps({"error": "no\nway " * 10_000}), "status": 400}

    with pytest.raises(QueryRefused, match=r"^no way no way") as caught:
        said.predict("said", "1", [row])

    assert len(str(caught.value)) <= 1_000


class MuteRuntime:
    """A runtime whose previews never answer, but for those of a Bento called `answering`."""

    def __init__(self) -> None:
        self.mute: list[MutePreview] = []

    def start(self, spec: PreviewSpec) -> RunningPreview:
        if spec.bento.name == "answering":
            return ThreadPreview(spec.folder / "s", answer=echo)
        self.mute.append(MutePreview(spec.folder / "s"))
        return self.mute[-1]


class MutePreview:
    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.stopped = False

    def alive(self) -> bool:
        return not self.stopped

    def stop(self, *, grace: float = 0) -> None:
        self.stopped = True

    def log(self) -> str:
        return ""


async def deploy_while_restoring(
    folder: Path, requirements: list[str], cache: Path, *, remove: bool
) -> tuple[list[str], int]:
    """Return the states of three slots, two of them in the midst of their restore, and how many of those gave way."""
    runtime, state = MuteRuntime(), HostFolder(folder / "state")
    slots = Slots(state, run_folder=folder, cache=cache, runtime=runtime)
    old, new = bento_folder(folder / "mute"), bento_folder(folder / "answering")
    addresses = [Address(project="echo", slot=slot) for slot in ("1", "2", "3")]
    for address in addresses:
        state.save(address, Deployment(bento=old, requirements=requirements, timeout=600))
    restoring = asyncio.create_task(slots.restore())
    while len(runtime.mute) < 2:
        await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        for address in (addresses[0], addresses[2]):
            if remove:
                await slots.remove(address)
            else:
                await slots.deploy(address, Deployment(bento=new, requirements=requirements, timeout=30))
    states: list[str] = [slots.state(address).state for address in slots.addresses()]
    stopped = sum(preview.stopped for preview in runtime.mute[:2])
    restoring.cancel()
    await asyncio.wait([restoring])
    await slots.close()
    assert all(preview.stopped for preview in runtime.mute)
    return states, stopped


@pytest.mark.parametrize(
    ("remove", "states"),
    [
        pytest.param(False, ["awake", "starting", "awake"], id="deploy"),
        pytest.param(True, ["starting"], id="remove"),
    ],
)
def test_a_restore_gives_way(
    remove: bool, states: list[str], requirements: list[str], cache: Path, environment: object
) -> None:
    """A slot that is being restored, or waits for that, is at once free for a newer deployment or removal."""
    with tempfile.TemporaryDirectory(prefix="gr-") as folder:
        found = asyncio.run(deploy_while_restoring(Path(folder), requirements, cache, remove=remove))

    assert found == (states, 1)


async def fail_while_restoring(folder: Path, requirements: list[str], cache: Path) -> tuple[str, str]:
    """Return which Bento the slot starts after a newer one failed, and which one it would restore."""
    runtime, state = MuteRuntime(), HostFolder(folder / "state")
    slots = Slots(state, run_folder=folder, cache=cache, runtime=runtime)
    old, new = bento_folder(folder / "old"), bento_folder(folder / "new")
    address = Address(project="echo", slot="1")
    state.save(address, Deployment(bento=old, requirements=requirements, timeout=600))
    restoring = asyncio.create_task(slots.restore())
    while len(runtime.mute) < 1:
        await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        with pytest.raises(PreviewFailed, match="no answer within"):
            await slots.deploy(address, Deployment(bento=new, requirements=requirements, timeout=0.1))
        while len(runtime.mute) < 3:
            await asyncio.sleep(0.01)
    shown = slots.state(address)
    await restoring
    await slots.close()
    assert shown.state == "starting"
    assert all(preview.stopped for preview in runtime.mute)
    return Path(shown.bento).name, state.deployments()[address].bento.name


def test_a_restore_goes_on_after_a_failure(requirements: list[str], cache: Path, environment: object) -> None:
    """What gave way to a newer deployment that fails is restored after all."""
    with tempfile.TemporaryDirectory(prefix="gr-") as folder:
        found = asyncio.run(fail_while_restoring(Path(folder), requirements, cache))

    assert found == ("old", "old")
