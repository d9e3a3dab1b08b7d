"""A report whose checks have other outcomes than before: by someone's word, or by what was tried since."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.gate import decide
from greenroom_pipeline.report import CheckResult, Report
from greenroom_pipeline.summary import summarize


def conclude_anew(report: Report, checks: Sequence[CheckResult]) -> Report:
    """Return the report with these checks, and the verdict and the summary that follow from them."""
    verdict = decide(checks)
    summary = summarize(verdict, checks, report.metrics)
    return report.model_copy(update={"checks": list(checks), "verdict": verdict, "summary": summary})
