"""Pull requests and what is said on them, in GitHub's shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.github.clock import write_time, write_time_or_none
from tests.github.records import ChangedFile, Comment, Pull, Reaction, Review
from tests.github.shapes import Shape, node, show_app_of, show_person, show_repository

if TYPE_CHECKING:
    from tests.github.repository import FakeRepository

REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def show_pull(repository: FakeRepository, pull: Pull) -> Shape:
    """Show a pull request as a list does."""
    hub = repository.hub
    base, page = _addresses(repository, pull)
    issue = f"{hub.api}/repos/{repository.full_name}/issues/{pull.number}"
    statuses = f"{hub.api}/repos/{repository.full_name}/statuses/{pull.head_sha}"
    addresses = {
        "comments": f"{issue}/comments",
        "commits": f"{base}/commits",
        "html": page,
        "issue": issue,
        "review_comment": f"{hub.api}/repos/{repository.full_name}/pulls/comments{{/number}}",
        "review_comments": f"{base}/comments",
        "self": base,
        "statuses": statuses,
    }
    return {
        "id": pull.id,
        "node_id": node("PR", pull.id),
        "number": pull.number,
        "state": pull.state,
        "title": pull.title,
        "body": pull.body,
        "user": show_person(hub, pull.author),
        "author_association": repository.association(pull.author),
        "head": _show_head(repository, pull),
        "base": {
            "label": f"{repository.owner}:{pull.base}",
            "ref": pull.base,
            "sha": pull.base_sha,
            "user": show_person(hub, repository.owner),
            "repo": show_repository(repository),
        },
        "merge_commit_sha": pull.merge_commit_sha,
        "created_at": write_time(pull.created),
        "updated_at": write_time(pull.updated),
        "closed_at": write_time_or_none(pull.closed),
        "merged_at": write_time_or_none(pull.merged),
        "url": base,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        **{f"{name}_url": addresses[name] for name in ("comments", "commits", "statuses")},
        **{f"{name}_url": addresses[name] for name in ("review_comment", "review_comments")},
        "_links": {name: {"href": address} for name, address in addresses.items()},
        **dict.fromkeys(("assignee", "auto_merge", "milestone", "active_lock_reason")),
        **{name: [] for name in ("assignees", "labels", "requested_reviewers", "requested_teams")},
        "draft": False,
        "locked": False,
    }


def show_whole_pull(repository: FakeRepository, pull: Pull) -> Shape:
    """Show a pull request as its own endpoint and its events do."""
    merged_by = pull.merged_by and show_person(repository.hub, pull.merged_by)
    return {
        **show_pull(repository, pull),
        "merged": pull.merged is not None,
        "merged_by": merged_by,
        "mergeable": pull.mergeable if pull.state == "open" else None,
        "mergeable_state": "clean" if pull.mergeable else "dirty",
        "rebaseable": pull.mergeable,
        "maintainer_can_modify": pull.head_repository != repository.full_name,
        "comments": len(repository.comments(pull.number)),
        "review_comments": 0,
        "commits": len(pull.heads),
        "additions": len(pull.files),
        "deletions": 0,
        "changed_files": len(pull.files),
    }


def show_minimal_pull(repository: FakeRepository, pull: Pull) -> Shape:
    """Show a pull request as a check run and a workflow's run do."""
    own = _show_minimal_repository(repository)
    return {
        "id": pull.id,
        "number": pull.number,
        "url": _addresses(repository, pull)[0],
        "head": {"ref": pull.branch, "sha": pull.head_sha, "repo": own},
        "base": {"ref": pull.base, "sha": pull.base_sha, "repo": own},
    }


def show_comment(repository: FakeRepository, comment: Comment) -> Shape:
    hub = repository.hub
    base = f"{hub.api}/repos/{repository.full_name}/issues"
    url = f"{base}/comments/{comment.id}"
    return {
        "id": comment.id,
        "node_id": node("IC", comment.id),
        "url": url,
        "html_url": f"{hub.api}/{repository.full_name}/pull/{comment.number}#issuecomment-{comment.id}",
        "issue_url": f"{base}/{comment.number}",
        "user": show_person(hub, comment.author),
        "author_association": repository.association(comment.author),
        "body": comment.body,
        "created_at": write_time(comment.created),
        "updated_at": write_time(comment.updated),
        "performed_via_github_app": show_app_of(hub, comment.app),
        "reactions": _count_reactions(url, comment.reactions),
    }


def show_reaction(repository: FakeRepository, reaction: Reaction) -> Shape:
    return {
        "id": reaction.id,
        "node_id": node("REA", reaction.id),
        "content": reaction.content,
        "user": show_person(repository.hub, reaction.author),
        "created_at": write_time(reaction.created),
    }


def show_issue(repository: FakeRepository, pull: Pull) -> Shape:
    """Show a pull request as the issue that it is as well."""
    hub = repository.hub
    base, page = _addresses(repository, pull)
    issue = f"{hub.api}/repos/{repository.full_name}/issues/{pull.number}"
    links = {"url": base, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    return {
        "id": pull.id + 1_000_000,
        "node_id": node("I", pull.id),
        "number": pull.number,
        "title": pull.title,
        "body": pull.body,
        "state": pull.state,
        "user": show_person(hub, pull.author),
        "author_association": repository.association(pull.author),
        "url": issue,
        "html_url": page,
        "repository_url": f"{hub.api}/repos/{repository.full_name}",
        "labels_url": f"{issue}/labels{{/name}}",
        "comments_url": f"{issue}/comments",
        "events_url": f"{issue}/events",
        "comments": len(repository.comments(pull.number)),
        "created_at": write_time(pull.created),
        "updated_at": write_time(pull.updated),
        "closed_at": write_time_or_none(pull.closed),
        "pull_request": {**links, "merged_at": write_time_or_none(pull.merged)},
        **dict.fromkeys(("assignee", "milestone", "active_lock_reason", "state_reason")),
        "reactions": _count_reactions(issue, ()),
        "assignees": [],
        "labels": [],
        "locked": False,
    }


def show_file(repository: FakeRepository, pull: Pull, file: ChangedFile) -> Shape:
    base = f"{repository.hub.api}/{repository.full_name}"
    contents = f"{repository.hub.api}/repos/{repository.full_name}/contents/{file.path}?ref={pull.head_sha}"
    return {
        "sha": pull.head_sha,
        "filename": file.path,
        "status": file.status,
        "additions": 1,
        "deletions": 0,
        "changes": 1,
        "blob_url": f"{base}/blob/{pull.head_sha}/{file.path}",
        "raw_url": f"{base}/raw/{pull.head_sha}/{file.path}",
        "contents_url": contents,
        **({"previous_filename": file.previous} if file.previous else {}),
    }


def show_review(repository: FakeRepository, pull: Pull, review: Review) -> Shape:
    base, page = _addresses(repository, pull)
    address = f"{page}#pullrequestreview-{review.id}"
    return {
        "id": review.id,
        "node_id": node("PRR", review.id),
        "user": show_person(repository.hub, review.author),
        "body": review.body,
        "state": review.state,
        "commit_id": review.commit,
        "submitted_at": write_time(review.submitted),
        "html_url": address,
        "pull_request_url": base,
        "author_association": repository.association(review.author),
        "_links": {"html": {"href": address}, "pull_request": {"href": base}},
    }


def _addresses(repository: FakeRepository, pull: Pull) -> tuple[str, str]:
    api, name = repository.hub.api, repository.full_name
    return f"{api}/repos/{name}/pulls/{pull.number}", f"{api}/{name}/pull/{pull.number}"


def _show_head(repository: FakeRepository, pull: Pull) -> Shape:
    """Show where a pull request comes from; a fork that was deleted leaves no repository."""
    home = pull.head_repository and repository.hub.find_repository(pull.head_repository)
    owner = home.owner if home else pull.author
    return {
        "label": f"{owner}:{pull.branch}",
        "ref": pull.branch,
        "sha": pull.head_sha,
        "user": show_person(repository.hub, owner),
        "repo": show_repository(home) if home else None,
    }


def _show_minimal_repository(repository: FakeRepository) -> Shape:
    url = f"{repository.hub.api}/repos/{repository.full_name}"
    return {"id": repository.id, "name": repository.name, "url": url}


def _count_reactions(url: str, reactions: Sequence[Reaction]) -> Shape:
    counted = Counter(reaction.content for reaction in reactions)
    counts: dict[str, Any] = {name: counted[name] for name in REACTIONS}
    return {**counts, "url": f"{url}/reactions", "total_count": counted.total()}
