"""What changes for whom: how answers move on each slice; a part of the report."""

from __future__ import annotations

from pydantic import Field

from greenroom_pipeline.observations import Document


class Move(Document):
    """Rows whose answer goes from one class to another."""

    before: str = Field(description="The champion's answer.")
    after: str = Field(description="The candidate's answer.")
    rows: int


class Movement(Document):
    """How answers change on one slice, or on all rows where there is no column."""

    column: str | None
    value: str | None
    rows: int
    changed: int | None = Field(description="Rows with another class; null for numbers.")
    fixed: int | None = Field(
        description="Of these, rows that only the candidate has right; null for numbers."
    )
    broken: int | None = Field(
        description="Of these, rows that only the champion has right; null for numbers."
    )
    p_value: float | None = Field(
        None,
        description="Two-sided, of as many fixed as broken: the exact McNemar test, or that of the mean by group.",
    )
    moves: list[Move] = Field([], description="Most frequent first, at most five.")
    shift: float | None = Field(None, description="Mean of candidate − champion, for numbers.")
    closer: int | None = Field(
        None, description="Rows on which the candidate is nearer the truth, for numbers."
    )
    farther: int | None = Field(None, description="Rows on which the champion is nearer, for numbers.")
