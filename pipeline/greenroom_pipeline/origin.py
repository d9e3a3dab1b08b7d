"""Where a run comes from: its commit, its pull request, and digests of what its verdict rests on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from greenroom_pipeline.observations import Document

Sha = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
LINE_CHARACTERS = 300
Line = Annotated[str, StringConstraints(max_length=LINE_CHARACTERS)]


class Origin(Document):
    """What a run's record says of it before anything is found out; it travels in a bundle too."""

    sha: Sha
    subject: Line = Field(description="First line of the commit's message.")
    author: Line
    branch: Line | None
    pull: int | None = Field(ge=1)
    title: Line
    fingerprint: Digest
    holdout: Digest
    evidence: Digest = Field(description="Of all that the verdict depends on.")
