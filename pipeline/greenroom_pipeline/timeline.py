"""What happened to a pull request: pushes, verdicts, comments, and what people decided."""

from __future__ import annotations

from greenroom_pipeline.desk import Happening
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.project import Project


def tell_timeline(_project: Project, _pull: PullRequest) -> list[Happening]:
    return []
