"""One repository of the tests' GitHub: what tests set up in it, and what they look at afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.github.calls import Refusal, find
from tests.github.history import History, hash_words
from tests.github.payloads import build_payload
from tests.github.posts import Posts
from tests.github.records import (
    Artifact,
    Change,
    ChangedFile,
    Check,
    Commit,
    Pull,
    Run,
)
from tests.github.standing import Rules

WORKFLOW = ".github/workflows/greenroom.yml"


@dataclass(kw_only=True)
class FakeRepository(Posts, Rules):
    id: int
    name: str
    parent: str | None = None
    """What it is a fork of."""
    git: Path | None = None
    """A bare git repository behind it, where commits, merges and changed files are real."""
    former_names: list[str] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.history = History(self.hub.clock, self.git)
        self.history.begin(self.default_branch, seed=self.full_name, author=self.owner)

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def owner_id(self) -> int:
        return self.hub.person(self.owner).id

    # What tests set up.

    def commit(
        self, sha: str, parents: Sequence[str] = (), *, message: str = "Change", author: str | None = None
    ) -> Commit:
        """Have the commit *sha* in it; one that is there already stays as it is."""
        return self.history.add(sha, parents, message=message, author=author or self.owner)

    def open_pull(
        self,
        head_sha: str,
        branch: str,
        *,
        base: str | None = None,
        author: str = "ada",
        title: str = "A better model",
        files: Sequence[str | ChangedFile] | None = None,
        fork: str | None = None,
    ) -> int:
        """Open a pull request of a branch here, or of *fork*, and return its number.

        Without *files* it changes what git says, or `train.py` where there is no git behind.
        """
        if fork is not None:
            self.hub.repository(fork, parent=self)
        base = base or self.default_branch
        now = self.hub.clock.now()
        pull = Pull(
            id=self.hub.next_id(),
            number=len(self.pulls) + 1,
            title=title,
            author=author,
            branch=branch,
            base=base,
            base_sha=self.history.head_of(base),
            head_sha=head_sha,
            created=now,
            updated=now,
            head_repository=fork or self.full_name,
            given=None if files is None else [_change(each) for each in files],
        )
        self.pulls.append(pull)
        self._move_head(pull, head_sha)
        return pull.number

    def push(self, number: int, sha: str) -> None:
        """Move the head of a pull request, by a push to its branch."""
        self._move_head(self.pull(number), sha)

    def keep_file(self, sha: str, path: str, content: bytes) -> None:
        """Have a commit change a file, which its successors have then as well."""
        self.history.files[sha, path] = content

    def write_file(
        self, branch: str, path: str, content: bytes, *, message: str, by: str, writer: str
    ) -> str:
        """Commit a file to a branch and return its new head, which its pull requests have then, too."""
        sha = self.history.commit_file(branch, path, content, message=message, by=by, writer=writer)
        for pull in self.pulls:
            if (pull.branch, pull.head_repository, pull.state) == (branch, self.full_name, "open"):
                self.push(pull.number, sha)
        return sha

    def retarget(self, number: int, base: str, *, files: Sequence[str]) -> None:
        """Have a pull request go into another branch, where these are the *files* that it changes."""
        pull = self.pull(number)
        pull.base, pull.base_sha, pull.updated = base, self.history.head_of(base), self.hub.clock.now()
        pull.files = [ChangedFile(each) for each in files]

    def close(self, number: int) -> None:
        pull = self.pull(number)
        pull.state, pull.closed = "closed", self.hub.clock.now()
        pull.updated = pull.closed
        pull.changes.append(Change(self.hub.next_id(), "closed", self.owner, pull.closed))

    def reopen(self, number: int) -> None:
        pull = self.pull(number)
        pull.state, pull.closed, pull.updated = "open", None, self.hub.clock.now()
        pull.changes.append(Change(self.hub.next_id(), "reopened", self.owner, pull.updated))

    def merge(self, number: int, *, by: str | None = None, message: str = "Merge") -> str:
        """Merge a pull request, and return the merge commit's SHA."""
        pull, author, base = self.pull(number), by or self.owner, self.history.head_of(self.pull(number).base)
        sha = self.history.merge(base, pull.head_sha, message=message, author=author)
        if sha is None:
            raise Refusal(405, "Pull Request is not mergeable")
        self.history.advance(pull.base, sha)
        pull.changes.append(Change(self.hub.next_id(), "merged", author, self.hub.clock.now(), sha))
        self.close(number)
        pull.merge_commit_sha, pull.merged, pull.merged_by = sha, pull.closed, author
        return sha

    def rename(self, name: str) -> None:
        """Give it a new name; the old one leads on to it."""
        former = self.full_name
        self.former_names.append(former)
        self.owner, self.name = name.split("/")
        theirs: list[Pull | Run] = [*self.pulls, *self.runs]
        for each in theirs:
            if each.head_repository == former:
                each.head_repository = name

    def workflow_run(
        self,
        head_sha: str,
        *,
        event: str = "pull_request",
        path: str = WORKFLOW,
        head_repository: str | None = None,
        head_branch: str = "better",
        actor: str = "ada",
        conclusion: str | None = "success",
    ) -> int:
        """Have a workflow run, of this repository or of a fork's commit, and return the run's id."""
        self.commit(head_sha)
        run = Run(
            id=self.hub.next_id(),
            number=len(self.runs) + 1,
            head_sha=head_sha,
            head_branch=head_branch,
            head_repository=head_repository or self.full_name,
            event=event,
            path=path,
            actor=actor,
            created=self.hub.clock.now(),
            status="completed" if conclusion else "in_progress",
            conclusion=conclusion,
        )
        self.runs.append(run)
        return run.id

    def artifact(self, run_id: int, name: str, data: bytes) -> int:
        """Have a run leave a zip behind, and return the artifact's id."""
        artifact = Artifact(self.hub.next_id(), run_id, name, data, self.hub.clock.now())
        self.run(run_id).artifacts.append(artifact)
        return artifact.id

    # What tests look at.

    def pull(self, number: int) -> Pull:
        return find(self.pulls, lambda each: each.number == number)

    def run(self, run_id: int) -> Run:
        return find(self.runs, lambda each: each.id == run_id)

    def payload(self, event: str, **about: Any) -> dict[str, Any]:
        """Return what a webhook says of an event here; `payloads` lists the events, and what each is about."""
        return build_payload(self, event, **about)

    # What the server asks as well.

    def find_commit(self, ref: str) -> Commit:
        return self.history.find(ref)

    @property
    def branches(self) -> dict[str, str]:
        return self.history.branches

    def own_pulls_at(self, check: Check) -> list[Pull]:
        """Return the open pull requests of a check's commit; GitHub names none of forks."""
        return [
            pull
            for pull in self.pulls
            if pull.state == "open"
            and pull.head_sha == check.head_sha
            and pull.head_repository == self.full_name
        ]

    def workflow_id(self, path: str) -> int:
        return int(hash_words(self.full_name, path)[:7], 16)

    def _move_head(self, pull: Pull, sha: str) -> None:
        self.commit(sha, (pull.heads[-1] if pull.heads else pull.base_sha,), author=pull.author)
        pull.head_sha, pull.updated = sha, self.hub.clock.now()
        pull.heads.append(sha)
        message = f"Merge {sha} into {pull.base_sha}"
        merge = self.history.merge(pull.base_sha, sha, message=message, author=pull.author)
        pull.merge_commit_sha, pull.mergeable = merge, merge is not None
        pull.files = self.history.list_changes(pull) if pull.given is None else pull.given
        self.history.lay_refs(pull)
        if pull.head_repository == self.full_name:
            self.branches[pull.branch] = sha


def _change(file: str | ChangedFile) -> ChangedFile:
    return ChangedFile(file) if isinstance(file, str) else file
