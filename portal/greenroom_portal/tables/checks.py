"""Checks in the order in which people need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from greenroom_pipeline.checks.slice_loss import SliceLoss
from greenroom_pipeline.report import CheckResult, Outcome, Report
from greenroom_pipeline.wording import join_names
from greenroom_pipeline.words import call_rows
from greenroom_portal.tales import choose_tales, find_tales

_ORDER: tuple[Outcome, ...] = ("failed", "inconclusive", "not_tested", "passed", "not_applicable")
_OPEN = _ORDER[:3]
_SAID: dict[Outcome, str] = {
    "failed": "failed",
    "inconclusive": "inconclusive",
    "not_tested": "not tested",
    "passed": "passed",
    "not_applicable": "not applicable",
}
MOST_NAMED = 3


def split_checks(checks: Sequence[CheckResult]) -> tuple[list[CheckResult], list[CheckResult]]:
    """Return those that need attention, failed ones first and overridden ones last, and then the others."""
    ordered = sorted(checks, key=lambda check: (check.override is not None, _ORDER.index(check.outcome)))
    return (
        [check for check in ordered if check.outcome in _OPEN],
        [check for check in ordered if check.outcome not in _OPEN],
    )


def count_outcomes(checks: Sequence[CheckResult]) -> str:
    """Return how many checks came to which outcome, such as `1 failed and 6 passed`."""
    found = Counter(check.outcome for check in checks)
    return join_names([f"{found[outcome]} {_SAID[outcome]}" for outcome in _ORDER if found[outcome]])


def name_harmed(report: Report, check: CheckResult) -> str:
    """Name the rows that a failed rule about slices is about; nothing for any other check."""
    if check.code != SliceLoss.code or check.outcome != "failed":
        return ""
    worse = [tale for tale in choose_tales(find_tales(report), "worse") if tale.measured]
    names = [call_rows(report.words, tale.column, tale.value) for tale in worse]
    return join_names(names, most=MOST_NAMED)
