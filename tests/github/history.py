"""Commits and branches of one repository: made up, or those of a bare git repository behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.github import origin
from tests.github.calls import Refusal
from tests.github.clock import Clock
from tests.github.records import ChangedFile, Commit, Pull


@dataclass
class History:
    clock: Clock
    git: Path | None = None
    commits: list[Commit] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """What a commit changed, by its SHA and the path, where there is no git to ask."""

    def begin(self, branch: str, *, seed: str, author: str) -> None:
        """Have a first commit on a branch; git has one of its own."""
        root = origin.find_branch(self.git, branch) if self.git else hash_words(seed)
        self.branches[branch] = self.add(root, (), message="Begin", author=author).sha

    def add(self, sha: str, parents: Sequence[str], *, message: str, author: str) -> Commit:
        """Have a commit; one that is there already stays as it is."""
        for known in self.commits:
            if known.sha == sha:
                return known
        tree = hash_words(sha, "tree")
        if self.git is not None and origin.has_commit(self.git, sha):
            parents, tree, message = origin.read_commit(self.git, sha)
        commit = Commit(sha, tuple(parents), message, author, tree, self.clock.now())
        self.commits.append(commit)
        return commit

    def commit_file(
        self, branch: str, path: str, content: bytes, *, message: str, by: str, writer: str
    ) -> str:
        """Commit a file to a branch, and return the branch's new head; *writer* is the author that is named."""
        parent = self.head_of(branch)
        if self.git is not None:
            sha = origin.commit_file(self.git, parent, path, content, message=message, by=writer)
            origin.point(self.git, f"refs/heads/{branch}", sha)
        else:
            sha = hash_words(parent, path, message, content.hex())
            self.files[sha, path] = content
        self.add(sha, (parent,), message=message, author=by).writer = writer
        self.branches[branch] = sha
        return sha

    def find(self, ref: str) -> Commit:
        """Return the commit of a SHA or of a branch."""
        branch = ref.removeprefix("heads/")
        sha = self.head_of(branch) if branch in self.branches else ref
        for commit in self.commits:
            if commit.sha == sha:
                return commit
        raise Refusal(422, f"No commit found for SHA: {ref}")

    def head_of(self, branch: str) -> str:
        """Return a branch's newest commit, which may have been pushed where git is behind."""
        if self.git is not None:
            sha = origin.find_branch(self.git, branch)
            self.branches[branch] = self.add(sha, (), message="", author="ada").sha
        return self.branches[branch]

    def read(self, sha: str, path: str) -> bytes | None:
        """Return a file as a commit has it; None where it has none."""
        if self.git is not None:
            return origin.read_file(self.git, sha, path)
        waiting, seen = [sha], set[str]()
        while waiting:
            here = waiting.pop(0)
            if (here, path) in self.files:
                return self.files[here, path]
            seen.add(here)
            known = [commit for commit in self.commits if commit.sha == here]
            waiting += [each for commit in known for each in commit.parents if each not in seen]
        return None

    def merge(self, base: str, head: str, *, message: str, author: str) -> str | None:
        """Return the merge of two commits; None where git finds that they conflict."""
        if self.git is None:
            sha: str | None = hash_words(base, head, message)
        else:
            sha = origin.merge(self.git, base, head, message=message)
        return sha and self.add(sha, (base, head), message=message, author=author).sha

    def advance(self, branch: str, sha: str) -> None:
        self.branches[branch] = sha
        if self.git is not None:
            origin.point(self.git, f"refs/heads/{branch}", sha)

    def lay_refs(self, pull: Pull) -> None:
        """Lay down what a checkout of a pull request fetches."""
        refs = {"head": pull.head_sha, "merge": pull.merge_commit_sha}
        for name, sha in refs.items():
            if self.git is not None and sha is not None and origin.has_commit(self.git, sha):
                origin.point(self.git, f"refs/pull/{pull.number}/{name}", sha)

    def list_changes(self, pull: Pull) -> list[ChangedFile]:
        """Return what a pull request changes: `train.py`, where there is no git to ask."""
        if self.git is None:
            return [ChangedFile("train.py")]
        return origin.list_changes(self.git, pull.base_sha, pull.head_sha)


def hash_words(*words: str) -> str:
    return hashlib.sha1("\0".join(words).encode(), usedforsecurity=False).hexdigest()
