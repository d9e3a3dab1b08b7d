"""`greenroom run` as a step of a workflow, as a process of its own, on the tests' GitHub."""

from __future__ import annotations

from pathlib import Path

from greenroom_pipeline.access import CREDENTIALS
from tests.github.actions import start_job
from tests.github.server import FakeGitHub
from tests.projects import make_project

RIGHTS = {"contents": "read", "checks": "write", "deployments": "write", "pull_requests": "write"}
BROKEN = f"""
import os
print("epoch 1")
assert not set({CREDENTIALS!r}) & set(os.environ), "credentials"
raise KeyError("delayed")
"""


def test_training_that_fails_is_told_in_the_comment(tmp_path: Path) -> None:
    """Step, reason and last lines stand there, the exit status is an error's, and training saw no token.

    A right that the token lacks is a warning in one line, and one of the workflow's.
    """
    bench = make_project(tmp_path / "cancer", "binary", estimator="LogisticRegression()")
    bench.git("switch", "--quiet", "--create", "broken")
    bench.write("train.py", BROKEN)
    head = bench.commit("Break it")
    bench.git("switch", "--quiet", "--detach")
    with FakeGitHub() as github:
        repository = github.repository("ada/cancer", git=bench.root / ".git")
        number = repository.open_pull(head, "broken")
        payload = repository.payload("pull_request", action="opened", number=number)
        token = github.token(repository, permissions={**RIGHTS, "checks": "read"})
        job = start_job(
            repository,
            "pull_request",
            payload,
            tmp_path / "job",
            token=token,
            identity=github.oidc.job(repository, number),
        )
        done = bench.greenroom("run", **job.environ)
        (comment,) = repository.comments(number)

        assert done.status == 2
        assert "it said: KeyError: 'delayed'" in done.last_line
        assert "### 💥 No verdict, train failed" in comment.body
        assert "epoch 1" in comment.body
        assert "### 💥 No verdict, train failed" in job.summary.read_text()
        lines = [line for line in done.err.splitlines() if "`checks: write`" in line]
        assert {line.partition("not all")[0] for line in lines} == {
            "greenroom: warning: ",
            "::warning title=Greenroom::",
        }
        assert repository.checks(head) == []
