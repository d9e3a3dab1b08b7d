"""What started a workflow, as GitHub tells it in the event's file: as much of it as a run needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.forge.payload import Payload, find, find_number, find_text

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True)
class PullEvent:
    """Something that happened to a pull request."""

    number: int
    action: str
    """Such as `synchronize`; empty where the payload does not say."""
    head: str
    """SHA of the commit under review, which is not the one that GitHub merges on trial."""
    base: str
    """SHA of the base branch's tip, empty where the payload does not say."""
    side_branch: str
    """The branch that it goes into where that is not the default one; empty where it is."""
    is_fork: bool


@dataclass(frozen=True)
class GroupEvent:
    """A group of the merge queue is to be checked."""

    head: str
    base: str
    side_branch: str


def read_pull(payload: Payload) -> PullEvent:
    """Read a `pull_request` event; `SettingsError` when it does not say which pull request, or which commit."""
    pull = find(payload, "pull_request")
    number = find_number(payload, "number") or find_number(pull, "number")
    head = _sha(pull, "head", "sha")
    if number is None or not head:
        raise SettingsError(
            "the event's file names no pull request with its head; run it in a workflow of GitHub's, on: pull_request"
        )
    return PullEvent(
        number=number,
        action=find_text(payload, "action"),
        head=head,
        base=_sha(pull, "base", "sha"),
        side_branch=_find_side(payload, find_text(pull, "base", "ref")),
        is_fork=_is_fork(payload, pull),
    )


def read_group(payload: Payload) -> GroupEvent:
    """Read a `merge_group` event."""
    head = _sha(payload, "merge_group", "head_sha")
    if not head:
        raise SettingsError(
            "the event's file names no commit of a merge group; run it in a workflow, on: merge_group"
        )
    branch = find_text(payload, "merge_group", "base_ref")
    return GroupEvent(head, _sha(payload, "merge_group", "base_sha"), _find_side(payload, branch))


def read_default_branch(payload: Payload) -> str:
    """Return the repository's default branch, or nothing where the payload does not say."""
    return find_text(payload, "repository", "default_branch")


def _find_side(payload: Payload, ref: str) -> str:
    """Return the branch of a ref where it is not the default one; one that is not known to be that is not."""
    branch = ref.removeprefix("refs/heads/")
    return "" if branch == read_default_branch(payload) else branch


def _is_fork(payload: Payload, pull: Payload) -> bool:
    """By id, since names change; a fork that was deleted leaves no repository."""
    head = find_number(pull, "head", "repo", "id")
    base = find_number(pull, "base", "repo", "id") or find_number(payload, "repository", "id")
    return head is None or head != base


def _sha(payload: Payload, *path: str) -> str:
    found = find_text(payload, *path)
    return found if _SHA.fullmatch(found) else ""
