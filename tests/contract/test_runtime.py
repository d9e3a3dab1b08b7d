"""Every runtime starts, shows and ends previews in the same way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest

from greenroom_services.bento import PackagedBento
from greenroom_services.environments import Environment
from greenroom_services.runtimes.process import ProcessRuntime
from greenroom_services.runtimes.runtime import PreviewSpec, RunningPreview, Runtime
from tests.contract.example_models import Example, save_code
from tests.contract.processes import assert_ends

Start = Callable[[PackagedBento], RunningPreview]


@pytest.fixture(params=[pytest.param(ProcessRuntime, id="process")])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    made: Runtime = request.param()
    return made


@pytest.fixture
def private() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="gr-") as folder:
        yield Path(folder)


@pytest.fixture
def start(runtime: Runtime, environment: Environment, private: Path) -> Iterator[Start]:
    started: list[RunningPreview] = []

    def start_one(bento: PackagedBento) -> RunningPreview:
        folder = private / str(len(started))
        folder.mkdir()
        started.append(runtime.start(PreviewSpec(bento.path, environment, folder, folder / "log")))
        return started[-1]

    yield start_one
    for running in started:
        running.stop()


def ask(running: RunningPreview) -> httpx.Client:
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=str(running.socket)), base_url="http://preview", timeout=60
    )


def await_socket(running: RunningPreview, *, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not running.socket.exists():
        assert running.alive(), running.log()
        assert time.monotonic() < deadline, running.log()
        time.sleep(0.02)


def await_end(running: RunningPreview, *, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while running.alive():
        assert time.monotonic() < deadline, running.log()
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["diabetes", "average"])
def test_a_preview_answers_as_its_model(
    name: str, start: Start, examples: dict[str, Example], pack: Callable[..., PackagedBento]
) -> None:
    """Once its socket is there, a preview gives the model's answers."""
    example = examples[name]
    running = start(pack(example))

    await_socket(running)

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
    start: Start, examples: dict[str, Example], pack: Callable[..., PackagedBento]
) -> None:
    """A stopped preview answers no more; its log stays, and stopping it again does nothing."""
    running = start(pack(examples["irises"]))
    await_socket(running)

    running.stop(grace=10)

    assert not running.alive()
    with socket.socket(socket.AF_UNIX) as caller, pytest.raises(OSError, match=r"No such file|refused"):
        caller.connect(str(running.socket))
    assert "startup complete" in running.log()
    running.stop()


FAILING_MODEL = """
import os
import pandas
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

class Model(PythonModel):
    def load_context(self, context):
        if os.environ.get("BENTOML_HOME"):
            raise RuntimeError("no such table: weights")
    def predict(self, context, model_input: pandas.DataFrame, params=None):
        return model_input["low"]

set_model(Model())
"""

FORKING_MODEL = """
import os, subprocess, sys
import pandas
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

class Model(PythonModel):
    def predict(self, context, model_input: pandas.DataFrame, params=None):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        return [float(child.pid)] * len(model_input)

set_model(Model())
"""


def make(source: str, folder: Path) -> Example:
    rows = pd.DataFrame({"low": [0.0], "high": [1.0]})
    return Example(folder.name, save_code(source, folder), "regression", rows, [])


def test_a_preview_that_fails_ends(start: Start, pack: Callable[..., PackagedBento], tmp_path: Path) -> None:
    """A preview whose model does not load ends by itself, and its log says why."""
    running = start(pack(make(FAILING_MODEL, tmp_path / "failing")))

    await_end(running)

    assert "RuntimeError: no such table: weights" in running.log()


def test_stop_ends_what_the_model_started(
    start: Start, pack: Callable[..., PackagedBento], tmp_path: Path
) -> None:
    """No process that a candidate started outlives its preview."""
    running = start(pack(make(FORKING_MODEL, tmp_path / "forking")))
    await_socket(running)
    with ask(running) as client:
        child = client.post("/predict", json={"rows": [{"low": 0, "high": 1}]}).json()["predictions"][0]

    running.stop()

    assert_ends(int(child))


CHATTY_MODEL = """
import sys
import pandas
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

class Model(PythonModel):
    def predict(self, context, model_input: pandas.DataFrame, params=None):
        for _ in range(400):
            sys.stdout.write(("word " * 20 + chr(10)) * 1_000)
        print("last words", flush=True)
        return model_input["low"]

set_model(Model())
"""


def test_what_a_preview_prints_is_bounded(
    start: Start, pack: Callable[..., PackagedBento], private: Path, tmp_path: Path
) -> None:
    """A preview that prints without end keeps its last lines, in a few megabytes of disk."""
    running = start(pack(make(CHATTY_MODEL, tmp_path / "chatty")))
    await_socket(running)

    with ask(running) as client:
        assert client.post("/predict", json={"rows": [{"low": 0, "high": 1}]}).status_code == 200

    deadline = time.monotonic() + 30
    # In the moment of the cut the log is empty.
    while (
        sum(path.stat().st_size for path in private.rglob("*") if path.is_file()) > 12 * 2**20
        or "last words" not in running.log()
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


STARTER = """
import sys
from pathlib import Path
from greenroom_services.environments import Environment
from greenroom_services.runtimes.process import ProcessRuntime
from greenroom_services.runtimes.runtime import PreviewSpec

bento, environment, folder = map(Path, sys.argv[1:])
found = Environment(environment, environment / "bin" / "python", "")
spec = PreviewSpec(bento, found, folder, folder / "log")
running = ProcessRuntime().start(spec)
print(running.sandboxed.process.pid, flush=True)
sys.stdin.read()
"""


def test_a_preview_ends_with_its_host(
    environment: Environment,
    private: Path,
    examples: dict[str, Example],
    pack: Callable[..., PackagedBento],
) -> None:
    """A host that is killed leaves no preview behind, not even one that is just loading."""
    bento = pack(examples["irises"])
    command = [sys.executable, "-c", STARTER, str(bento.path), str(environment.path), str(private)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        child = int(host.stdout.readline())
        os.kill(child, 0)

        host.send_signal(signal.SIGKILL)

    assert_ends(child)
