"""`greenroom run` as a step of a workflow, for real: a model is trained, and the tests' GitHub shows the outcome."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenroom_pipeline.report import Report
from greenroom_services.bundle import receive_bundle
from greenroom_services.bundle_checks import write_digest
from tests.github.actions import Job, start_job
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub
from tests.projects import Finished, Workbench, make_project, training_script
from tests.unit.test_actions import read_outputs

NO_CREDENTIALS = (
    "import os\nassert not {'GITHUB_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'} & set(os.environ)\n"
)
RIGHTS = {"contents": "read", "checks": "write", "deployments": "write", "pull_requests": "write"}


@dataclass
class Reviewed:
    """A pull request of which a job has run."""

    bench: Workbench
    repository: FakeRepository
    number: int
    folder: Path
    bundle: Path
    head: str
    job: Job
    done: Finished

    def start(self) -> Job:
        """Return another job of the pull request as it is now."""
        return start_review(self.repository, self.number, self.folder)


def start_review(repository: FakeRepository, number: int, folder: Path) -> Job:
    token = repository.hub.token(repository, permissions=RIGHTS)
    identity = {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}
    payload = repository.payload("pull_request", action="opened", number=number)
    return start_job(repository, "pull_request", payload, folder, token=token, identity=identity)


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    root = tmp_path_factory.mktemp("actions")
    bench = make_project(root / "cancer", "binary", estimator="LogisticRegression(C=1.0)")
    bench.git("switch", "--quiet", "--create", "better")
    bench.write("train.py", NO_CREDENTIALS + training_script("LogisticRegression(C=0.5)").lstrip())
    head = bench.commit("A better model")
    bench.git("switch", "--quiet", "--detach")
    with FakeGitHub() as github:
        repository = github.repository("ada/cancer", git=bench.root / ".git")
        number = repository.open_pull(head, "better")
        job, bundle = start_review(repository, number, root / "job"), root / "bundle.tar"
        done = bench.greenroom("run", "--bundle", str(bundle), **job.environ)
        yield Reviewed(bench, repository, number, root / "next", bundle, head, job, done)


def test_a_pull_request_is_reviewed(reviewed: Reviewed) -> None:
    """The report of the head commit is one comment, one check and one deployment; its outputs are for later steps."""
    outputs = read_outputs(reviewed.job.output)
    report = Report.model_validate_json(Path(outputs["report"]).read_text())
    (comment,) = reviewed.repository.comments(reviewed.number)
    (check,) = reviewed.repository.checks(reviewed.head)
    (deployment,) = reviewed.repository.deployments()

    assert reviewed.done.status == 0, reviewed.done.err
    assert report.lineage is not None
    assert (report.lineage.sha, report.lineage.pull) == (reviewed.head, reviewed.number)
    assert outputs["verdict"] == report.verdict == "pass"
    assert "### ✅ Pass" in comment.body
    assert "### ✅ Pass" in reviewed.job.summary.read_text()
    assert (check.name, check.conclusion) == ("greenroom/gate", "success")
    assert (deployment.sha, deployment.state) == (reviewed.head, "success")
    assert "warning" not in reviewed.done.err


def test_the_bundle_is_one_that_a_server_takes(reviewed: Reviewed, tmp_path: Path) -> None:
    """What `--bundle` leaves is whole, and of this pull request, commit and run."""

    content = reviewed.bundle.read_bytes()
    digest = write_digest(hashlib.sha256(content).digest())

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    bundle = asyncio.run(receive_bundle(chunks(), digest=digest, into=tmp_path / "bundle"))

    assert (bundle.manifest.project, bundle.manifest.slot) == ("cancer", str(reviewed.number))
    assert bundle.manifest.sha == reviewed.head
    assert str(bundle.manifest.order).startswith(reviewed.job.environ["GITHUB_RUN_ID"])


def test_training_that_fails_is_told_in_the_comment(reviewed: Reviewed) -> None:
    """Step, reason and the last lines stand there; the exit status is that of an error, and the check fails."""
    bench = reviewed.bench
    bench.write("train.py", "print('epoch 1')\nraise KeyError('delayed')\n")
    head = bench.commit("Break it")
    reviewed.repository.push(reviewed.number, head)
    done = bench.greenroom("run", **reviewed.start().environ)
    (comment,) = reviewed.repository.comments(reviewed.number)
    (check,) = reviewed.repository.checks(head)

    assert done.status == 2
    assert "KeyError" in done.last_line
    assert "### 💥 No verdict, train failed" in comment.body
    assert "epoch 1" in comment.body
    assert check.conclusion == "failure"
