"""Desks for what *Try it* shows beyond one row: many columns, words, models that refuse, wake or go away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from greenroom_pipeline.desk import PreviewStatus, Replies, Reply
from greenroom_pipeline.report import Answer, Disagreement
from greenroom_pipeline.words import Words
from tests.patience import await_true
from tests.portal.desk_in_memory import HOSTILE, MemoryDesk, hostile, passing

WORDS = Words(
    row="flight",
    rows="flights",
    classes={"0": "on time", "1": "late"},
    columns={"distance": "Distance", "carrier": "Airline"},
    units={"distance": "miles", "wind": "mph"},
)
ROW = {
    "distance": 2475,
    "wind": 31.0,
    "carrier": "HA",
    "weekend": True,
    "note": "it's “odd”; 100 %\nreally",
    "scheduled": "2013-12-24T18:05:00",
}


def worded() -> MemoryDesk:
    """A project that says what its rows, classes and columns are, with two disagreements."""
    desk = passing()
    found = [
        Disagreement(
            row=312 + place,
            features={**ROW, "distance": 2475 + place, "gate": "B12"},
            target="1",
            candidate=Answer(prediction="1", probability=0.71),
            champion=Answer(prediction="0", probability=0.33),
        )
        for place in range(2)
    ]
    desk.reports[7] = desk.reports[7].model_copy(update={"words": WORDS, "disagreements": found})
    return desk


def wide() -> MemoryDesk:
    """Seventy columns; the models read three of them."""
    desk = worded()
    profile = desk.profiles[7]
    further = [
        {
            "name": f"sensor_{place:02}",
            "kind": "number",
            "integer": False,
            "nullable": True,
            "minimum": 0.0,
            "maximum": 1.0,
            "quantiles": {"0.25": 0.2, "0.75": 0.7},
        }
        for place in range(64)
    ]
    profile["features"] += further
    profile["typical"] |= {each["name"]: 0.5 for each in further}
    profile["examples"] = [profile["typical"] | {"distance": 4983, "sensor_40": 0.9}]
    return desk


class _Refusing(MemoryDesk):
    """Raises on a carrier that it does not know, as a model does whose service cannot say which row it was."""

    def query_many(self, project: str, slot: str, rows: Sequence[dict[str, Any]]) -> Replies:
        if any(row["carrier"] == "ZZ" for row in rows):
            return Replies([], None, 0.0, {}, error="the model raised ValueError: unknown category")
        return super().query_many(project, slot, rows)


def refusing() -> MemoryDesk:
    return _Refusing(**vars(worded()))


class _Waking(MemoryDesk):
    def query(self, project: str, slot: str, row: dict[str, Any]) -> Reply:
        return replace(super().query(project, slot, row), seconds=3.2, woke=slot == "7")


def waking() -> MemoryDesk:
    desk = _Waking(**vars(passing()))
    desk.previews_by_slot["7"] = PreviewStatus("7", "asleep")
    return desk


class _Leaving(MemoryDesk):
    """Its host goes away with the second part of a file."""

    def query_many(self, project: str, slot: str, rows: Sequence[dict[str, Any]]) -> Replies:
        if len(self.asked) >= 1_000:
            return Replies([], None, 0.0, {}, error="the preview host has gone", gone=True)
        return super().query_many(project, slot, rows)


def leaving() -> MemoryDesk:
    return _Leaving(**vars(worded()))


class _Starting(MemoryDesk):
    """The candidate's preview starts, and is awake when it is looked at for the fourth time."""

    looks = 0

    def preview(self, project: str, slot: str) -> PreviewStatus:
        self.looks += slot == "7"
        status = super().preview(project, slot)
        return replace(status, state="starting") if slot == "7" and self.looks <= 3 else status


def starting_soon() -> MemoryDesk:
    return _Starting(**vars(passing()))


def deploying() -> MemoryDesk:
    """The run of a newer commit is at its preview, and the older commit's report is not its own."""
    desk = passing()
    changes: dict[str, Any] = {"run_state": "running", "step": "preview"}
    desk.listed[0] = replace(desk.listed[0], **changes)
    desk.previews_by_slot.pop("7")
    return desk


def older_commit() -> MemoryDesk:
    desk = passing()
    desk.previews_by_slot["7"] = replace(desk.previews_by_slot["7"], sha="9" * 40)
    return desk


def production_failed() -> MemoryDesk:
    desk = passing()
    desk.previews_by_slot["production"] = PreviewStatus("production", "failed", log="MemoryError")
    return desk


def hostile_words() -> MemoryDesk:
    """Hostile texts as words, columns, categories and values, too."""
    desk = hostile()
    words = Words(
        row=HOSTILE[:60],
        rows=HOSTILE[:60],
        classes={"0": HOSTILE[:60], "1": HOSTILE[60:120]},
        columns={"distance": HOSTILE[40:100]},
        units={"distance": HOSTILE[60:120]},
    )
    found = Disagreement(
        row=1,
        features={**ROW, HOSTILE: HOSTILE, "note": HOSTILE},
        target=HOSTILE,
        candidate=Answer(prediction=HOSTILE),
        champion=Answer(prediction=HOSTILE),
    )
    desk.reports[7] = desk.reports[7].model_copy(update={"words": words, "disagreements": [found]})
    return desk


class _Held(MemoryDesk):
    """Answers the second part of a file once there is a file `go` in the current folder."""

    def query_many(self, project: str, slot: str, rows: Sequence[dict[str, Any]]) -> Replies:
        if len(self.asked) >= 1_000:
            await_true(Path("go").exists, timeout=60)
        return super().query_many(project, slot, rows)


def held() -> MemoryDesk:
    return _Held(**vars(worded()))
