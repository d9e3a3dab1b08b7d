"""Drift: columns whose values differ between training rows and holdout; a part of the report."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from greenroom_pipeline.observations import Document


class ColumnDrift(Document):
    column: str
    kind: Literal["number", "category"]
    effect: float = Field(
        description="Kolmogorov–Smirnov distance, or Jensen–Shannon distance of the shares."
    )
    p_value: float = Field(description="Two-sample test, corrected over columns by Benjamini–Hochberg.")
    drifted: bool = Field(description="Effect and significance both.")
    before: str = Field(description="What training rows have, in words.")
    after: str = Field(description="What the holdout has, in words.")


class Drift(Document):
    """Training rows against the holdout."""

    train_rows: int
    rows: int
    columns: list[ColumnDrift] = Field(description="Drifted ones first, then by effect.")
