"""Pull requests on GitHub: which there are, what they change, and their merge."""

from __future__ import annotations

from itertools import islice
from typing import cast

from github import GithubException
from github.NamedUser import NamedUser
from github.PullRequest import PullRequest as Posted
from github.Repository import Repository

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge import PullRequest, PullState
from greenroom_pipeline.forge.github_faults import absence_as
from greenroom_pipeline.forge.github_pages import read_page
from greenroom_pipeline.forge.github_session import GitHubSession

_CLOSED = 50
"""How many closed ones are listed beside the open ones."""
_MOST_FILES = 3_000
"""GitHub lists no more, and does not say so."""


def list_pulls(session: GitHubSession) -> list[PullRequest]:
    return session.settle("the pull requests", _list)


def read_pull(session: GitHubSession, number: int) -> PullRequest:
    return session.settle(
        f"pull request {number}", lambda repository: describe_pull(find_pull(repository, number))
    )


def find_pull_of_branch(session: GitHubSession, branch: str) -> PullRequest | None:
    """Return the open pull request of a branch of this repository; None where there is none."""

    def find(repository: Repository) -> PullRequest | None:
        owner = repository.full_name.partition("/")[0]
        found = repository.get_pulls(state="open", head=f"{owner}:{branch}")
        return next((describe_pull(each) for each in found), None)

    return session.settle(f"the pull request of {branch}", find)


def list_changed_files(session: GitHubSession, number: int) -> list[str] | None:
    return session.settle(
        f"the files of pull request {number}",
        lambda repository: _list_files(find_pull(repository, number)),
    )


def list_parents(session: GitHubSession, sha: str) -> list[str]:
    return session.settle(f"commit {sha[:7]}", lambda repository: _list_parents(repository, sha))


def merge_pull(session: GitHubSession, number: int, *, head: str, by: str) -> str:
    return session.settle(
        f"the merge of pull request {number}",
        lambda repository: _merge(repository, find_pull(repository, number), head=head, by=by),
    )


def _list(repository: Repository) -> list[PullRequest]:
    closed = islice(repository.get_pulls(state="closed", sort="updated", direction="desc"), _CLOSED)
    # Open ones last: one that is reopened between the two answers is in both.
    found = {
        posted.number: describe_pull(posted) for posted in [*closed, *repository.get_pulls(state="open")]
    }
    return [found[number] for number in sorted(found)]


def find_pull(repository: Repository, number: int) -> Posted:
    with absence_as(RepositoryError(f"no pull request {number} in {repository.full_name}")):
        return repository.get_pull(number).complete()


def describe_pull(posted: Posted) -> PullRequest:
    source = cast(Repository | None, posted.head.repo)
    author = cast(NamedUser | None, posted.user)
    return PullRequest(
        number=posted.number,
        title=posted.title,
        branch=posted.head.ref,
        # GitHub shows those who have left as this user.
        author="ghost" if author is None else author.login,
        head=posted.head.sha,
        state=_read_state(posted),
        updated=posted.updated_at or posted.created_at,
        base=posted.base.ref,
        side_branch="" if posted.base.ref == posted.base.repo.default_branch else posted.base.ref,
        # A fork that was deleted leaves no repository.
        is_fork=source is None or source.id != posted.base.repo.id,
        head_repository=None if source is None else source.id,
        link=read_page(posted.html_url, api=posted.requester.base_url),
    )


def _read_state(posted: Posted) -> PullState:
    if posted.merged_at is not None:
        return "merged"
    return "open" if posted.state == "open" else "closed"


def _list_files(posted: Posted) -> list[str] | None:
    if posted.changed_files >= _MOST_FILES:
        return None
    files = [(each.previous_filename, each.filename) for each in posted.get_files()]
    # A file that was moved away is changed as well.
    return sorted({name for pair in files for name in pair if name})


def _list_parents(repository: Repository, sha: str) -> list[str]:
    unknown = RepositoryError(f"no commit {sha[:7]} in {repository.full_name}")
    try:
        with absence_as(unknown):
            return [each.sha for each in repository.get_commit(sha).parents]
    except GithubException as error:
        # GitHub's answer to a name that could be a commit's.
        if error.status != 422:
            raise
        raise unknown from error


def _merge(repository: Repository, posted: Posted, *, head: str, by: str) -> str:
    if posted.head.sha != head:
        raise _refuse_moved(posted, head)
    if posted.merged_at is not None:
        # The answer to an earlier try was lost.
        return posted.merge_commit_sha
    try:
        done = posted.merge(
            commit_title=f"Merge pull request {posted.number} from {posted.head.ref}",
            commit_message=f"{posted.title}\n\nPromoted-by: {by}",
            merge_method=_choose_method(repository),
            sha=head,
        )
    except GithubException as error:
        if error.status == 409:
            raise _refuse_moved(posted, head) from None
        if error.status == 405:
            reason = error.message or "no reason given"
            raise RepositoryError(f"GitHub does not merge pull request {posted.number}: {reason}") from None
        raise
    return done.sha


def _choose_method(repository: Repository) -> str:
    """Return the way to merge that the repository allows; it tells that only those who may merge."""
    allowed = repository.raw_data
    methods = {"merge": "merge_commit", "squash": "squash_merge", "rebase": "rebase_merge"}
    return next((each for each, name in methods.items() if allowed.get(f"allow_{name}", True)), "merge")


def _refuse_moved(posted: Posted, head: str) -> RepositoryError:
    now = "another commit" if posted.head.sha == head else posted.head.sha[:7]
    return RepositoryError(
        f"pull request {posted.number} moved from {head[:7]} to {now}; review the new commit"
    )
