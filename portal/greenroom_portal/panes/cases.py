"""Pinned cases, and which of them broke."""

from __future__ import annotations

from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report


def show_cases(_review: Review, _report: Report) -> None:
    """Show nothing yet."""
