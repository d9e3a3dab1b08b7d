"""The one comment of a key on a pull request of GitHub's."""

from __future__ import annotations

from github.Issue import Issue
from github.IssueComment import IssueComment
from github.Repository import Repository

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge.github_faults import absence_as, absence_ignored
from greenroom_pipeline.forge.github_session import GitHubSession
from greenroom_pipeline.forge.marker import mark, mark_text


def read_comment(session: GitHubSession, number: int, key: str) -> str | None:
    ours = session.settle(
        f"the comment on pull request {number}",
        lambda repository: _find_ours(repository.get_issue(number), key, session.login),
    )
    return _plain(ours[0].body).partition("\n")[2] if ours else None


def write_comment(session: GitHubSession, number: int, key: str, text: str) -> None:
    body = mark_text(key, text)
    session.settle(
        f"the comment on pull request {number}",
        lambda repository: _write(repository, number, key, body, session.login),
    )


def _write(repository: Repository, number: int, key: str, body: str, login: str) -> None:
    issue = repository.get_issue(number)
    if _keep_oldest(issue, key, body, login):
        return
    with absence_as(RepositoryError(f"no pull request {number} in {repository.full_name}")):
        issue.create_comment(body)
    # Another job may have created one since we looked: who looks last sees both, and all keep the same one.
    _keep_oldest(issue, key, body, login)


def _keep_oldest(issue: Issue, key: str, body: str, login: str) -> bool:
    """Give the oldest of ours the text, and delete the others; False when there is none."""
    ours = _find_ours(issue, key, login)
    for other in ours[1:]:
        with absence_ignored():
            other.delete()
    with absence_ignored():
        if ours and _plain(ours[0].body) != _plain(body):
            ours[0].edit(body)
        return bool(ours)
    return False


def _find_ours(issue: Issue, key: str, login: str) -> list[IssueComment]:
    """Return those that carry the marker and are by us, oldest first: anybody can plant a marker."""
    comments: list[IssueComment] = []
    with absence_ignored():
        comments.extend(issue.get_comments())
    ours = [each for each in comments if _is_by(each, login) and _is_marked(each, key)]
    return sorted(ours, key=lambda comment: comment.id)


def _is_by(comment: IssueComment, login: str) -> bool:
    # Whoever deletes their account leaves comments without an author.
    return bool(comment.user) and comment.user.login.casefold() == login.casefold()


def _is_marked(comment: IssueComment, key: str) -> bool:
    return _plain(comment.body).partition("\n")[0].rstrip() == mark(key)


def _plain(body: str | None) -> str:
    """Return a body as it was sent: an editor in a browser breaks lines in its own way."""
    return (body or "").replace("\r\n", "\n").rstrip()
