"""Pin an answer that was seen as a case that every later candidate must meet."""

from __future__ import annotations

from typing import Any

from greenroom_pipeline.desk import Reply, Review
from greenroom_pipeline.report import Report


def show_pin_button(
    _review: Review, _report: Report, _row: dict[str, Any], _candidate: Reply, _champion: Reply | None
) -> None:
    """Show nothing yet."""
