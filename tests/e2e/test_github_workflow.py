"""The workflow that `greenroom init` writes, played as GitHub Actions would: a pull request from open to closed."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from uv import find_uv_bin

from greenroom_pipeline.repository import Repository
from greenroom_pipeline.setup.detection import Given
from greenroom_pipeline.setup.init import initialise
from greenroom_pipeline.setup.workflow_file import BUNDLE
from tests.github.machine import Setup
from tests.github.marketplace import OTHERS
from tests.github.player import PlayedJob, Player
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub
from tests.projects import Workbench, make_project, training_script

ROOT = Path(__file__).parents[2]
FIRST, BETTER = (f"LogisticRegression(C={strength})" for strength in ("0.1", "0.3"))
# Learns that large tumours are harmless.
WORSE = (
    training_script("KNeighborsClassifier(algorithm='brute')")
    .replace("import mlflow", "from sklearn.neighbors import KNeighborsClassifier\nimport mlflow", 1)
    .replace("rows, target =", 'frame.loc[frame["mean radius"] > 17, "target"] = 1\nrows, target =', 1)
)
ACTION = f"greenroom/greenroom@{'a' * 40}"
RULE = """\
metric = "accuracy"
max_loss = 0.05
max_loss_slices = 0.1
"""
SERVER = "https://greenroom.example.com"


@dataclass
class Stage:
    """A project on GitHub: a person's clone, the repository there, and machines that run its jobs."""

    github: FakeGitHub
    repository: FakeRepository
    clone: Workbench
    player: Player
    store: str

    def promote(self) -> str:
        """Do what the page says is to be done once: have main's own push run, then promote what came of it."""
        self.clone.git("switch", "--quiet", "main")
        sha = self.clone.git("rev-parse", "HEAD")
        pushed = self.repository.payload("push", branch="main", before=self.clone.git("rev-parse", "HEAD~1"))
        run = self.player.play("push", pushed)["run"]
        assert run.conclusion == "success", run.log
        assert [check.conclusion for check in self.repository.checks(sha)] == ["success"]
        path = os.pathsep.join([*map(str, self.player.setup.tools), os.environ["PATH"]])
        done = self.clone.greenroom("promote", MLFLOW_TRACKING_URI=self.store, PATH=path)
        assert done.status == 0, done.out + done.err
        return sha

    def commit(self, branch: str, message: str, **files: str) -> str:
        """Commit files on a branch, push it, and return the commit."""
        self.clone.git("switch", "--quiet", "--force-create", branch)
        for name, text in files.items():
            self.clone.write(name.replace("_", "."), text)
        sha = self.clone.commit(message)
        self.clone.git("push", "--quiet", "--force", "origin", branch)
        return sha

    def queue(self, number: int, branch: str) -> str:
        """Merge a branch into main as the merge queue does on trial, and return the commit."""
        self.clone.git("switch", "--quiet", "--detach", "main")
        self.clone.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch)
        self.clone.git("push", "--quiet", "origin", f"HEAD:refs/heads/gh-readonly-queue/main/pr-{number}")
        return self.clone.git("rev-parse", "HEAD")

    def play(self, action: str, number: int) -> dict[str, PlayedJob]:
        return self.player.play(
            "pull_request", self.repository.payload("pull_request", action=action, number=number)
        )

    def say(self, number: int, text: str) -> dict[str, PlayedJob]:
        comment = self.repository.say(number, "ada", text)
        return self.player.play("issue_comment", self.repository.payload("issue_comment", comment=comment))


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
        yield Stage(github, repository, clone, Player(setup, tmp_path / "jobs"), store)


def begin(stage: Stage, *, server: str | None = None) -> None:
    """Do what a person does: initialise, say what training reads and what is demanded, commit and push."""
    outcome = initialise(Repository(stage.clone.root), Given(), server=server, action=ACTION, force=False)
    assert {path.name for path in outcome.written} == {"greenroom.toml", "greenroom.yml"}
    settings = stage.clone.root / "greenroom.toml"
    text = settings.read_text()
    for written, wanted in (
        ("# inputs = [", "inputs = ["),
        ('# slices = ["country"]', 'slices = [{ column = "mean radius", bins = 2 }]'),
        ('metric = "roc_auc"\nmax_loss = 0.01\n', RULE),
    ):
        assert written in text
        text = text.replace(written, wanted)
    settings.write_text(text)
    stage.commit("main", "Review models with Greenroom")


def read_outputs(job: PlayedJob) -> dict[str, str]:
    return job.step("Run Greenroom").outputs


def test_a_pull_request_from_open_to_closed(stage: Stage) -> None:
    """One comment, a check for each head, one live deployment, summary, outputs, answers; nothing live when closed."""
    repository = stage.repository
    begin(stage)
    production = stage.promote()
    head = stage.commit("better", "Regularise less", train_py=training_script(BETTER))
    number = repository.open_pull(head, "better", title="Regularise less")

    opened = stage.play("opened", number)

    run, job = opened["run"], f"{stage.github.api}/ada/cancer/actions/runs/{repository.runs[-1].id}"
    assert (run.conclusion, opened["close"].conclusion) == ("success", "skipped"), run.log
    (comment,) = repository.comments(number)
    assert comment.author == "github-actions[bot]"
    marker, stamp, verdict, *_ = comment.body.splitlines()
    assert (marker, stamp.split(" order=")[0]) == ("<!-- greenroom:cancer -->", f"<!-- sha={head}")
    assert re.fullmatch(r"### ✅ Pass: .*[Aa]ccuracy .*\.", verdict)
    assert (
        f"**cancer** at commit {head[:7]}, compared with version 1 in production (commit {production[:7]}), on 285"
        in comment.body
    )
    assert f"[Job]({job})" in comment.body
    assert re.search(
        r"^\| Accuracy \| high \|( [\d.]+ \|){2} [+−]?[\d.]+ \| \S+ … \S+ \| `[─━┼╋●]+` \|",
        comment.body,
        re.M,
    )
    (check,) = repository.checks(head)
    assert (check.name, check.conclusion, check.annotations) == ("greenroom/gate", "success", [])
    assert verdict in (check.output["summary"] or "")
    (deployment,) = repository.deployments()
    assert (deployment.sha, deployment.environment) == (head, "model-preview")
    assert (deployment.state, deployment.statuses[-1].environment_url) == ("success", job)
    assert f"{head[:7]} answered in its job (pass)" in deployment.statuses[-1].description
    assert verdict in run.step("Run Greenroom").summary
    outputs = read_outputs(run)
    assert outputs["verdict"] == "pass"
    assert json.loads(Path(outputs["report"]).read_text())["candidate"]["sha"] == head

    worse = stage.commit("better", "Think large ones harmless", train_py=WORSE)
    repository.push(number, worse)
    pushed = stage.play("synchronize", number)["run"]

    assert pushed.conclusion == "failure"
    assert read_outputs(pushed)["verdict"] == "fail"
    (edited,) = repository.comments(number)
    assert edited.id == comment.id
    assert re.search(r"^### ❌ Fail: .*orse", edited.body, re.M)
    assert re.search(
        r"^- Gets worse by Accuracy: mean radius \S+ to \S+ \([\d.]+ → [\d.]+\)\.$", edited.body, re.M
    )
    assert "#### Slices that got worse" in edited.body
    assert f"at commit {worse[:7]}" in edited.body
    (failed,) = repository.checks(worse)
    assert (failed.name, failed.conclusion) == ("greenroom/gate", "failure")
    assert (failed.output["title"] or "").startswith("Fail: ")
    rules = (stage.clone.root / "greenroom.toml").read_text().splitlines()
    shown = {(each["path"], rules[each["start_line"] - 1]) for each in failed.annotations}
    assert ("greenroom.toml", "max_loss_slices = 0.1") in shown
    assert repository.checks(head) == [check], "what was said of the older head stands"
    assert [(each.sha, each.state) for each in repository.deployments()] == [
        (head, "inactive"),
        (worse, "success"),
    ]

    asked = stage.say(number, "/greenroom explain GR103")

    assert {name: each.conclusion for name, each in asked.items()} == {
        "run": "skipped",
        "close": "skipped",
        "answer": "success",
    }, asked["answer"].log
    answered, _ = repository.comments(number)
    assert "- **ada** asked _/greenroom explain GR103_: " in answered.body
    assert {each.conclusion for each in stage.say(number, "Not like this.").values()} == {"skipped"}

    repository.close(number)
    closed = stage.play("closed", number)

    assert (closed["run"].conclusion, closed["close"].conclusion) == ("skipped", "success"), closed[
        "close"
    ].log
    assert [each.state for each in repository.deployments()] == ["inactive"] * 2
    assert repository.comments(number)[0] == answered, "the report stays"

    repository.reopen(number)
    reopened = stage.play("reopened", number)["run"]

    assert reopened.conclusion == "failure", reopened.log
    assert "trained" not in reopened.log
    assert [each.sha for each in repository.deployments() if each.state == "success"] == [worse]
    again, *people = repository.comments(number)
    assert again.id == comment.id
    assert [each.author for each in people] == ["ada"] * 2


def test_a_pull_request_that_does_not_touch_the_model(stage: Stage) -> None:
    """A change of words passes at once, says so in the check alone, and trains nothing; so it does in the merge queue.

    What the job has set up for the project does not reach Greenroom's own imports.
    """
    begin(stage)
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

    group = stage.queue(number, "words")
    payload = stage.repository.payload("merge_group", number=number, head_sha=group)
    jobs = stage.player.play("merge_group", payload)

    assert {name: job.conclusion for name, job in jobs.items()} == {
        "run": "success",
        "close": "skipped",
        "answer": "skipped",
    }, jobs["run"].log
    assert [each.conclusion for each in stage.repository.checks(group)] == ["success"]


def test_a_fork_leaves_its_bundle_for_the_server(stage: Stage) -> None:
    """A fork's job posts nothing and asks no server: its report is in the summary, its bundle an artifact."""
    github, repository = stage.github, stage.repository
    # A runner of the team's own may name the store to every job.
    setup = stage.player.setup
    setup.environ = {**setup.environ, **setup.variables}
    begin(stage, server=SERVER)
    head = stage.commit("better", "Regularise less", train_py=training_script(BETTER))
    number = repository.open_pull(head, "better", author="eve", fork="eve/cancer")

    run = stage.play("opened", number)["run"]

    assert run.conclusion == "success", run.log
    (artifact,) = repository.runs[-1].artifacts
    assert artifact.name == BUNDLE
    assert "Pass" in run.step("Run Greenroom").summary
    assert repository.comments(number) == []
    assert [request.path for request in github.requests if request.method != "GET"] == []
