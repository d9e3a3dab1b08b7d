"""Entries of a pull request's timeline, in GitHub's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.clock import write_time
from tests.github.pull_shapes import show_comment, show_review
from tests.github.records import Change, Comment, Commit, Pull, Review
from tests.github.shapes import Shape, node, show_commit, show_person

if TYPE_CHECKING:
    from tests.github.repository import FakeRepository


def show_timeline(repository: FakeRepository, pull: Pull) -> list[Shape]:
    """Show commits, comments, reviews and changes of state by their times; the opening is none of them."""
    commits = [repository.find_commit(sha) for sha in pull.heads]
    entries: list[tuple[float, Shape]] = [(each.time, show_committed(repository, each)) for each in commits]
    entries += [(each.created, show_commented(repository, each)) for each in repository.comments(pull.number)]
    entries += [(each.submitted, show_reviewed(repository, pull, each)) for each in pull.reviews]
    entries += [(each.at, show_change(repository, each)) for each in pull.changes]
    return [shape for _, shape in sorted(entries, key=lambda entry: entry[0])]


def show_committed(repository: FakeRepository, commit: Commit) -> Shape:
    shown = show_commit(repository, commit)
    page = f"{repository.hub.api}/{repository.full_name}/commit"
    told = shown["commit"]
    unsigned = {"verified": False, "reason": "unsigned", "signature": None, "payload": None}
    return {
        **{name: shown[name] for name in ("sha", "node_id", "url", "html_url")},
        **{name: told[name] for name in ("author", "committer", "tree", "message")},
        "event": "committed",
        "parents": [{**each, "html_url": f"{page}/{each['sha']}"} for each in shown["parents"]],
        "verification": {**unsigned, "verified_at": None},
    }


def show_commented(repository: FakeRepository, comment: Comment) -> Shape:
    shown = show_comment(repository, comment)
    return {**shown, "event": "commented", "actor": shown["user"]}


def show_reviewed(repository: FakeRepository, pull: Pull, review: Review) -> Shape:
    shown = show_review(repository, pull, review)
    return {**shown, "event": "reviewed", "state": shown["state"].lower()}


def show_change(repository: FakeRepository, change: Change) -> Shape:
    base = f"{repository.hub.api}/repos/{repository.full_name}"
    commit = change.commit
    return {
        "id": change.id,
        "node_id": node("E", change.id),
        "url": f"{base}/issues/events/{change.id}",
        "actor": show_person(repository.hub, change.actor),
        "event": change.event,
        "commit_id": commit,
        "commit_url": None if commit is None else f"{base}/commits/{commit}",
        "created_at": write_time(change.at),
        "performed_via_github_app": None,
    }
