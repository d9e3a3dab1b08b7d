"""`greenroom run` as a step of a workflow, as a process of its own, on the tests' GitHub."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import yaml

from greenroom_pipeline.access import CREDENTIALS
from tests.github.actions import start_job
from tests.github.machine import write_script
from tests.github.server import FakeGitHub
from tests.projects import make_project

ACTION = Path(__file__).parents[2] / "action.yml"
RIGHTS = {"contents": "read", "checks": "write", "deployments": "write", "pull_requests": "write"}
BROKEN = f"""
import os
print("epoch 1")
assert not set({CREDENTIALS!r}) & set(os.environ), "credentials"
raise KeyError("delayed")
"""
ENDLESS = """
import time
print("epoch 1", flush=True)
time.sleep(600)
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


def test_a_cancelled_job_leaves_no_check_running(tmp_path: Path) -> None:
    """GitHub tells the step's shell alone, twice: the check has its end all the same, and so has training."""
    bench = make_project(tmp_path / "cancer", "binary", estimator="LogisticRegression()")
    bench.git("switch", "--quiet", "--create", "endless")
    bench.write("train.py", ENDLESS)
    head = bench.commit("Train for ever")
    bench.git("switch", "--quiet", "--detach")
    (step,) = [
        each for each in yaml.safe_load(ACTION.read_text())["runs"]["steps"] if each.get("id") == "run"
    ]
    with FakeGitHub() as github:
        repository = github.repository("ada/cancer", git=bench.root / ".git")
        number = repository.open_pull(head, "endless")
        payload = repository.payload("pull_request", action="opened", number=number)
        job = start_job(
            repository,
            "pull_request",
            payload,
            tmp_path / "job",
            token=github.token(repository, permissions=RIGHTS),
        )
        shell = subprocess.Popen(
            write_script(step["run"], tmp_path / "step.sh"),
            cwd=bench.root,
            env={**bench.environ, **job.environ, "ENVIRONMENT": sys.prefix, "DIRECTORY": "."},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            assert shell.stdout is not None
            assert any("epoch 1" in line for line in shell.stdout), "training runs"
            github.meanwhile("PATCH", "/check-runs/", lambda: shell.send_signal(signal.SIGTERM))
            shell.send_signal(signal.SIGINT)
            said, _ = shell.communicate(timeout=60)
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
        (check,) = repository.checks(head)

        assert (check.status, check.conclusion) == ("completed", "failure"), said
        assert "stopped before it had ended" in job.summary.read_text()
        assert shell.returncode == 130
