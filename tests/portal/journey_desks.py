"""A desk that a whole journey goes through: rows, awake previews, pinned cases, every chart, and a past."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from greenroom_pipeline.cases import PinnedCase
from greenroom_pipeline.report import Report
from tests.pinned import result
from tests.portal import chart_desks, history_desks, lineage_desks, rows_desks, who_desks
from tests.portal.desk_in_memory import CHAMPION, MemoryDesk, everything_hosted

PINNED = "pinned.jsonl"


class _WritingDesk(MemoryDesk):
    """Writes what is pinned into the current folder, where another process reads it."""

    def pin(self, project: str, pull: int, case: PinnedCase, *, sha: str) -> str:
        told = super().pin(project, pull, case, sha=sha)
        Path(PINNED).write_text("".join(f"{each.model_dump_json()}\n" for _, _, each in self.pinned))
        return told


def whole() -> MemoryDesk:
    """A busy day on which pull request 7 has something in every pane."""
    desk, rows = _WritingDesk(**vars(everything_hosted())), rows_desks.complete_flights()
    desk.reports[7] = _fill(rows.reports[7])
    desk.row_files, desk.terms = rows.row_files, rows.terms
    desk.production = CHAMPION.digest
    awake = desk.previews_by_slot["7"]
    desk.previews_by_slot["7"] = replace(awake, address="http://127.0.0.1:8502/p/flight-delays/7")
    desk.happenings = history_desks.eventful().happenings
    desk.reigns = history_desks.reigns()
    return desk


def _fill(report: Report) -> Report:
    charts, lineage = chart_desks.binary().reports[7], lineage_desks.told().reports[7]
    drawn = ("curves", "histograms", "confusions", "thresholds")
    parts = {
        **{part: getattr(charts, part) for part in drawn},
        **{part: getattr(lineage, part) for part in ("lineage", "drift", "observations")},
        "movements": who_desks.MOVEMENTS,
        "cases": [result("HA 17 in winter"), result("a short hop", "met")],
    }
    return report.model_copy(update=parts)
