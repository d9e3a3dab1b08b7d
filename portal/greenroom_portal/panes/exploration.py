"""Exploring a slice over the whole holdout."""

from __future__ import annotations

from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report


def show_exploration(_review: Review, _report: Report) -> None:
    """Show nothing yet."""
