"""The holdout rows on which the two models differ most."""

from __future__ import annotations

from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report


def show_disagreements(_review: Review, _report: Report) -> None:
    """Show nothing yet."""
