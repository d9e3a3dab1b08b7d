"""What changed since the champion in code, data and dependencies; a part of the report."""

from __future__ import annotations

from pydantic import Field

from greenroom_pipeline.observations import Document


class CommitLine(Document):
    sha: str
    subject: str
    author: str


class Changed(Document):
    """Something that both have or one has: null on the side that lacks it."""

    name: str
    before: str | None
    after: str | None


class Since(Document):
    """Candidate against champion; lists are cut to what can be read, and counts are not."""

    commits: list[CommitLine] = Field([], description="Newest first, at most fifty.")
    commit_count: int | None = Field(
        None, description="Null where the checkout's history does not reach back."
    )
    files: list[str] = Field([], description="Inputs of training that changed, at most fifty.")
    file_count: int | None = None
    parameters: list[Changed] = Field([], description="What training logged.")
    dependencies: list[Changed] = Field([], description="Of the models' environments.")
    train_rows: Changed | None = None
    holdout_rows: Changed | None = None
