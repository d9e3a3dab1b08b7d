"""What happened to a pull request."""

from __future__ import annotations

from greenroom_pipeline.desk import Review


def show_timeline(_review: Review) -> None:
    """Show nothing yet."""
