"""The list of reviews, in the order in which it is shown."""

from __future__ import annotations

from typing import NamedTuple

from greenroom_pipeline.desk import Review


class Sections(NamedTuple):
    """The list of reviews as it is shown: what waits for a decision, then what has one."""

    open: list[Review]
    decided: list[Review]


def split_reviews(reviews: list[Review]) -> Sections:
    """Keep the order that the desk gives, newest first."""
    return Sections(
        open=[review for review in reviews if review.pull_state == "open"],
        decided=[review for review in reviews if review.pull_state != "open"],
    )
