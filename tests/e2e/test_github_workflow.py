"""The workflow that `greenroom init` writes, played as GitHub Actions would: a pull request from open to closed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from uv import find_uv_bin

from greenroom_pipeline.workflow_file import BUNDLE
from tests.github.machine import Setup
from tests.github.marketplace import OTHERS
from tests.github.player import PlayedJob, Player
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub
from tests.projects import Workbench, make_project, training_script

ROOT = Path(__file__).parents[2]
FIRST, BETTER, WORSE = (f"LogisticRegression(C={strength})" for strength in ("0.1", "0.3", "0.0000001"))
SERVER = "https://greenroom.example.com"


@dataclass
class Stage:
    """A project on GitHub: a person's clone, the repository there, and machines that run its jobs."""

    github: FakeGitHub
    repository: FakeRepository
    clone: Workbench
    player: Player

    def commit(self, branch: str, message: str, **files: str) -> str:
        """Commit files on a branch, push it, and return the commit."""
        self.clone.git("switch", "--quiet", "--force-create", branch)
        for name, text in files.items():
            self.clone.write(name.replace("_", "."), text)
        sha = self.clone.commit(message)
        self.clone.git("push", "--quiet", "--force", "origin", branch)
        return sha

    def play(self, action: str, number: int) -> dict[str, PlayedJob]:
        return self.player.play(
            "pull_request", self.repository.payload("pull_request", action=action, number=number)
        )


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine's own tools: uv, and a Python with the project's packages."""
    folder = tmp_path_factory.mktemp("tools")
    (folder / "uv").symlink_to(find_uv_bin())
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / "python").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the action installs Greenroom: the first job really does, and the next ones find it up to date."""
    folder = tmp_path_factory.mktemp("environment") / "greenroom"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The team's MLflow store, in which the same training is found again."""
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


@pytest.fixture
def stage(tmp_path: Path, tools: Path, environment: Path, store: str) -> Iterator[Stage]:
    clone = make_project(tmp_path / "cancer", "binary", estimator=FIRST)
    (clone.root / "greenroom.toml").unlink()
    bare = tmp_path / "cancer.git"
    clone.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    # GitHub gives any commit that is asked for by its SHA.
    clone.git("--git-dir", str(bare), "config", "uploadpack.allowAnySHA1InWant", "true")
    clone.git("remote", "add", "origin", bare.as_uri())
    clone.git("push", "--quiet", "origin", "main")
    with FakeGitHub() as github:
        repository = github.repository("ada/cancer", git=bare)
        environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        setup = Setup(
            github,
            repository,
            bare,
            actions={"greenroom/greenroom": ROOT},
            others=OTHERS,
            tools=[tools],
            variables={"MLFLOW_TRACKING_URI": store},
            # Compiled as it is imported: a test imports a part of it.
            environ={**environ, "UV_COMPILE_BYTECODE": "0"},
            kept={"greenroom": environment},
        )
        yield Stage(github, repository, clone, Player(setup, tmp_path / "jobs"))


def initialise(stage: Stage, *arguments: str) -> None:
    """Do what a person does: run the command, say what training reads and what is demanded, commit and push."""
    done = stage.clone.greenroom("init", *arguments)
    assert done.status == 0, done.err
    settings = stage.clone.root / "greenroom.toml"
    text = settings.read_text()
    for written, wanted in (
        ("# inputs = [", "inputs = ["),
        ('metric = "roc_auc"\nmax_loss = 0.01\n', 'metric = "accuracy"\nmin = 0.9\n'),
    ):
        assert written in text
        text = text.replace(written, wanted)
    settings.write_text(text)
    stage.commit("main", "Review models with Greenroom")


def read_outputs(job: PlayedJob) -> dict[str, str]:
    return job.step("Run Greenroom").outputs


def test_a_pull_request_from_open_to_closed(stage: Stage) -> None:
    """One comment, a check for each head, one deployment, summary and outputs; and nothing live at the end."""
    repository = stage.repository
    initialise(stage)
    head = stage.commit("better", "Regularise less", train_py=training_script(BETTER))
    number = repository.open_pull(head, "better", title="Regularise less")

    opened = stage.play("opened", number)

    run = opened["run"]
    assert (run.conclusion, opened["close"].conclusion) == ("success", "skipped"), run.log
    (comment,) = repository.comments(number)
    assert comment.author == "github-actions[bot]"
    assert comment.body.startswith("<!-- greenroom:cancer -->\n")
    assert "Pass" in comment.body
    (check,) = repository.checks(head)
    assert (check.name, check.conclusion) == ("greenroom/gate", "success")
    (deployment,) = repository.deployments()
    assert (deployment.sha, deployment.environment) == (head, "model-preview")
    assert "Pass" in run.step("Run Greenroom").summary
    outputs = read_outputs(run)
    assert outputs["verdict"] == "pass"
    assert json.loads(Path(outputs["report"]).read_text())["candidate"]["sha"] == head

    worse = stage.commit("better", "Regularise much too much", train_py=training_script(WORSE))
    repository.push(number, worse)
    pushed = stage.play("synchronize", number)["run"]

    assert pushed.conclusion == "failure"
    assert read_outputs(pushed)["verdict"] == "fail"
    (edited,) = repository.comments(number)
    assert edited.id == comment.id
    assert "Fail" in edited.body
    (failed,) = repository.checks(worse)
    assert (failed.name, failed.conclusion) == ("greenroom/gate", "failure")
    assert repository.checks(head) == [check], "what was said of the older head stands"
    live = [each for each in repository.deployments() if repository.statuses(each.id)[-1].state != "inactive"]
    assert [each.sha for each in live] == [worse]

    repository.close(number)
    closed = stage.play("closed", number)

    assert (closed["run"].conclusion, closed["close"].conclusion) == ("skipped", "success"), closed[
        "close"
    ].log
    assert [repository.statuses(each.id)[-1].state for each in repository.deployments()] == ["inactive"] * 2
    assert repository.comments(number) == [edited], "the report stays"


def test_a_pull_request_that_does_not_touch_the_model(stage: Stage) -> None:
    """A change of words passes at once, says so in the check alone, and trains nothing.

    What the job has set up for the project does not reach Greenroom's own imports.
    """
    initialise(stage)
    own = stage.player.work.parent / "own"
    own.mkdir()
    for name in ("typer", "httpx", "pydantic", "rich", "yaml"):
        (own / f"{name}.py").write_text("raise SystemExit('the project's own')\n")
    setup = stage.player.setup
    setup.environ = {**setup.environ, "PYTHONPATH": str(own), "VIRTUAL_ENV": str(own), "UV_PYTHON": "3.0"}
    head = stage.commit("words", "Say what this is", README_md="Predicts.\n")
    number = stage.repository.open_pull(head, "words")

    run = stage.play("opened", number)["run"]

    assert run.conclusion == "success", run.log
    (check,) = stage.repository.checks(head)
    assert (check.conclusion, check.output["title"]) == ("success", "The model is not touched")
    assert stage.repository.comments(number) == []
    assert "trained" not in run.log


def test_a_command_in_a_comment(stage: Stage) -> None:
    """A command starts the one job that answers, on the default branch's own code; other talk starts none."""
    initialise(stage)
    head = stage.commit("words", "Say what this is", README_md="Predicts.\n")
    number = stage.repository.open_pull(head, "words")

    comment = stage.repository.say(number, "ada", "/greenroom keep-awake")
    jobs = stage.player.play("issue_comment", stage.repository.payload("issue_comment", comment=comment))

    assert {name: job.conclusion for name, job in jobs.items()} == {
        "run": "skipped",
        "close": "skipped",
        "answer": "success",
    }, jobs["answer"].log
    _, answer = stage.repository.comments(number)
    assert "Without a Greenroom server no preview outlives its job" in answer.body

    chat = stage.repository.say(number, "ada", "Looks good to me.")
    jobs = stage.player.play("issue_comment", stage.repository.payload("issue_comment", comment=chat))
    assert {job.conclusion for job in jobs.values()} == {"skipped"}


def test_a_fork_leaves_its_bundle_for_the_server(stage: Stage) -> None:
    """A fork's job posts nothing and asks no server: its report is in the summary, its bundle an artifact."""
    github, repository = stage.github, stage.repository
    # A runner of the team's own may name the store to every job.
    setup = stage.player.setup
    setup.environ = {**setup.environ, **setup.variables}
    initialise(stage, "--server", SERVER)
    head = stage.commit("better", "Regularise less", train_py=training_script(BETTER))
    number = repository.open_pull(head, "better", author="eve", fork="eve/cancer")

    run = stage.play("opened", number)["run"]

    assert run.conclusion == "success", run.log
    (artifact,) = repository.runs[-1].artifacts
    assert artifact.name == BUNDLE
    assert "Pass" in run.step("Run Greenroom").summary
    assert repository.comments(number) == []
    assert [request.path for request in github.requests if request.method != "GET"] == []
