"""Pinning: a case becomes a line of the repository, on the pull request's branch."""

from __future__ import annotations

from greenroom_pipeline.cases import PinnedCase
from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.project import Project


def pin_case(_project: Project, _pull: int, _case: PinnedCase, *, sha: str) -> str:
    raise RepositoryError(f"nothing can be pinned at {sha[:7]} yet")
