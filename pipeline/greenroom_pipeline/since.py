"""What changed since the champion in code, data and dependencies; a part of the report."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from greenroom_pipeline.observations import Document

MOST_COMMITS = 50
MOST_FILES = 50
MOST_CHANGES = 100
TEXT_CHARACTERS = 200

Text = Annotated[str, StringConstraints(max_length=TEXT_CHARACTERS)]


class CommitLine(Document):
    sha: str = Field(max_length=64)
    subject: Text
    author: Text


class Changed(Document):
    """Something that both have or one has: null on the side that lacks it."""

    name: Text
    before: Text | None
    after: Text | None


class Since(Document):
    """Candidate against champion; lists are cut to what can be read, and counts are not.

    Null counts stand for what is not known: of an older report, or of commits that the checkout lacks.
    """

    commits: list[CommitLine] = Field([], max_length=MOST_COMMITS, description="Newest first, at most fifty.")
    commit_count: int | None = Field(
        None, description="Null where the checkout's history does not reach back."
    )
    files: list[Text] = Field(
        [], max_length=MOST_FILES, description="Inputs of training that changed, at most fifty."
    )
    file_count: int | None = None
    parameters: list[Changed] = Field([], max_length=MOST_CHANGES, description="What training logged.")
    parameter_count: int | None = None
    dependencies: list[Changed] = Field(
        [], max_length=MOST_CHANGES, description="Of the models' environments."
    )
    dependency_count: int | None = None
    train_rows: Changed | None = None
    holdout_rows: Changed | None = None
    same_holdout: bool | None = Field(
        None, description="Whether the champion was reviewed on the same bytes."
    )
