"""Every runtime starts, shows and ends previews in the same way."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from greenroom_services.bento import PackagedBento
from greenroom_services.environments import Environment
from greenroom_services.runtimes.engine import find_engine
from greenroom_services.runtimes.oci import OciRuntime
from greenroom_services.runtimes.process import ProcessRuntime
from greenroom_services.runtimes.runtime import Runtime
from greenroom_services.runtimes.walls import Walls
from tests.containers import base_image
from tests.contract.example_models import Example
from tests.contract.processes import assert_ends, find_named
from tests.contract.runtime_previews import OBEDIENT, Starter, ask, await_end, await_ready, starting, tell

Make = Callable[[Path], Runtime]
RUNTIMES: dict[str, Make] = {
    "process": lambda bentos: ProcessRuntime(shown=[bentos]),
    "podman": lambda _: OciRuntime(find_engine("podman"), image=base_image(), owner=secrets.token_hex(8)),
    "process without walls": lambda bentos: ProcessRuntime(shown=[bentos], walls=Walls(False, None)),
}


@pytest.fixture(scope="module")
def bentos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bentos")
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module", params=list(RUNTIMES))
def runtime(request: pytest.FixtureRequest, bentos: Path) -> Iterator[Runtime]:
    made = RUNTIMES[request.param](bentos)
    yield made
    made.close()


@pytest.fixture
def start(runtime: Runtime, environment: Environment, bentos: Path) -> Iterator[Starter]:
    with starting(runtime, environment, bentos=bentos) as starter:
        yield starter


@pytest.mark.parametrize("name", ["diabetes", "average"])
def test_a_preview_answers_as_its_model(
    name: str, start: Starter, examples: dict[str, Example], pack: Callable[..., PackagedBento]
) -> None:
    """Once its socket is there, a preview gives the model's answers."""
    example = examples[name]
    running = start(pack(example).path)

    await_ready(running)

    with ask(running) as client:
        assert client.get("/readyz").status_code == 200
        answer = client.post("/predict", json={"rows": example.records})
    assert answer.status_code == 200, answer.text
    if example.task == "regression":
        assert answer.json()["predictions"] == pytest.approx(example.expected, rel=1e-12)
        assert answer.json()["probabilities"] is None
    else:
        assert answer.json()["predictions"] == example.expected
        assert list(answer.json()["probabilities"][0]) == example.classes


def test_stop_ends_the_preview(
    start: Starter, examples: dict[str, Example], pack: Callable[..., PackagedBento]
) -> None:
    """A stopped preview answers no more; its log stays, and stopping it again does nothing."""
    running = start(pack(examples["irises"]).path)
    await_ready(running)

    running.stop(grace=10)

    assert not running.alive()
    with socket.socket(socket.AF_UNIX) as caller, pytest.raises(OSError, match=r"No such file|refused"):
        caller.connect(str(running.socket))
    assert "startup complete" in running.log()
    assert running.log().strip().splitlines()[-1].startswith("INFO:     Finished server process")
    running.stop()


FAILING = """
import bentoml

@bentoml.service
class Failing:
    def __init__(self):
        raise RuntimeError("no such table: weights")
"""


def test_a_preview_that_fails_ends(start: Starter, tmp_path: Path) -> None:
    """A preview whose model does not load ends by itself, and its log says why."""
    (tmp_path / "service.py").write_text(FAILING)

    running = start(tmp_path)

    await_end(running)
    assert "RuntimeError: no such table: weights" in running.log()
    assert "FileNotFoundError" not in running.log()


DAEMON = """
import ctypes, os, time
child = os.fork()
if child == 0:
    os.setsid()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, b"{name}")
        time.sleep(600)
    os._exit(0)
os.waitpid(child, 0)
answer = "left"
"""


def test_stop_ends_what_the_model_started(start: Starter) -> None:
    """No process that a candidate started outlives its preview, not even one in a session of its own."""
    running = start.obedient()
    name = f"gr-{secrets.token_hex(4)}"
    assert tell(running, DAEMON.format(name=name)) == "left"
    deadline = time.monotonic() + 10
    while not (left := find_named(name)):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    running.stop()

    for pid in left:
        assert_ends(pid)


def test_the_service_keeps_what_bentoml_offers(start: Starter) -> None:
    """Health, metrics, documentation and adaptive batching are there as with BentoML's own server."""
    running = start.obedient()

    with ask(running) as client, ThreadPoolExecutor(8) as pool:
        for path in ("/readyz", "/livez", "/metrics", "/docs.json"):
            assert client.get(path).status_code == 200
        tasks = [
            pool.submit(client.post, "/double", json={"numbers": [float(number)]}) for number in range(24)
        ]
        assert [task.result().json() for task in tasks] == [[2.0 * number] for number in range(24)]
        assert client.post("/largest_batch", json={}).json() > 1
        metrics = client.get("/metrics").text
        assert 'bentoml_service_request_total{endpoint="/double"' in metrics
        assert 'service_name="Obedient"' in metrics
        assert 'service_name=""' not in metrics


def test_a_preview_says_what_it_uses(start: Starter) -> None:
    """Memory that a candidate takes, time that it spends and processes that it starts are counted; then they end."""
    running = start.obedient()
    await_ready(running)
    before = running.usage()

    tell(running, "import builtins; builtins.held = b'x' * (64 * 2**20)")
    tell(running, "x = sum(i * i for i in range(5_000_000))")
    tell(
        running,
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)",
    )

    after = running.usage()
    assert before is not None
    assert after is not None
    assert after.memory - before.memory > 48 * 2**20
    assert after.cpu_seconds > before.cpu_seconds
    assert after.processes > before.processes
    running.stop()
    assert running.usage() is None


STARTER = """
import sys
from pathlib import Path
from greenroom_services.environments import Environment
from greenroom_services.runtimes.process import ProcessRuntime
from greenroom_services.runtimes.runtime import PreviewSpec
from greenroom_services.runtimes.walls import Walls, find_walls

bento, environment, folder = map(Path, sys.argv[1:4])
walls = find_walls() if sys.argv[4] == "walls" else Walls(False, None)
spec = PreviewSpec(bento, Environment(environment, environment / "bin" / "python", ""), folder, folder / "log")
runtime = ProcessRuntime(shown=[bento], walls=walls)
running = runtime.start(spec)
while running.usage() is None:
    pass
print(running.server.process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("walls", ["walls", "none"])
def test_a_preview_ends_with_its_host(environment: Environment, tmp_path: Path, walls: str) -> None:
    """A host that is killed leaves no process behind, not even a preview that is just loading."""
    with tempfile.TemporaryDirectory(prefix="gr-") as private:
        command = [sys.executable, "-c", STARTER, str(OBEDIENT), str(environment.path), private, walls]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
            assert host.stdout is not None
            server = int(host.stdout.readline())
            below = psutil.Process(server).children(recursive=True)

            host.send_signal(signal.SIGKILL)

        assert below
        for process in below:
            assert_ends(process.pid)
        assert_ends(server)
