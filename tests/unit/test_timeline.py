"""What happened, in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from greenroom_pipeline.desk import Happening
from greenroom_pipeline.forge import PullEvent
from greenroom_pipeline.timeline import arrange, tell_events

START = datetime(2026, 11, 3, 10, tzinfo=UTC)


def happen(minute: int, text: str = "") -> Happening:
    return Happening(START + timedelta(minutes=minute), "comment", "eve", text)


def test_happenings_are_told_once_newest_first() -> None:
    """The order of arrival does not matter, and what two sources tell alike is told once."""
    told = arrange([happen(2), happen(9), happen(2), happen(5, "first"), happen(5, "then")])

    assert [(each.at - START).seconds // 60 for each in told] == [9, 5, 5, 2]
    assert [each.text for each in told[1:3]] == ["then", "first"]


def test_what_is_left_out_is_counted() -> None:
    """Beyond the cap the oldest are left out, and a last entry says how many."""
    told = arrange([happen(minute) for minute in range(25)], most=10)

    assert len(told) == 11
    assert (told[-1].kind, told[-1].text) == ("gap", "15 earlier happenings not shown.")
    assert told[-2] == happen(15)


def test_a_merge_closes_without_a_word() -> None:
    """GitHub tells of a merge and of a closing at once; a closing without a merge stays."""
    closed = PullEvent(START, "closed", "ada", "")
    reopened = PullEvent(START + timedelta(minutes=1), "reopened", "ada", "")
    merged = PullEvent(START + timedelta(minutes=5), "merged", "ada", "", sha="f" * 40)
    closing = PullEvent(START + timedelta(minutes=5, seconds=1), "closed", "ada", "")
    told = tell_events([closed, reopened, merged, closing])

    assert [each.kind for each in told] == ["closed", "reopened", "merged"]
