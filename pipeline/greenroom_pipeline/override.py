"""Overrides: someone's word, with a reason and a name, that a check does not hold one commit back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NoReturn

from greenroom_pipeline.errors import OverrideError
from greenroom_pipeline.gate import apply_overrides
from greenroom_pipeline.project import Project
from greenroom_pipeline.record import find_same, read_report, revise_report
from greenroom_pipeline.report import Override, Report
from greenroom_pipeline.revision import conclude_anew
from greenroom_pipeline.subject import identify
from greenroom_pipeline.tracking import RunRecord, Store
from greenroom_pipeline.wording import join_names, suggest_name


def override_check(project: Project, code: str, *, reason: str, by: str) -> Report:
    """Record that *code* does not hold back the checked-out commit, and return its report with the new verdict.

    The word holds for this commit's evidence alone: another commit, or another champion, is judged anew.
    `OverrideError` when there is nothing to override, or the reason or the name is blank.
    """
    subject = identify(project)
    finished = find_same(project.store, subject.origin)
    if not finished:
        _refuse_unfinished(subject.commit.sha)
    return override_recorded(project.store, finished[0], code, reason=reason, by=by)


def override_recorded(store: Store, record: RunRecord, code: str, *, reason: str, by: str) -> Report:
    """Record so of a run that compared with the champion of now; `OverrideError` for one that did not."""
    for what, text in (("a reason", reason), ("a name", by)):
        if not text.strip():
            raise OverrideError(f"an override needs {what}, which the report shows; give one")
    report = read_report(store, record.id)
    champion = store.champion()
    current = champion.tags.get("digest") if champion else None
    if report is None or current not in (_name_champion(report), report.candidate.digest):
        _refuse_unfinished(record.tags["sha"])
    _require_open(report, code)
    word = Override(
        reason=" ".join(reason.split()),
        by=" ".join(by.split()),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    revised = conclude_anew(report, apply_overrides(report.checks, {code: word}))
    revise_report(store, record, revised)
    return revised


def _name_champion(report: Report) -> str | None:
    return report.champion.digest if report.champion else None


def _refuse_unfinished(sha: str) -> NoReturn:
    raise OverrideError(
        f"no finished run for commit {sha[:7]} against the champion of now; run `greenroom run` on it first"
    )


def _require_open(report: Report, code: str) -> None:
    outcomes = {check.outcome for check in report.checks if check.code == code}
    if not outcomes:
        codes = list(dict.fromkeys(check.code for check in report.checks))
        raise OverrideError(f"the report has no check {code!r}; {suggest_name(code, codes)}")
    if not outcomes & {"failed", "inconclusive"}:
        words = join_names(sorted(outcome.replace("_", " ") for outcome in outcomes))
        raise OverrideError(f"check {code} is {words}, so there is nothing to override")
