"""Overrides: someone's word, with a reason and a name, that a check does not hold one commit back."""

from __future__ import annotations

from datetime import UTC, datetime

from greenroom_pipeline.errors import OverrideError
from greenroom_pipeline.gate import apply_overrides, decide
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import find_same, read_report, revise_report
from greenroom_pipeline.report import Override, Report
from greenroom_pipeline.subject import identify
from greenroom_pipeline.summary import summarize
from greenroom_pipeline.wording import join_names, suggest_name


def override_check(project: Project, code: str, *, reason: str, by: str) -> Report:
    """Record that *code* does not hold back the checked-out commit, and return its report with the new verdict.

    The word holds for this commit's evidence alone: another commit, or another champion, is judged anew.
    `OverrideError` when there is nothing to override, or the reason or the name is blank.
    """
    for what, text in (("a reason", reason), ("a name", by)):
        if not text.strip():
            raise OverrideError(f"an override needs {what}, which the report shows; give one")
    subject = identify(project)
    finished = find_same(project.store, subject.origin)
    report = read_report(project.store, finished[0].id) if finished else None
    if report is None:
        raise OverrideError(
            f"no finished run for commit {subject.commit.sha[:7]} against the champion of now; "
            "run `greenroom run` on it first"
        )
    _require_open(report, code)
    word = Override(
        reason=" ".join(reason.split()),
        by=" ".join(by.split()),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    checks = apply_overrides(report.checks, {code: word})
    verdict = decide(checks)
    revised = report.model_copy(
        update={
            "checks": checks,
            "verdict": verdict,
            "summary": summarize(verdict, checks, report.metrics),
        }
    )
    revise_report(project.store, finished[0], revised)
    return revised


def _require_open(report: Report, code: str) -> None:
    outcomes = {check.outcome for check in report.checks if check.code == code}
    if not outcomes:
        codes = list(dict.fromkeys(check.code for check in report.checks))
        raise OverrideError(f"the report has no check {code!r}; {suggest_name(code, codes)}")
    if not outcomes & {"failed", "inconclusive"}:
        words = join_names(sorted(outcome.replace("_", " ") for outcome in outcomes))
        raise OverrideError(f"check {code} is {words}, so there is nothing to override")
