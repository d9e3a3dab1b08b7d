"""GitHub as npm's `emulate` has it, which nobody here wrote: for what it covers, the same must hold there.

Version 0.9.0 has pull requests, comments, check runs, permissions and merges, for people's tokens. It has no
deployments, no reactions, no commits' pull requests and no GraphQL, and refuses every App's signature.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.node import find_modules

SCRIPT = Path(__file__).with_name("emulate.mjs")
SEED = {
    "tokens": {"token-of-ada": {"login": "ada", "scopes": ["repo"]}},
    "github": {
        "users": [{"login": "ada"}],
        "repos": [{"owner": "ada", "name": "flights", "auto_init": True}],
    },
}


@dataclass(frozen=True)
class Emulated:
    """A repository with one open pull request."""

    api: str
    token: str
    """Of the repository's owner, `ada`."""
    repository: str
    number: int
    head_sha: str


@contextmanager
def emulated() -> Iterator[Emulated]:
    """Run it on a free port, with the repository `ada/flights` and a pull request in it."""
    find_modules()
    command = ["node", str(SCRIPT), json.dumps(SEED)]
    with subprocess.Popen(
        command, cwd=SCRIPT.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            address = running.stdout.readline().strip()
            assert address, "emulate does not start; its error stands above"
            number, head = _open_pull(address)
            yield Emulated(address, "token-of-ada", "ada/flights", number, head)
        finally:
            running.stdin.close()
            running.wait(20)


def _open_pull(address: str) -> tuple[int, str]:
    """Make a commit on a branch of its own, and return the pull request's number and head."""
    headers = {"Authorization": "Bearer token-of-ada"}
    with httpx.Client(base_url=f"{address}/repos/ada/flights", headers=headers) as asking:

        def make(path: str, **content: object) -> httpx.Response:
            return asking.post(path, json=content).raise_for_status()

        main = asking.get("/branches/main").raise_for_status().json()["commit"]["sha"]
        file = {"path": "train.py", "mode": "100644", "type": "blob", "content": "1\n"}
        tree = make("/git/trees", tree=[file]).json()["sha"]
        head = make("/git/commits", message="Better", tree=tree, parents=[main]).json()["sha"]
        make("/git/refs", ref="refs/heads/better", sha=head)
        pull = make("/pulls", title="A better model", head="better", base="main").json()
    return int(pull["number"]), head
