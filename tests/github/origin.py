"""A bare git repository behind one of the tests' GitHub, as people clone it and push to it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.github.records import ChangedFile

STATES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}
AUTHOR = ("-c", "user.name=GitHub", "-c", "user.email=noreply@github.test")


def find_branch(folder: Path, branch: str) -> str:
    return _git(folder, "rev-parse", f"refs/heads/{branch}")


def list_changes(folder: Path, base: str, head: str) -> list[ChangedFile]:
    """Return what a pull request changes, since it left its base."""
    changes = []
    for line in _git(folder, "diff", "--name-status", "-M", f"{base}...{head}").splitlines():
        state, *paths = line.split("\t")
        previous = paths[0] if len(paths) > 1 else None
        changes.append(ChangedFile(paths[-1], STATES.get(state[0], "changed"), previous))
    return changes


def read_commit(folder: Path, sha: str) -> tuple[list[str], str, str]:
    """Return the parents, the tree and the message of a commit."""
    parents, tree, message = _git(folder, "show", "-s", "--format=%P%x00%T%x00%B", sha).split("\0")
    return parents.split(), tree, message.strip()


def has_commit(folder: Path, sha: str) -> bool:
    command = ["git", "-C", str(folder), "cat-file", "-e", f"{sha}^{{commit}}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def read_file(folder: Path, sha: str, path: str) -> bytes | None:
    command = ["git", "-C", str(folder), "cat-file", "blob", f"{sha}:{path}"]
    found = subprocess.run(command, capture_output=True, check=False)
    return found.stdout if found.returncode == 0 else None


def commit_file(folder: Path, parent: str, path: str, content: bytes, *, message: str, by: str) -> str:
    """Make a commit on *parent* that changes one file, and return it; *by* is the author's name."""
    store = ["git", "-C", str(folder), "hash-object", "-w", "--stdin"]
    blob = subprocess.run(store, input=content, capture_output=True, check=True).stdout.decode().strip()
    with tempfile.TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": f"{scratch}/index"}
        _git(folder, "read-tree", parent, variables=index)
        _git(folder, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", variables=index)
        tree = _git(folder, "write-tree", variables=index)
    author = {"GIT_AUTHOR_NAME": by}
    return _git(folder, *AUTHOR, "commit-tree", tree, "-p", parent, "-m", message, variables=author)


def merge(folder: Path, base: str, head: str, *, message: str) -> str | None:
    """Make the merge of two commits, and return it; None when they conflict."""
    command = ["git", "-C", str(folder), "merge-tree", "--write-tree", base, head]
    merged = subprocess.run(command, capture_output=True, text=True, check=False)
    if merged.returncode != 0:
        return None
    tree = merged.stdout.split("\n")[0]
    return _git(folder, *AUTHOR, "commit-tree", tree, "-p", base, "-p", head, "-m", message)


def point(folder: Path, ref: str, sha: str) -> None:
    _git(folder, "update-ref", ref, sha)


def _git(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        ["git", "-C", folder, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **(variables or {})},
    )
    return done.stdout.strip()
