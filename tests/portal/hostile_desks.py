"""A desk on which every text that anybody can choose is markup, on every page."""

from __future__ import annotations

from greenroom_pipeline.desk import PreviewStatus
from tests.portal import chart_desks, history_desks, lineage_desks, pinned_desks
from tests.portal.desk_in_memory import HOSTILE, MemoryDesk, hostile


def everywhere() -> MemoryDesk:
    """Join what the pages' own hostile desks say: each pane has something to show."""
    desk, past, traced = hostile(), history_desks.hostile_past(), lineage_desks.hostile().reports[7]
    cases, drawn = pinned_desks.hostile_cases().reports[7], chart_desks.hostile().reports[7]
    desk.reports[7] = desk.reports[7].model_copy(
        update={
            "cases": cases.cases,
            "pins": cases.pins,
            "lineage": traced.lineage,
            "drift": traced.drift,
            "histograms": drawn.histograms,
            "confusions": drawn.confusions,
        }
    )
    desk.reigns, desk.happenings = past.reigns, past.happenings
    desk.hosted = [
        PreviewStatus("7", "failed", log=HOSTILE, sha=HOSTILE, address=f"http://127.0.0.1/{HOSTILE}"),
        PreviewStatus(HOSTILE[:40], "awake", log=HOSTILE, memory=2**20),
    ]
    desk.previews_by_slot |= {"7": desk.hosted[0]}
    return desk
