"""Requirements become environments: normalised, completed for serving, and refused where they are none."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from greenroom_services.environments import (
    build_environment,
    digest_requirements,
    model_requirements,
    normalise,
    serving_requirements,
)
from greenroom_services.errors import RequirementsError


def test_normalise() -> None:
    """Order, blank lines, comments and spaces make no difference."""
    lines = ["", "# pinned by hand", "scikit-learn == 1.7.2  # the trees", "numpy>=2", "numpy>=2"]

    assert normalise(lines) == ["numpy>=2", "scikit-learn==1.7.2"]


@pytest.mark.parametrize(
    "line", ["--index-url https://evil.example", "-e .", "-r other.txt", "--find-links=/tmp", "--hash=x"]
)
def test_options_of_pip_are_refused(line: str) -> None:
    """A requirement may name packages, and not where they come from."""
    with pytest.raises(RequirementsError, match="is an option of pip"):
        normalise(["numpy", line])


@pytest.mark.parametrize("line", ["./local", "numpy==", "numpy 2", "https://evil.example/x.whl"])
def test_other_lines_are_refused(line: str) -> None:
    """A line that is no requirement is named in the message."""
    with pytest.raises(RequirementsError, match="is not a package with a version"):
        normalise([line])


def test_the_digest_stands_for_requirements_and_python() -> None:
    """Equal requirements share an environment; another version or Python does not."""
    lines = normalise(["b==1", "a==1"])

    assert digest_requirements(lines) == digest_requirements(normalise(["a==1", "b==1"]))
    assert digest_requirements(lines) != digest_requirements(normalise(["a==1", "b==2"]))
    assert digest_requirements(lines) != digest_requirements(lines, python="3.9")


def test_serving_adds_what_is_missing() -> None:
    """Serving adds its own needs, in the version of MLflow that the model was saved with."""
    assert serving_requirements(["scikit-learn==1.7.2"], mlflow_version="3.17.2") == [
        f"bentoml=={version('bentoml')}", "mlflow-skinny==3.17.2", "pandas", "pyarrow", "scikit-learn==1.7.2",
    ]  # fmt: skip


def test_serving_keeps_the_models_pins() -> None:
    """What the model pins itself, in whatever spelling, stays as it is."""
    own = ["MLflow==3.1", "PyArrow==20", "bentoml==1.4.30", "pandas<3"]

    assert serving_requirements(own, mlflow_version="3.17.2") == sorted(own)
    assert serving_requirements(["mlflow-skinny==3.1"])[1:2] == ["mlflow-skinny==3.1"]


def test_model_requirements(tmp_path: Path) -> None:
    """A model's folder says what it needs, and which MLflow saved it."""
    (tmp_path / "MLmodel").write_text("flavors: {}\nmlflow_version: 3.17.2\n")
    with pytest.raises(RequirementsError, match=r"has no requirements\.txt"):
        model_requirements(tmp_path)
    (tmp_path / "requirements.txt").write_text("numpy==2.3\n")

    assert {"mlflow-skinny==3.17.2", "numpy==2.3"} <= set(model_requirements(tmp_path))


def test_an_environment_is_built_once_and_runs(tmp_path: Path) -> None:
    """An environment holds its packages compiled, works where it was moved to, and is found again."""
    first = build_environment(["six==1.17.0"], cache=tmp_path)

    answer = subprocess.run(
        [str(first.python), "-I", "-c", "import six; print(six.__version__, six.__cached__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    six, cached = answer.stdout.split()
    assert six == "1.17.0"
    assert Path(cached).is_file()
    assert Path(cached).is_relative_to(first.path)
    before = first.path.stat().st_mtime_ns
    assert build_environment(["six == 1.17.0"], cache=tmp_path) == first
    assert first.path.stat().st_mtime_ns == before


def test_an_environment_without_its_python_is_built_again(tmp_path: Path) -> None:
    """An environment whose Python was uninstalled is not handed out; it is built again in its place."""
    first = build_environment(["six==1.17.0"], cache=tmp_path)
    first.python.unlink()
    first.python.symlink_to(tmp_path / "uninstalled" / "python")

    again = build_environment(["six==1.17.0"], cache=tmp_path)

    assert again == first
    subprocess.run([str(again.python), "-I", "-c", "import six"], check=True)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == [first.digest]


BACKEND = """
import os, zipfile
from pathlib import Path

def build_wheel(directory, config_settings=None, metadata_directory=None):
    with open("began", "w") as began:
        began.write("yes")
    with open("go") as go:
        go.read()
    name = "waiting-1-py3-none-any.whl"
    with zipfile.ZipFile(Path(directory) / name, "w") as wheel:
        wheel.writestr("waiting.py", "")
        wheel.writestr("waiting-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: waiting\\nVersion: 1\\n")
        wheel.writestr("waiting-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("waiting-1.dist-info/RECORD", "")
    return name
"""
PROJECT = """
[project]
name = "waiting"
version = "1"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BUILDER = """
import sys
from pathlib import Path
from greenroom_services.environments import build_environment

build_environment([sys.argv[1]], cache=Path(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_build_that_was_broken_off(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody builds where the uv of a killed process still writes; after it the environment is built whole."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    source, cache = tmp_path / "source", tmp_path / "cache"
    source.mkdir()
    (source / "backend.py").write_text(BACKEND)
    (source / "pyproject.toml").write_text(PROJECT)
    # Whoever opens one end of these waits for the other.
    os.mkfifo(source / "began")
    os.mkfifo(source / "go")
    requirement = f"waiting @ {source.as_uri()}"
    with subprocess.Popen([sys.executable, "-c", BUILDER, requirement, str(cache)]) as builder:
        assert (source / "began").read_text() == "yes"
        builder.send_signal(number)
    (lock,) = cache.glob(".*.lock")

    with lock.open() as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (source / "go").write_text("on")
        fcntl.flock(file, fcntl.LOCK_EX)
    (source / "began").unlink()
    (source / "go").unlink()
    (source / "go").write_text("")
    environment = build_environment([requirement], cache=cache)

    subprocess.run([str(environment.python), "-I", "-c", "import waiting"], check=True)
    assert [path.name for path in cache.iterdir() if path != lock] == [environment.digest]


def test_a_package_that_is_not_there(tmp_path: Path) -> None:
    """The error names the requirement and carries uv's words; nothing half-built stays."""
    with pytest.raises(RequirementsError, match="'greenroom-has-no-such-package==1'") as caught:
        build_environment(["six", "greenroom-has-no-such-package==1"], cache=tmp_path)

    assert "greenroom-has-no-such-package" in caught.value.log
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []
