"""What our App on GitHub is for: its rights, each with its reason, and the events that it hears of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Level = Literal["read", "write"]

RIGHTS: Mapping[str, tuple[Level, str]] = {
    "metadata": ("read", "every App has it: which repository this is, and who may write to it"),
    "contents": ("read", "commits, and pushes to the default branch"),
    "pull_requests": ("write", "the comment, and the state of pull requests"),
    "checks": ("write", "the check greenroom/gate and its buttons"),
    "deployments": ("write", "the link to the preview"),
    "actions": ("write", "bundles of forks' runs, and running a workflow again"),
    "issues": ("read", "GitHub gives the event issue_comment with it alone"),
    "merge_queues": ("read", "GitHub gives the event merge_group with it alone"),
}
WRITING: tuple[str, Level] = ("contents", "write")
"""What the portal needs besides: promotion merges the pull request, and pinning commits a case to its branch."""
EVENTS = ("pull_request", "check_run", "merge_group", "workflow_run", "issue_comment", "push")
_ORDER = {"": 0, "read": 1, "write": 2, "admin": 3}


def covers(granted: Mapping[str, str], name: str, level: str) -> bool:
    return _ORDER.get(granted.get(name, ""), 0) >= _ORDER[level]


def find_missing(granted: Mapping[str, str]) -> dict[str, Level]:
    """Return the rights that are needed and not granted."""
    return {name: level for name, (level, _) in RIGHTS.items() if not covers(granted, name, level)}
