"""GR201: the packaged candidate comes up as a preview and answers a real row."""

from __future__ import annotations

from greenroom_pipeline.checks.check import Case, conclude
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import find_reason


class PreviewAnswers:
    """Passes when the preview that was started answered a row of the holdout; not tested without room for it."""

    code = "GR201"
    title = "The preview answers"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        preview = case.preview
        if preview is None:
            return [conclude(self, "failed", "No preview was started.")]
        if preview.state == "awake":
            reason = f"The Bento {preview.bento} started and answered a row of the holdout."
            return [conclude(self, "passed", reason)]
        if preview.state == "stopped":
            return [
                conclude(self, "not_tested", f"The Bento {preview.bento} was not started: {preview.log}.")
            ]
        why = f" Its log says: {find_reason(preview.log)}" if preview.log.strip() else ""
        reason = f"The Bento {preview.bento} did not start or did not answer a row of the holdout.{why}"
        return [conclude(self, "failed", reason)]
