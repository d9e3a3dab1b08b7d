"""What started a workflow, as GitHub tells it in the event's file: as much of it as a run needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenroom_pipeline.errors import SettingsError

Payload = Mapping[str, Any]
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
    pull = _dig(payload, dict, "pull_request") or {}
    number = _dig(payload, int, "number") or _dig(pull, int, "number")
    head = _sha(pull, "head", "sha")
    if number is None or not head:
        raise SettingsError(
            "the event's file names no pull request with its head; run it in a workflow of GitHub's, on: pull_request"
        )
    return PullEvent(
        number=number,
        action=_dig(payload, str, "action") or "",
        head=head,
        base=_sha(pull, "base", "sha"),
        side_branch=_find_side(payload, _dig(pull, str, "base", "ref") or ""),
        is_fork=_is_fork(payload, pull),
    )


def read_group(payload: Payload) -> GroupEvent:
    """Read a `merge_group` event."""
    head = _sha(payload, "merge_group", "head_sha")
    if not head:
        raise SettingsError(
            "the event's file names no commit of a merge group; run it in a workflow, on: merge_group"
        )
    branch = _dig(payload, str, "merge_group", "base_ref") or ""
    return GroupEvent(head, _sha(payload, "merge_group", "base_sha"), _find_side(payload, branch))


def read_default_branch(payload: Payload) -> str:
    """Return the repository's default branch, or nothing where the payload does not say."""
    return _dig(payload, str, "repository", "default_branch") or ""


def _find_side(payload: Payload, ref: str) -> str:
    """Return the branch of a ref where it is not the default one; one that is not known to be that is not."""
    branch = ref.removeprefix("refs/heads/")
    return "" if branch == read_default_branch(payload) else branch


def _is_fork(payload: Payload, pull: Payload) -> bool:
    """By id, since names change; a fork that was deleted leaves no repository."""
    head = _dig(pull, int, "head", "repo", "id")
    base = _dig(pull, int, "base", "repo", "id") or _dig(payload, int, "repository", "id")
    return head is None or head != base


def _sha(payload: Payload, *path: str) -> str:
    found = _dig(payload, str, *path) or ""
    return found if _SHA.fullmatch(found) else ""


def _dig(payload: Payload, kind: type[Any], *path: str) -> Any:
    """Return what stands at the path, or None where it is missing or of another kind."""
    found: Any = payload
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, kind) and not (kind is int and isinstance(found, bool)) else None
