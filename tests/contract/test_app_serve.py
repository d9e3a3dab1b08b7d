"""`greenroom serve` as a GitHub App: from an event under the public name to a check on the commit."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.app_stage import Stage, open_stage
from tests.patience import await_true

PATIENCE = 60.0
PUBLIC = {"Host": "greenroom.example.com", "X-Forwarded-For": "203.0.113.9"}


@contextmanager
def serving(stage: Stage) -> Iterator[str]:
    """Serve the project in a process of its own, and give the address that is for its reverse proxy."""
    ports = ("--port", "0", "--api-port", "0", "--gateway-port", "0")
    command = [sys.executable, "-m", "greenroom_pipeline.cli", "serve", *ports]
    with subprocess.Popen(
        command, cwd=stage.bench.root, env=dict(stage.bench.environ), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = "".join(process.stdout.readline() for _ in range(3))
        found = re.search(
            r"^API: (\S+) \(for the reverse proxy of https://greenroom\.example\.com\)$", said, re.M
        )
        assert found is not None, said
        try:
            yield found[1]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
    assert process.returncode == 130


def await_check(stage: Stage, sha: str) -> str:
    await_true(lambda: bool(stage.repository.checks(sha)), timeout=PATIENCE, says="no check was made")
    return stage.check(sha).status


def test_an_event_becomes_a_check(tmp_path: Path, tables: Path) -> None:
    """The front takes it in, and the worker beside it acts; what nobody told is found on a round."""
    with open_stage(tmp_path, tables=tables) as stage:
        untold = stage.propose("before")
        with serving(stage) as api:
            assert await_check(stage, stage.head(untold)) == "in_progress"
            told = stage.propose()
            payload = stage.repository.payload("pull_request", action="opened", number=told)
            headers, body = stage.app.webhook("pull_request", payload)
            answer = httpx.post(f"{api}/api/github/events", headers={**headers, **PUBLIC}, content=body)

            assert (answer.status_code, answer.json()) == (202, {"delivery": "kept"})
            assert await_check(stage, stage.head(told)) == "in_progress"
