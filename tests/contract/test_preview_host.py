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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from greenroom_services.bento import PackagedBento
from greenroom_services.client import HostClient, endpoints, host_running
from greenroom_services.errors import (
    BundleRefused,
    HostAbsent,
    HostError,
    PreviewAbsent,
    PreviewFailed,
    QueryRefused,
    RequirementsError,
)
from greenroom_services.host.control import Control
from greenroom_services.host.folder import HostFolder
from greenroom_services.host.gateway import Gateway
from greenroom_services.host.launch import HostProcess, launch_host, temporary_host
from greenroom_services.host.limits import HostLimits
from greenroom_services.host.names import Entrance
from greenroom_services.host.records import Records
from greenroom_services.host.slots import Slots
from greenroom_services.previews import Address, PreviewState
from tests.contract.example_models import Example
from tests.contract.processes import assert_ends, has_ended
from tests.contract.thread_previews import MODEL, SHA, ThreadRuntime, bento_folder, deploy_bento, hosting

Pack = Callable[..., PackagedBento]


def deploy(
    client: HostClient, bento: PackagedBento, example: Example, requirements: list[str], *, slot: str = "7"
) -> PreviewState:
    return client.deploy(
        example.name,
        slot,
        bento=bento.path,
        requirements=requirements,
        sha=SHA,
        model=model_of(bento.path),
        probe=example.records[0],
    )


def model_of(bento: Path) -> str:
    digest: str = json.loads((bento / "src" / "identity.json").read_text())["digest"]
    return digest


def await_state(
    client: HostClient, project: str, slot: str, wanted: str, *, timeout: float = 60
) -> PreviewState:
    deadline = time.monotonic() + timeout
    while (state := client.status(project, slot)).state != wanted:
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

    assert (again.state, again.seconds, again.bundle) == ("awake", irises.seconds, irises.bundle)


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
    (tmp_path / "README").write_text("no Bento")

    def deploy_newer(bento: Path = newer, **changes: Any) -> PreviewState:
        given: dict[str, Any] = {"requirements": requirements, "sha": SHA, "model": model_of(newer)}
        return client.deploy("irises", "7", bento=bento, **given | changes)

    with pytest.raises(RequirementsError, match="greenroom-has-no-such-package") as caught:
        deploy_newer(requirements=["greenroom-has-no-such-package==1"])
    assert caught.value.log
    with pytest.raises(BundleRefused, match=r"bento/bento\.yaml is missing"):
        deploy_newer(tmp_path)
    with pytest.raises(BundleRefused, match="model"):
        deploy_newer(model="0" * 64)
    with pytest.raises(PreviewFailed, match="unknown column 'colour'") as refused:
        deploy_newer(probe={"colour": "blue"})
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
        client.deploy(
            "irises",
            "8",
            bento=bento.path,
            requirements=requirements,
            sha=SHA,
            model=model_of(bento.path),
            timeout=0.1,
        )

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

    assert Address(project="irises", slot="production") not in Records(state_folder(shared)).load()
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
    assert 'greenroom_requests_total{project="irises",slot="7",status="2xx"}' in gateway.get("/metrics").text


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


def test_restart(
    tmp_path: Path, cache: Path, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """A host that was killed leaves no preview behind; the next has them asleep at once, also below a long path."""
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
        assert listed == [("irises", "7", "asleep")]
        assert second.client.predict("irises", "7", example.records)["predictions"] == example.expected
        assert second.client.status("irises", "7").state == "awake"
        assert [item.memory is not None for item in second.client.previews()] == [True]
        assert second.client.sleep("irises", "7").state == "asleep"
        assert second.client.status("irises", "7").memory is None
        assert "startup complete" in second.client.log("irises", "7")
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
    """A host for one run wakes nothing by itself and says that it will end; a lasting one wakes production."""
    example = examples["irises"]

    with temporary_host(tmp_path, cache=cache) as host:
        assert endpoints(tmp_path).transient
        assert host.endpoints.transient
        deploy(host.client, pack(example), example, requirements, slot="2")
        deploy(host.client, pack(example), example, requirements, slot="production")
    with temporary_host(tmp_path, cache=cache) as host:
        assert [state.state for state in host.client.previews()] == ["asleep", "asleep"]
        again = deploy(host.client, pack(example), example, requirements, slot="production")
        assert again.state == "asleep"
    with closing(launch_host(tmp_path, cache=cache)) as lasting:
        assert not lasting.endpoints.transient
        assert [state.slot for state in lasting.client.previews()] == ["2", "production"]
        assert await_state(lasting.client, "irises", "production", "awake").wakes == 1
        assert lasting.client.status("irises", "2").state == "asleep"


def test_a_host_keeps_house(
    tmp_path: Path, cache: Path, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """A host goes by its limits without anybody asking, and logs each event as a line of JSON."""
    example = examples["irises"]
    with temporary_host(tmp_path, cache=cache, limits=HostLimits(idle=0.1, ttl=3_600)) as host:
        state = deploy(host.client, pack(example), example, requirements)
        assert state.expires == pytest.approx(3_600, abs=60)
        await_state(host.client, "irises", "7", "asleep")
        lines = [json.loads(line) for line in host.log.read_text().splitlines()]

    told = [(line["event"], line["project"], line["slot"]) for line in lines if "slot" in line]
    assert told == [("deployed", "irises", "7"), ("asleep", "irises", "7")]


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


def test_a_preview_that_dies_comes_back(
    host: HostProcess, examples: dict[str, Example], pack: Pack, requirements: list[str]
) -> None:
    """A preview that is killed is brought up again, and who asks meanwhile is answered."""
    example, client = examples["irises"], host.client
    deploy(client, pack(example), example, requirements)
    (preview,) = children(host.process.pid)

    os.kill(preview, signal.SIGKILL)
    assert_ends(preview)

    assert client.predict("irises", "7", example.records)["predictions"] == example.expected
    state = await_state(client, "irises", "7", "awake")
    assert state.wakes == 1
    assert children(host.process.pid) != [preview]


async def echo(request: Request) -> JSONResponse:
    body = (await request.body()).decode()
    content = {"path": request.url.path, "query": request.url.query, "headers": dict(request.headers)}
    return JSONResponse({**content, "body": body}, headers={"Set-Cookie": "a=b", "X-Own": "kept"})


async def keep_waiting(request: Request) -> JSONResponse:
    if request.url.query == "wait":
        await asyncio.sleep(600)
    return JSONResponse({"answer": "at once"})


async def ask_beside_many(folder: Path, requirements: list[str], cache: Path) -> dict[str, str]:
    """Ask over the control API while more programs wait for an answer than a client has connections."""
    slots = Slots(
        HostFolder(folder / "state"), run_folder=folder, cache=cache, runtime=ThreadRuntime(keep_waiting)
    )
    bento = bento_folder(folder / "bento")
    await deploy_bento(slots, bento, Address(project="slow", slot="1"), requirements=requirements)
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


async def say(request: Request) -> Response:
    if request.method == "GET":
        return Response()
    (row,) = (await request.json()).get("rows", [{"body": "{}"}])
    return Response(row["body"] * row.get("repeat", 1), row.get("status", 200), row.get("headers"))


@pytest.fixture(scope="module")
def said(requirements: list[str], cache: Path, environment: object) -> Iterator[HostClient]:
    """A client of a host, whose control API is real and whose preview says what it is told to."""
    with tempfile.TemporaryDirectory(prefix="gr-") as name:
        state = Path(name) / "state"
        state.mkdir()
        bento = bento_folder(Path(name) / "bento")
        with hosting(state, say, cache=cache) as client:
            client.deploy("said", "1", bento=bento, requirements=requirements, sha=SHA, model=MODEL)
            yield client


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
        said.deploy(
            "said",
            "2",
            bento=bento,
            requirements=requirements,
            sha=SHA,
            model=MODEL,
            probe=probe,
            timeout=30,
        )


def test_a_long_reason_is_one_line(said: HostClient) -> None:
    """A reason that goes on is cut, and has no line breaks."""
    row = {"body": json.dumps({"error": "no\nway " * 10_000}), "status": 400}

    with pytest.raises(QueryRefused, match=r"^no way no way") as caught:
        said.predict("said", "1", [row])

    assert len(str(caught.value)) <= 1_000
