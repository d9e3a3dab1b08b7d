"""One repository of the tests' GitHub: what tests set up in it, and what they look at afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.github.calls import Refusal, find
from tests.github.records import (
    Artifact,
    ChangedFile,
    Check,
    Comment,
    Commit,
    CommitStatus,
    Deployment,
    DeploymentStatus,
    Environment,
    Pull,
    Role,
    Ruleset,
    Run,
)

if TYPE_CHECKING:
    from tests.github.hub import Hub

WORKFLOW = ".github/workflows/greenroom.yml"


@dataclass
class FakeRepository:
    hub: Hub
    id: int
    owner: str
    name: str
    private: bool
    default_branch: str
    parent: str | None = None
    """What it is a fork of."""
    former_names: list[str] = field(default_factory=list)
    roles: dict[str, Role] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    pulls: list[Pull] = field(default_factory=list)
    every_comment: list[Comment] = field(default_factory=list)
    every_check: list[Check] = field(default_factory=list)
    every_status: list[CommitStatus] = field(default_factory=list)
    every_deployment: list[Deployment] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    environments: list[Environment] = field(default_factory=list)
    rulesets: list[Ruleset] = field(default_factory=list)
    protections: dict[str, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        root = self.commit(_hash(self.full_name, "root"), message="Begin")
        self.branches[self.default_branch] = root.sha

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
        for known in self.commits:
            if known.sha == sha:
                return known
        commit = Commit(sha, parents, message, author or self.owner, _hash(sha, "tree"), self.hub.clock.now())
        self.commits.append(commit)
        return commit

    def open_pull(
        self,
        head_sha: str,
        branch: str,
        *,
        base: str | None = None,
        author: str = "ada",
        title: str = "A better model",
        files: Sequence[str | ChangedFile] = ("train.py",),
        fork: str | None = None,
    ) -> int:
        """Open a pull request of a branch here, or of *fork*, and return its number."""
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
            base_sha=self.branches[base],
            head_sha=head_sha,
            created=now,
            updated=now,
            head_repository=fork or self.full_name,
            files=[ChangedFile(each) if isinstance(each, str) else each for each in files],
        )
        self.pulls.append(pull)
        self._move_head(pull, head_sha)
        return pull.number

    def push(self, number: int, sha: str) -> None:
        """Move the head of a pull request, by a push to its branch."""
        self._move_head(self.pull(number), sha)

    def close(self, number: int) -> None:
        pull = self.pull(number)
        pull.state, pull.closed = "closed", self.hub.clock.now()
        pull.updated = pull.closed

    def reopen(self, number: int) -> None:
        pull = self.pull(number)
        pull.state, pull.closed, pull.updated = "open", None, self.hub.clock.now()

    def merge(self, number: int, *, by: str | None = None, message: str = "Merge") -> str:
        """Merge a pull request, and return the merge commit's SHA."""
        pull = self.pull(number)
        base = self.branches[pull.base]
        sha = _hash(base, pull.head_sha, "merged")
        self.commit(sha, (base, pull.head_sha), message=message, author=by)
        self.branches[pull.base] = pull.merge_commit_sha = sha
        self.close(number)
        pull.merged, pull.merged_by = pull.closed, by or self.owner
        return sha

    def permission(self, login: str, role: Role) -> None:
        """Give someone a role in the repository."""
        self.roles[login] = role

    def say(self, number: int, login: str, text: str) -> int:
        """Have a person comment on a pull request, and return the comment's id."""
        return self.add_comment(number, author=login, body=text, app=None).id

    def edit_comment(self, comment: int, text: str) -> None:
        found = find(self.every_comment, lambda each: each.id == comment)
        found.body, found.updated = text, self.hub.clock.now()

    def remove_comment(self, comment: int) -> None:
        self.every_comment.remove(find(self.every_comment, lambda each: each.id == comment))

    def rename(self, name: str) -> None:
        """Give it a new name; the old one leads on to it."""
        self.former_names.append(self.full_name)
        self.owner, self.name = name.split("/")

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

    def ruleset(
        self, rules: Sequence[Mapping[str, object]], *, branch: str | None = None, enforcement: str = "active"
    ) -> int:
        """Lay down rules for a branch, in GitHub's shape, and return the ruleset's id."""
        made = Ruleset(
            id=self.hub.next_id(),
            name="rules",
            enforcement=enforcement,
            branches=(branch or self.default_branch,),
            rules=[dict(rule) for rule in rules],
            created=self.hub.clock.now(),
        )
        self.rulesets.append(made)
        return made.id

    def environment(self, name: str) -> Environment:
        """Have an environment, as a first deployment to it or a person makes one."""
        for known in self.environments:
            if known.name == name:
                return known
        made = Environment(self.hub.next_id(), name, self.hub.clock.now())
        self.environments.append(made)
        return made

    # What tests look at.

    def pull(self, number: int) -> Pull:
        return find(self.pulls, lambda each: each.number == number)

    def comments(self, number: int) -> list[Comment]:
        """Return the comments on a pull request, oldest first."""
        return [each for each in self.every_comment if each.number == number]

    def checks(self, sha: str) -> list[Check]:
        return [each for each in self.every_check if each.head_sha == sha]

    def deployments(self) -> list[Deployment]:
        """Return every deployment, oldest first."""
        return list(self.every_deployment)

    def statuses(self, deployment: int) -> list[DeploymentStatus]:
        """Return the statuses of a deployment, oldest first."""
        return find(self.every_deployment, lambda each: each.id == deployment).statuses

    def run(self, run_id: int) -> Run:
        return find(self.runs, lambda each: each.id == run_id)

    # What the server asks as well.

    def role(self, login: str) -> Role:
        if login == self.owner:
            return "admin"
        return self.roles.get(login, "none" if self.private else "read")

    def association(self, login: str) -> str:
        if login == self.owner:
            return "OWNER"
        return "COLLABORATOR" if login in self.roles else "NONE"

    def add_comment(self, number: int, *, author: str, body: str, app: str | None) -> Comment:
        self.pull(number)
        now = self.hub.clock.now()
        comment = Comment(self.hub.next_id(), number, author, body, now, now, app)
        self.every_comment.append(comment)
        return comment

    def find_commit(self, ref: str) -> Commit:
        """Return the commit of a SHA, a branch or a pull request's ref."""
        sha = self.branches.get(ref.removeprefix("heads/"), ref)
        for commit in self.commits:
            if commit.sha == sha:
                return commit
        raise Refusal(422, f"No commit found for SHA: {ref}")

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
        return int(_hash(self.full_name, path)[:7], 16)

    def _move_head(self, pull: Pull, sha: str) -> None:
        self.commit(sha, (pull.heads[-1] if pull.heads else pull.base_sha,), author=pull.author)
        pull.head_sha, pull.updated = sha, self.hub.clock.now()
        pull.heads.append(sha)
        merge = _hash(pull.base_sha, sha, "test")
        self.commit(merge, (pull.base_sha, sha), message=f"Merge {sha} into {pull.base_sha}")
        pull.merge_commit_sha = merge
        if pull.head_repository == self.full_name:
            self.branches[pull.branch] = sha


def _hash(*parts: str) -> str:
    return hashlib.sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()
