"""Which version was production when, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pandas as pd

from greenroom_pipeline.desk import Reign
from greenroom_portal.wording import MISSING, clean, mark_verdict, moment, number, short_sha

COLUMNS = ["version", "by", "since", "until", "value", "stretch", "moved"]


def name_metrics(reigns: Sequence[Reign]) -> list[str]:
    """Return the metrics that any reign has, those of the newest first."""
    return list(dict.fromkeys(name for reign in reigns for name in reign.metrics))


def find_moves(reigns: Sequence[Reign]) -> list[bool]:
    """Say of each reign, newest first, whether its holdout is another than that of the one before."""
    moves = [reign.holdout != before.holdout for reign, before in pairwise(reigns)]
    return [*moves, False] if reigns else []


def step_frame(reigns: Sequence[Reign], *, metric: str, now: datetime) -> pd.DataFrame:
    """One row for each reign that has the metric and a time of its own, oldest first.

    *since* and *until* are in UTC, the same where the end was not recorded. *stretch* numbers the lines that are drawn
    through: values of one can be compared. What was put into production by hand is left out: nobody knows when.
    """
    drawn = [each for each in reversed(reigns) if metric in each.metrics and (each.by or not each.vague)]
    rows: list[dict[str, object]] = []
    stretch = 0
    for place, reign in enumerate(drawn):
        before = drawn[place - 1] if place else reign
        moved = reign.holdout != before.holdout
        stretch += moved or before.until != reign.since if place else 0
        row = {
            "version": clean(reign.version, longest=20),
            "by": clean(reign.by, longest=60),
            "since": _drop_zone(reign.since),
            "until": _drop_zone(_find_end(reign, now=now)),
            "value": reign.metrics[metric],
        }
        rows.append({**row, "stretch": stretch, "moved": moved})
    return pd.DataFrame(rows, columns=COLUMNS)


def _find_end(reign: Reign, *, now: datetime) -> datetime:
    if reign.until is not None:
        return reign.until
    return reign.since if reign.end_unknown else now


def _drop_zone(then: datetime) -> datetime:
    """Return the time in UTC as Arrow and Vega take it."""
    return then.astimezone(UTC).replace(tzinfo=None)


def reign_frame(reigns: Sequence[Reign], *, metric: str | None) -> pd.DataFrame:
    """One row for each reign, newest first, in people's words."""
    moves = find_moves(reigns)
    rows = [
        {
            "Version": clean(reign.version, longest=20),
            "Since": tell_since(reign),
            "Until": tell_until(reign),
            "Let in by": clean(reign.by, longest=60) or MISSING,
            "Pull request": MISSING if reign.pull is None else f"#{reign.pull}",
            "Commit": short_sha(reign.sha) or MISSING,
            "Verdict": mark_verdict(reign.verdict).word if reign.verdict else MISSING,
            **_tell_value(reign, metric),
            "Holdout": (short_sha(reign.holdout) or MISSING) + (" (another one)" if moved else ""),
            "Note": clean(reign.note, longest=300),
        }
        for reign, moved in zip(reigns, moves, strict=True)
    ]
    return pd.DataFrame(rows)


def _tell_value(reign: Reign, metric: str | None) -> dict[str, str]:
    return {} if metric is None else {clean(metric, longest=60): number(reign.metrics.get(metric))}


def tell_since(reign: Reign) -> str:
    return f"after {moment(reign.since)}" if reign.vague else moment(reign.since)


def tell_until(reign: Reign) -> str:
    if reign.until is not None:
        return moment(reign.until)
    return "not recorded" if reign.end_unknown else "now"
