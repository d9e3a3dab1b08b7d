"""Files of a pull request's branch on GitHub: read at its head, and written as a commit on it."""

from __future__ import annotations

from github import GithubException, InputGitAuthor
from github.Commit import Commit
from github.ContentFile import ContentFile
from github.Repository import Repository

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge import PullRequest, refuse_moved, require_writable
from greenroom_pipeline.forge.github_faults import absence_ignored
from greenroom_pipeline.forge.github_pulls import describe_pull, find_pull
from greenroom_pipeline.forge.github_session import GitHubSession

_EMAIL = "greenroom@localhost"
"""Nobody's on GitHub: a name is no proof, so no commit of a person's account is made of it."""


def read_file(session: GitHubSession, number: int, path: str, *, at: str) -> bytes | None:
    def read(repository: Repository) -> bytes | None:
        found = _find_file(repository, path, ref=at or find_pull(repository, number).head.sha)
        return None if found is None else _decode(found, path)

    return session.settle(f"{path} of pull request {number}", read)


def commit_file(
    session: GitHubSession, number: int, path: str, content: bytes, *, head: str, message: str, by: str
) -> str:
    def commit(repository: Repository) -> str:
        pull = describe_pull(find_pull(repository, number))
        require_writable(pull, head=head)
        known = _find_file(repository, path, ref=head)
        try:
            return _put(repository, pull, known, path, content, message=message, by=by)
        except GithubException as error:
            # Another commit came in between, with the file or without it, or a rule of the branch says no.
            if error.status not in (409, 422):
                raise
            raise _refuse(describe_pull(find_pull(repository, number)), head, error) from error

    return session.settle(f"{path} of pull request {number}", commit)


def _put(
    repository: Repository,
    pull: PullRequest,
    known: ContentFile | None,
    path: str,
    content: bytes,
    *,
    message: str,
    by: str,
) -> str:
    author = InputGitAuthor(by, _EMAIL)
    if known is None:
        done = repository.create_file(path, message, content, branch=pull.branch, author=author)
    else:
        done = repository.update_file(path, message, content, known.sha, branch=pull.branch, author=author)
    made = done["commit"]
    assert isinstance(made, Commit)
    return made.sha


def _find_file(repository: Repository, path: str, *, ref: str) -> ContentFile | None:
    with absence_ignored():
        found = repository.get_contents(path, ref=ref)
        if isinstance(found, list) or found.type != "file":
            raise RepositoryError(f"{path} is no plain file at {ref[:7]}; put one there, or take it away")
        return found
    return None


def _decode(found: ContentFile, path: str) -> bytes:
    if found.encoding != "base64":
        raise RepositoryError(f"{path} is larger than 1 MiB, which GitHub does not give at once; shorten it")
    return found.decoded_content


def _refuse(pull: PullRequest, head: str, error: GithubException) -> RepositoryError:
    if pull.head != head:
        return refuse_moved(pull, head=head)
    said = " ".join(str((error.data or {}).get("message", "no reason given")).split())[:200]
    return RepositoryError(f"GitHub does not take a commit to {pull.branch}: {said}")
