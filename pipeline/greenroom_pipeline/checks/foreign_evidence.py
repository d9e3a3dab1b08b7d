"""GR304: a fork's own run, which saw no champion."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.checks.check import Case, conclude
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable


class ForeignEvidence:
    """Inconclusive when a fork's predictions could not be held against production's; else it says nothing."""

    code = "GR304"
    title = "Foreign evidence"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        if not case.foreign:
            return []
        reason = (
            f"Can't tell: the fork's own run had no production model to compare with, and {case.foreign}. "
            "Take its branch into this repository to have it judged."
        )
        return [conclude(self, "inconclusive", reason)]


def rests_on_word(checks: Sequence[CheckResult]) -> bool:
    """Say whether a verdict of these rests on what only a fork has said, and nobody has taken that over."""
    return any(
        each.code == ForeignEvidence.code and each.outcome == "inconclusive" and each.override is None
        for each in checks
    )
