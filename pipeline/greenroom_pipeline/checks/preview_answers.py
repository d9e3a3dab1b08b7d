"""GR201: the packaged candidate comes up as a preview and answers a real row."""

from __future__ import annotations

from greenroom_pipeline.report import CheckResult, Preview
from greenroom_pipeline.wording import find_reason

CODE = "GR201"
TITLE = "The preview answers"


def check_preview(preview: Preview) -> CheckResult:
    """Judge what became of the preview when it was started and asked about a row of the holdout."""
    if preview.state == "awake":
        reason = f"The Bento {preview.bento} started and answered a row of the holdout."
        return CheckResult(code=CODE, title=TITLE, outcome="passed", reason=reason)
    why = f" Its log says: {find_reason(preview.log)}" if preview.log.strip() else ""
    reason = f"The Bento {preview.bento} did not start or did not answer a row of the holdout.{why}"
    return CheckResult(code=CODE, title=TITLE, outcome="failed", reason=reason)
