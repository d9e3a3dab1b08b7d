"""Requirements become environments: normalised, completed for serving, and refused where they are none."""

from __future__ import annotations

import subprocess
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


def test_a_package_that_is_not_there(tmp_path: Path) -> None:
    """The error names the requirement and carries uv's words; nothing half-built stays."""
    with pytest.raises(RequirementsError, match="'greenroom-has-no-such-package==1'") as caught:
        build_environment(["six", "greenroom-has-no-such-package==1"], cache=tmp_path)

    assert "greenroom-has-no-such-package" in caught.value.log
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []
