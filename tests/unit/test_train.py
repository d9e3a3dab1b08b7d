"""The training command: what it is given, what is heard of it, and when it ends."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from greenroom_pipeline.access import CREDENTIALS, STEP_FILES
from greenroom_pipeline.errors import TrainingError
from greenroom_pipeline.settings import TrainTable
from greenroom_pipeline.train import project_environment, run_command, training_environment


def run(command: str, folder: Path, *, timeout: float = 20) -> list[str]:
    heard: list[str] = []
    run_command(
        TrainTable(command=command, timeout=timeout),
        folder=folder,
        environment=project_environment(os.environ, tools=folder / "tools"),
        log=folder / "train.log",
        wrote=heard.append,
    )
    return heard


def test_every_line_is_passed_on_and_kept(tmp_path: Path) -> None:
    """Both streams are heard line by line, and the log holds them."""
    assert run("echo one; echo two >&2", tmp_path) == ["one", "two"]
    assert (tmp_path / "train.log").read_text() == "one\ntwo\n"


def test_a_failure_names_status_and_last_line(tmp_path: Path) -> None:
    """A failing command is named with its exit status and what it said last; its log goes along."""
    with pytest.raises(TrainingError, match="exit status 3; it said: no such file") as caught:
        run("echo reading; echo no such file; exit 3", tmp_path)

    assert caught.value.log == "reading\nno such file"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("sleep 60", id="itself"),
        pytest.param("sleep 60 & sleep 60", id="with a child"),
        pytest.param("trap '' TERM; sleep 60 & wait", id="deaf to SIGTERM"),
        pytest.param("setsid sleep 12 & sleep 60", id="with a child in a session of its own"),
    ],
)
def test_time_is_up_whatever_the_command_started(command: str, tmp_path: Path) -> None:
    """A command that takes too long is ended, and nothing that it started is waited for."""
    began = time.monotonic()
    with pytest.raises(TrainingError, match=r"did not end within 0\.3 s"):
        run(command, tmp_path, timeout=0.3)

    assert time.monotonic() - began < 11.5


def test_bytes_that_are_no_text_are_survived(tmp_path: Path) -> None:
    """Output that is not UTF-8 is passed on with a mark in place of what cannot be read."""
    assert run(r"printf 'a\377b\n'", tmp_path) == ["a�b"]


def test_greenrooms_own_environment_is_not_the_projects(tmp_path: Path) -> None:
    """Greenroom's Python is taken off the path, unless its environment is the one that the user activated."""
    own = str(Path(sys.prefix) / "bin")
    path = os.pathsep.join([own, "/usr/bin"])

    seen = project_environment({"PATH": path}, tools=tmp_path)["PATH"].split(os.pathsep)
    activated = project_environment({"PATH": path, "VIRTUAL_ENV": sys.prefix}, tools=tmp_path)

    assert seen == ["/usr/bin", str(tmp_path)]
    assert [each.name for each in tmp_path.iterdir()] == ["uv"]
    assert activated["PATH"].split(os.pathsep)[0] == own


def test_mlflow_is_pointed_at_the_run(tmp_path: Path) -> None:
    """Whatever the caller had set, the command's MLflow resumes this run, and sends nothing home."""
    environment = training_environment(
        {"PATH": "/usr/bin", "MLFLOW_RUN_ID": "another"},
        tools=tmp_path,
        tracking_uri="sqlite:///x.db",
        run_id="this",
    )

    assert environment["MLFLOW_RUN_ID"] == "this"
    assert environment["MLFLOW_TRACKING_URI"] == "sqlite:///x.db"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_credentials_are_kept_from_training(tmp_path: Path) -> None:
    """A candidate's training sees the project's variables and nothing that a slot or the forge is written with.

    Nor does it see the files in which the step says what later steps go by.
    """
    environ = {
        "PATH": "/usr/bin",
        **dict.fromkeys((*CREDENTIALS, *STEP_FILES), "secret"),
        "GREENROOM_SERVER": "http://127.0.0.1:1",
        "X": "1",
    }
    environment = training_environment(environ, tools=tmp_path, tracking_uri="sqlite:///x.db", run_id="this")

    assert "secret" not in environment.values()
    assert environment["X"] == "1"
