"""What GitHub's webhooks say, in its shape, built from what is so at the moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.github.calls import find
from tests.github.clock import write_time
from tests.github.pull_shapes import show_comment, show_issue, show_minimal_pull, show_whole_pull
from tests.github.records import Check
from tests.github.run_shapes import show_check, show_run, suite_of
from tests.github.shapes import (
    BORN,
    Shape,
    node,
    show_app,
    show_person,
    show_repository,
    show_simple_commit,
)
from tests.github.validation import find_faults_of_payload

if TYPE_CHECKING:
    from tests.github.apps import FakeApp, Installation
    from tests.github.repository import FakeRepository

Builder = Callable[..., Shape]


def build_payload(repository: FakeRepository, event: str, **about: Any) -> Shape:
    """Build what an event of a repository says; the functions below say *about* what it is."""
    return _hold(event, BUILDERS[event](repository, **about))


def build_app_payload(app: FakeApp, event: str, **about: Any) -> Shape:
    return _hold(event, APP_BUILDERS[event](app, **about))


def tell_pull(repository: FakeRepository, *, action: str, number: int, before: str | None = None) -> Shape:
    """`pull_request`: opened, synchronize (with the head *before*), closed or reopened."""
    pull = repository.pull(number)
    said: Shape = {"action": action, "number": number, "pull_request": show_whole_pull(repository, pull)}
    if action == "synchronize":
        said |= {"before": before or pull.heads[-2], "after": pull.head_sha}
    return said | _tell_place(repository, pull.author)


def tell_comment(
    repository: FakeRepository, *, comment: int, action: str = "created", before: str | None = None
) -> Shape:
    """`issue_comment`: created, edited (with the text *before*) or deleted."""
    found = find(repository.every_comment, lambda each: each.id == comment)
    said: Shape = {
        "action": action,
        "issue": show_issue(repository, repository.pull(found.number)),
        "comment": show_comment(repository, found),
    }
    if action == "edited":
        said["changes"] = {"body": {"from": before or ""}}
    return said | _tell_place(repository, found.author)


def tell_check(
    repository: FakeRepository,
    *,
    check: int,
    action: str,
    identifier: str | None = None,
    sender: str = "ada",
) -> Shape:
    """`check_run`: created, completed, rerequested, or requested_action with a button's *identifier*."""
    found = find(repository.every_check, lambda each: each.id == check)
    shown = show_check(repository, found) | {"check_suite": _show_suite(repository, found)}
    said: Shape = {"action": action, "check_run": shown}
    if action == "requested_action":
        said["requested_action"] = {"identifier": identifier}
    return said | _tell_place(repository, sender)


def tell_merge_group(
    repository: FakeRepository, *, number: int, head_sha: str, action: str = "checks_requested"
) -> Shape:
    """`merge_group`: a pull request in the merge queue, at a commit *head_sha* of the queue's own."""
    pull = repository.pull(number)
    commit = repository.commit(head_sha, (repository.branches[pull.base], pull.head_sha))
    group = {
        "head_sha": head_sha,
        "head_ref": f"refs/heads/gh-readonly-queue/{pull.base}/pr-{number}-{pull.base_sha}",
        "base_sha": repository.branches[pull.base],
        "base_ref": f"refs/heads/{pull.base}",
        "head_commit": show_simple_commit(commit),
    }
    return {"action": action, "merge_group": group, **_tell_place(repository, pull.author)}


def tell_run(repository: FakeRepository, *, run: int, action: str = "completed") -> Shape:
    """`workflow_run`: requested, in_progress or completed."""
    found = repository.run(run)
    base = f"{repository.hub.api}/repos/{repository.full_name}"
    workflow_id = repository.workflow_id(found.path)
    shown = show_run(repository, found)
    workflow = {
        "id": workflow_id,
        "node_id": node("W", workflow_id),
        "name": shown["name"],
        "path": found.path,
        "state": "active",
        "created_at": BORN,
        "updated_at": BORN,
        "url": f"{base}/actions/workflows/{workflow_id}",
        "html_url": f"{repository.hub.api}/{repository.full_name}/blob/main/{found.path}",
        "badge_url": f"{repository.hub.api}/{repository.full_name}/workflows/badge.svg",
    }
    said = {"action": action, "workflow_run": shown, "workflow": workflow}
    return said | _tell_place(repository, found.actor)


def tell_push(repository: FakeRepository, *, branch: str, before: str) -> Shape:
    """`push` to a branch, whose head is now where *before* is not."""
    head = repository.find_commit(branch)
    return {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": head.sha,
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"{repository.hub.api}/{repository.full_name}/compare/{before}...{head.sha}",
        "commits": [],
        "head_commit": None,
        "pusher": {"name": head.author, "email": None},
        **_tell_place(repository, head.author),
    }


def tell_installation(app: FakeApp, *, action: str, sender: str = "ada") -> Shape:
    """`installation`: created, deleted, suspend, or the new permissions accepted."""
    installation = app.installations[-1]
    hub = app.hub
    repositories = [each for each in hub.repositories if each.id in installation.repository_ids]
    listed = [
        {
            "id": each.id,
            "node_id": node("R", each.id),
            "name": each.name,
            "full_name": each.full_name,
            "private": each.private,
        }
        for each in repositories
    ]
    return {
        "action": action,
        "installation": show_installation(app, installation),
        "repositories": listed,
        "requester": None,
        "sender": show_person(hub, sender),
    }


def tell_ping(app: FakeApp) -> Shape:
    """`ping`, which GitHub sends to a new hook."""
    base = f"{app.hub.api}/app/hook"
    hook = {
        "type": "App",
        "id": app.hook_id,
        "name": "web",
        "active": True,
        "events": list(app.events),
        "app_id": app.id,
        "config": {
            "content_type": "json",
            "insecure_ssl": "0",
            "secret": "********",
            "url": app.webhook_url or f"{app.hub.api}/hook",
        },
        "updated_at": BORN,
        "created_at": BORN,
        "deliveries_url": f"{base}/deliveries",
    }
    return {"zen": "Design for failure.", "hook_id": app.hook_id, "hook": hook}


def show_installation(app: FakeApp, installation: Installation) -> Shape:
    hub = app.hub
    base = f"{hub.api}/app/installations/{installation.id}"
    return {
        "id": installation.id,
        "account": show_person(hub, installation.owner),
        "app_id": app.id,
        "app_slug": app.slug,
        "access_tokens_url": f"{base}/access_tokens",
        "repositories_url": f"{hub.api}/installation/repositories",
        "html_url": f"{hub.api}/settings/installations/{installation.id}",
        "repository_selection": "selected",
        "target_id": hub.person(installation.owner).id,
        "target_type": "User",
        "permissions": {"metadata": "read", **app.permissions},
        "events": list(app.events),
        "created_at": BORN,
        "updated_at": BORN,
        **dict.fromkeys(("single_file_name", "suspended_at", "suspended_by")),
    }


def _hold(event: str, payload: Shape) -> Shape:
    """Hold a payload to GitHub's description of it."""
    faults = find_faults_of_payload(event, payload)
    assert not faults, f"{event} is not as described: {'; '.join(faults)}"
    return payload


def _tell_place(repository: FakeRepository, sender: str) -> Shape:
    return {"repository": show_repository(repository), "sender": show_person(repository.hub, sender)}


def _show_suite(repository: FakeRepository, check: Check) -> Shape:
    pulls = repository.own_pulls_at(check)
    suite = suite_of(check)
    return {
        "id": suite,
        "node_id": node("CS", suite),
        "head_branch": pulls[0].branch if pulls else None,
        "head_sha": check.head_sha,
        "status": check.status,
        "conclusion": check.conclusion,
        "url": f"{repository.hub.api}/repos/{repository.full_name}/check-suites/{suite}",
        "before": None,
        "after": check.head_sha,
        "pull_requests": [show_minimal_pull(repository, pull) for pull in pulls],
        "app": show_app(repository.hub.find_app(check.app)),
        "created_at": write_time(check.started),
        "updated_at": write_time(check.started),
    }


BUILDERS: dict[str, Builder] = {
    "check_run": tell_check,
    "issue_comment": tell_comment,
    "merge_group": tell_merge_group,
    "pull_request": tell_pull,
    "push": tell_push,
    "workflow_run": tell_run,
}
APP_BUILDERS: dict[str, Builder] = {"installation": tell_installation, "ping": tell_ping}
