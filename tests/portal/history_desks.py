"""Desks with a past: what was production when, and what happened to a pull request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from greenroom_pipeline.desk import Happening, HappeningKind, Reign
from greenroom_pipeline.errors import StoreError
from greenroom_pipeline.report import Verdict
from tests.portal.desk_in_memory import HOSTILE, MemoryDesk, broken_run, passing

START = datetime(2026, 9, 1, 9, 30, tzinfo=UTC)


def make_reign(place: int, *, until: int | None, verdict: Verdict | None = "pass", **changes: Any) -> Reign:
    reign = Reign(
        version=str(place + 1),
        since=START + timedelta(days=20 * place),
        until=None if until is None else START + timedelta(days=20 * until),
        by="Grace Hopper",
        sha=f"{place + 1:x}" * 40,
        pull=place + 7,
        verdict=verdict,
        summary="ROC AUC rises by 0.0122 (0.0095 to 0.0149), and no slice loses more than 0.02.",
        metrics={"ROC AUC": 0.70 + 0.01 * place, "Log loss": 0.40 - 0.01 * place},
        title="Gradient boosting",
        merge="e" * 40,
        digest=f"{place:064x}",
        holdout="d" * 64,
        lower_is_better=frozenset({"Log loss"}),
        run=f"run-{place}",
        run_link=f"https://mlflow.example/#/experiments/1/runs/{place}",
    )
    return replace(reign, **changes)


def reigns() -> list[Reign]:
    """Four, newest first: the third by hand, the fourth measured on another holdout."""
    hand = make_reign(2, until=3, by="", vague=True, verdict=None, note="Somebody moved the alias.")
    return [
        make_reign(3, until=None, verdict="inconclusive", holdout="f" * 64),
        replace(hand, pull=None, title="", merge=None, run_link=None, summary=""),
        make_reign(1, until=None, end_unknown=True),
        make_reign(0, until=1),
    ]


def past() -> MemoryDesk:
    desk = passing()
    desk.reigns = reigns()
    return desk


def long_past() -> MemoryDesk:
    desk = passing()
    desk.reigns = [make_reign(place, until=place + 1) for place in range(40, -1, -1)]
    desk.reigns[0] = replace(desk.reigns[0], until=None)
    return desk


def ended() -> MemoryDesk:
    desk = passing()
    desk.reigns = [make_reign(0, until=None, end_unknown=True, metrics={})]
    return desk


def hostile_past() -> MemoryDesk:
    desk = passing()
    texts: dict[str, Any] = dict.fromkeys(
        ("version", "by", "sha", "summary", "note", "title", "merge"), HOSTILE
    )
    links = ["javascript:alert(1)", "https://ok.example/a b)[x](https://evil.example)$x$<b>"]
    evil = replace(make_reign(1, until=None, metrics={HOSTILE: 0.5}, run_link=links[0]), **texts)
    desk.reigns = [evil, make_reign(0, until=1)]
    kinds: list[HappeningKind] = ["opened", "verdict", "comment", "override", "promoted", "gap"]
    now = datetime.now(UTC)
    desk.happenings[7] = [
        Happening(now - timedelta(hours=place), kind, HOSTILE, HOSTILE, links[place % 2])
        for place, kind in enumerate(kinds)
    ]
    return desk


@dataclass
class EventfulDesk(MemoryDesk):
    """Notes of which pull requests it has told the timeline."""

    told: list[int] = field(default_factory=list)

    def timeline(self, project: str, pull: int) -> list[Happening]:
        self.told.append(pull)
        return super().timeline(project, pull)


def eventful() -> MemoryDesk:
    """Two days of work on a pull request."""
    desk = EventfulDesk(**vars(passing()))
    now = datetime.now(UTC)
    page = "https://github.example/ada/flights/pull/7"
    desk.happenings[7] = [
        Happening(now - timedelta(minutes=5), "promoted", "Grace Hopper", "as version 4"),
        Happening(now - timedelta(minutes=6), "merged", "grace", "as 4f00ba7", page),
        Happening(now - timedelta(hours=2), "override", "Ana", "GR101: hotfix for the outage"),
        Happening(now - timedelta(hours=3), "verdict", "", "7777777 ROC AUC rises by 0.0122.", None, "pass"),
        Happening(
            now - timedelta(hours=4), "comment", "eve", "Is it worse for HA?", f"{page}#issuecomment-1"
        ),
        Happening(now - timedelta(hours=20), "failed", "", "6666666 at the step train: no model was left"),
        Happening(now - timedelta(hours=21), "pushed", "ada", "6666666 Try trees", f"{page}/commits/6"),
        Happening(now - timedelta(days=2), "opened", "ada", "Gradient boosting", page),
    ]
    return desk


def forge_down() -> MemoryDesk:
    desk = eventful()
    gap = "Pushes, comments and merges are missing here. GitHub does not answer; try again later."
    desk.happenings[7] = [Happening(datetime.now(UTC), "gap", "", gap), desk.happenings[7][3]]
    return desk


def failed_run() -> MemoryDesk:
    desk = broken_run()
    desk.happenings[8] = [Happening(datetime.now(UTC), "failed", "", "at the step preview: no module x")]
    return desk


class _NoTimelineDesk(MemoryDesk):
    def timeline(self, project: str, pull: int) -> list[Happening]:
        raise StoreError("MLflow could not search runs: no answer")

    def history(self, project: str) -> list[Reign]:
        raise StoreError("MLflow could not read the registered model: no answer")


def store_down() -> MemoryDesk:
    return _NoTimelineDesk(**vars(passing()))
