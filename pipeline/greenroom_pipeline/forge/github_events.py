"""What happened to a pull request on GitHub, from its timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from github.PullRequest import PullRequest as Posted
from github.Repository import Repository

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge import MOST_EVENTS, PullEvent, PullEventKind
from greenroom_pipeline.forge.github_faults import absence_as
from greenroom_pipeline.forge.github_session import GitHubSession
from greenroom_pipeline.forge.marker import is_marked

_LONGEST = 200
_REVIEWS = {"approved": "Approved", "changes_requested": "Asked for changes", "dismissed": "Review dismissed"}
_GHOST = "ghost"
"""As whom GitHub shows those who have left."""


def list_events(session: GitHubSession, number: int) -> list[PullEvent]:
    return session.settle(
        f"what happened to pull request {number}", lambda repository: _list(repository, number)
    )


def _list(repository: Repository, number: int) -> list[PullEvent]:
    with absence_as(RepositoryError(f"no pull request {number} in {repository.full_name}")):
        posted = repository.get_pull(number).complete()
        # From the newest page on: a long life costs no more requests than a short one.
        told = islice(repository.get_issue(number).get_timeline().reversed, MOST_EVENTS)
        found = [event for each in told if (event := read_event(each.raw_data)) is not None]
    return sorted([_open(posted), *reversed(found)], key=lambda event: event.at)


def _open(posted: Posted) -> PullEvent:
    author = _read_login(posted.raw_data.get("user"))
    return PullEvent(posted.created_at, "opened", author, _cut(posted.title), link=posted.html_url)


def read_event(told: Mapping[str, Any]) -> PullEvent | None:
    """Return what an entry of a timeline says; None for what a reviewer of models need not know."""
    read = _READERS.get(told.get("event", ""))
    return None if read is None else read(told)


def _read_commit(told: Mapping[str, Any]) -> PullEvent:
    return PullEvent(
        _read_time(told["committer"]["date"]),
        "pushed",
        str(told["author"]["name"]),
        _cut(told["message"]),
        sha=told["sha"],
        link=told["html_url"],
    )


def _read_rewriting(told: Mapping[str, Any]) -> PullEvent:
    return PullEvent(
        _read_time(told["created_at"]),
        "pushed",
        _read_login(told["actor"]),
        "The branch was rewritten",
        sha=told["commit_id"] or "",
    )


def _read_comment(told: Mapping[str, Any]) -> PullEvent | None:
    body = told.get("body") or ""
    if _is_machine(told.get("user")) or is_marked(body):
        return None
    return PullEvent(
        _read_time(told["created_at"]),
        "comment",
        _read_login(told.get("user")),
        _cut(body),
        link=told["html_url"],
    )


def _read_review(told: Mapping[str, Any]) -> PullEvent | None:
    said = _cut(told.get("body") or "")
    word = _REVIEWS.get(told["state"].lower(), "")
    text = ": ".join(each for each in (word, said) if each)
    # One that is pending has no time yet, and is seen by its author alone.
    if not text or not told.get("submitted_at") or _is_machine(told.get("user")):
        return None
    return PullEvent(
        _read_time(told["submitted_at"]),
        "comment",
        _read_login(told.get("user")),
        text,
        link=told["html_url"],
    )


def _read_change(kind: PullEventKind) -> Callable[[Mapping[str, Any]], PullEvent]:
    def read(told: Mapping[str, Any]) -> PullEvent:
        sha = (told["commit_id"] or "") if kind == "merged" else ""
        return PullEvent(_read_time(told["created_at"]), kind, _read_login(told.get("actor")), "", sha=sha)

    return read


_READERS: dict[str, Callable[[Mapping[str, Any]], PullEvent | None]] = {
    "committed": _read_commit,
    "head_ref_force_pushed": _read_rewriting,
    "commented": _read_comment,
    "reviewed": _read_review,
    "merged": _read_change("merged"),
    "closed": _read_change("closed"),
    "reopened": _read_change("reopened"),
}


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _read_login(user: Mapping[str, Any] | None) -> str:
    return str(user["login"]) if user else _GHOST


def _is_machine(user: Mapping[str, Any] | None) -> bool:
    return user is not None and user.get("type") == "Bot"


def _cut(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) <= _LONGEST else f"{first[: _LONGEST - 1]}…"
