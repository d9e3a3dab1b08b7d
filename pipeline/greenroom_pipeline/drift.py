"""Drift: columns whose values differ between training rows and holdout; a part of the report."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from greenroom_pipeline.observations import Document

MOST_LISTED = 200
NAME_CHARACTERS = 200
WORDS_CHARACTERS = 400


class ColumnDrift(Document):
    column: str = Field(max_length=NAME_CHARACTERS)
    kind: Literal["number", "category"]
    effect: float = Field(
        description="Kolmogorov–Smirnov distance, or Jensen–Shannon distance of the shares."
    )
    p_value: float = Field(description="Two-sample test, corrected over columns by Benjamini–Hochberg.")
    drifted: bool = Field(description="Effect and significance both.")
    before: str = Field(max_length=WORDS_CHARACTERS, description="What training rows have, in words.")
    after: str = Field(max_length=WORDS_CHARACTERS, description="What the holdout has, in words.")


class Drift(Document):
    """Training rows against the holdout."""

    train_rows: int
    rows: int
    columns: list[ColumnDrift] = Field(
        max_length=MOST_LISTED, description="Drifted ones first, then by effect; at most two hundred."
    )
    tested: int | None = Field(None, description="Columns that were tested, listed or not.")
    by_group: bool | None = Field(
        None,
        description="Whether p-values come from one row of each group. False: training rows do not say their group, "
        "so that p-values are too small. Null: no group is named.",
    )
