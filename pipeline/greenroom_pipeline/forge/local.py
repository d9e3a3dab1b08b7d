"""The local forge: branches of a git repository as pull requests.

A pull request is a symbolic ref `refs/greenroom/pull/N` that points at its branch, so that its head moves
with the branch and git itself keeps the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge import PullEvent, PullRequest
from greenroom_pipeline.forge.local_events import list_events
from greenroom_pipeline.forge.local_posts import LocalPosts
from greenroom_pipeline.forge.local_pulls import REFS, list_pulls
from greenroom_pipeline.forge.posts import Check, Deployment
from greenroom_pipeline.repository import Repository

_NOTHING = "0" * 40


@dataclass(frozen=True)
class LocalForge:
    repository: Repository

    def pulls(self) -> list[PullRequest]:
        return list_pulls(self.repository)

    def pull(self, number: int) -> PullRequest:
        found = list_pulls(self.repository, f"{REFS}{number}")
        if not found:
            raise RepositoryError(f"no pull request {number}; `greenroom run` on a branch opens one")
        return found[0]

    def pull_of_checkout(self) -> PullRequest | None:
        branch = self.repository.branch()
        if branch is None or branch == self.repository.default_branch():
            return None
        known = {name: number for number, name in self._branches().items()}
        return self.pull(known.get(branch) or self._open(branch))

    def admit(self, number: int, *, branch: str | None, head: str) -> PullRequest:
        known = self._branches()
        if number not in known:
            self._adopt(number, branch, head=head, taken=set(known.values()))
        return self.pull(number)

    def _adopt(self, number: int, branch: str | None, *, head: str, taken: set[str]) -> None:
        """Give a branch that was pushed here the number that its sender has, once: a closed one keeps its number."""
        ref, there = f"refs/heads/{branch}", self.repository.asks
        free = (
            branch not in (None, self.repository.default_branch(), *taken)
            and not there("symbolic-ref", "--quiet", f"{REFS}{number}")
            and there("show-ref", "--verify", "--quiet", ref)
            and self.repository.commit(ref).sha == head
        )
        if not free:
            raise RepositoryError(
                f"there is no open pull request {number}, and no branch {branch or '(none)'!r} at {head[:7]} to"
                " open it for; push the branch first"
            )
        self.repository.git("symbolic-ref", f"{REFS}{number}", ref)
        last = max(number, int(self._config("greenroom.lastpull") or 0))
        self.repository.git("config", "greenroom.lastpull", str(last))

    def history(self, number: int) -> Sequence[PullEvent]:
        return list_events(self.repository, self.pull(number))

    def merge(self, number: int, *, head: str, by: str) -> str:
        pull = self.pull(number)
        if pull.head != head:
            raise RepositoryError(
                f"pull request {number} moved from {head[:7]} to {pull.head[:7]}; review the new commit"
            )
        target = self.repository.default_branch()
        before = self.repository.commit(f"refs/heads/{target}").sha
        with self.repository.worktree(before) as tree:
            merged = _merge(tree, pull, into=target, by=by)
        self._advance(target, before=before, after=merged)
        return merged

    def changed_files(self, number: int) -> Sequence[str] | None:
        return self.repository.changed(
            f"refs/heads/{self.repository.default_branch()}", self.pull(number).head
        )

    def parents(self, sha: str) -> Sequence[str] | None:
        return self.repository.parents(sha)

    def may_write(self, login: str) -> bool:
        """True: whoever runs this has the repository itself."""
        return True

    def comment(self, number: int, key: str) -> str | None:
        return self._posts.comment(number, key)

    def write_comment(self, number: int, key: str, text: str) -> None:
        self._posts.write_comment(self.pull(number).number, key, text)

    def write_check(self, check: Check) -> None:
        self._posts.write_check(check)

    def write_deployment(self, deployment: Deployment) -> None:
        self._posts.write_deployment(deployment)

    def end_deployments(self, number: int, key: str) -> None:
        self._posts.end_deployments(number, key)

    @property
    def _posts(self) -> LocalPosts:
        return LocalPosts(self.repository)

    def _advance(self, branch: str, *, before: str, after: str) -> None:
        if self.repository.branch() == branch:
            # Moves the checked-out files too, and refuses to overwrite work that is not committed.
            self.repository.git("merge", "--quiet", "--ff-only", after)
        else:
            self.repository.git("update-ref", f"refs/heads/{branch}", after, before)

    def _branches(self) -> dict[int, str]:
        form = "%(refname)%00%(symref)"
        found: dict[int, str] = {}
        # for-each-ref leaves out refs whose branch is gone; those pull requests are closed and stay numbered.
        for line in self.repository.git("for-each-ref", f"--format={form}", REFS).splitlines():
            name, target = line.split("\0")
            number = name.removeprefix(REFS)
            if number.isdecimal():
                found[int(number)] = target.removeprefix("refs/heads/")
        return found

    def _open(self, branch: str) -> int:
        number = int(self._config("greenroom.lastpull") or 0) + 1
        # Creating a ref is git's own way of being first; whoever comes second takes the next number.
        while not self.repository.asks("update-ref", f"{REFS}{number}", "HEAD", _NOTHING):
            number += 1
        self.repository.git("symbolic-ref", f"{REFS}{number}", f"refs/heads/{branch}")
        self.repository.git("config", "greenroom.lastpull", str(number))
        return number

    def _config(self, key: str) -> str | None:
        known = self.repository.asks("config", "--get", key)
        return self.repository.git("config", "--get", key) if known else None


def _merge(tree: Repository, pull: PullRequest, *, into: str, by: str) -> str:
    message = f"Merge pull request {pull.number} from {pull.branch}\n\n{pull.title}\n\nPromoted-by: {by}"
    try:
        tree.git("merge", "--quiet", "--no-ff", "-m", message, pull.head, by=by)
    except RepositoryError as error:
        raise RepositoryError(
            f"pull request {pull.number} does not merge into {into}; "
            f"bring {pull.branch} up to date first ({error})"
        ) from None
    return tree.commit().sha
