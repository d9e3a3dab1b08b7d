"""The summary: the verdict in one plain sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from greenroom_pipeline.checks.check import describe_move, turn
from greenroom_pipeline.checks.leakage import Leakage
from greenroom_pipeline.checks.overall_loss import OverallLoss
from greenroom_pipeline.checks.preview_answers import PreviewAnswers
from greenroom_pipeline.checks.schema_change import SchemaChange
from greenroom_pipeline.checks.slice_loss import SliceLoss
from greenroom_pipeline.report import CheckResult, MetricResult, Outcome, Verdict
from greenroom_pipeline.wording import write_figure

# A reason's first sentence ends behind its figures, as in "(−0.061 ± 0.020)."
_HEADLINE = re.compile(r"^.*?± [\d,.]+\)(?=\.)")

# These run for every candidate; the others are asked for by rules under [gate].
_ALWAYS = {PreviewAnswers.code, Leakage.code, SchemaChange.code}


def summarize(verdict: Verdict, checks: Sequence[CheckResult], metrics: Sequence[MetricResult]) -> str:
    """Return one sentence for people; of the metrics it names the first that is measured overall.

    Where someone has overridden a check, another sentence before it says who and why.
    """
    return f"{_tell_overrides(checks)}{_tell(verdict, checks, metrics)}"


def _tell_overrides(checks: Sequence[CheckResult]) -> str:
    words = {check.code: check.override for check in checks if check.override is not None}
    return "".join(
        f"{word.by} overrode {code}: {word.reason.removesuffix('.')}. " for code, word in words.items()
    )


def _tell(verdict: Verdict, checks: Sequence[CheckResult], metrics: Sequence[MetricResult]) -> str:
    overall = next((result for result in metrics if result.slice is None), None)
    if verdict == "fail":
        return _tell_failure(_first(checks, "failed"), overall)
    if verdict == "inconclusive":
        return _tell_doubt(checks)
    if not {check.code for check in checks} - _ALWAYS:
        return f"No rule is set under [gate], so nothing was checked{_tell_state(overall)}."
    return _tell_pass(checks, overall)


def _first(checks: Sequence[CheckResult], outcome: Outcome) -> CheckResult:
    return next(check for check in checks if check.outcome == outcome and check.override is None)


def _tell_failure(check: CheckResult, overall: MetricResult | None) -> str:
    if check.code == PreviewAnswers.code:
        return "The candidate's preview did not start or did not answer, so it could not serve."
    found = _HEADLINE.match(check.reason)
    headline = found.group(0) if found else check.reason.removesuffix(".")
    if found and check.code == SliceLoss.code and overall is not None and overall.interval is not None:
        return f"{headline}, {_tell_overall(overall)}."
    return f"{headline}."


def _tell_overall(overall: MetricResult) -> str:
    _, low, high = turn(overall)
    if low > 0:
        return "although better overall"
    return "and worse overall" if high < 0 else "with no clear change overall"


def _tell_doubt(checks: Sequence[CheckResult]) -> str:
    open_ones = [check for check in checks if check.outcome == "inconclusive" and check.override is None]
    if not open_ones:
        return "Can't tell yet: no slice has enough rows to be tested."
    check = open_ones[0]
    if check.code == SliceLoss.code:
        return "Can't tell yet: no slice has enough rows to rule out a loss there."
    return check.reason


def _tell_pass(checks: Sequence[CheckResult], overall: MetricResult | None) -> str:
    if overall is None or overall.candidate is None:
        return "Every check passed."
    if overall.champion is None:
        return f"No champion yet{_tell_state(overall)}, and every check that applies passed."
    if overall.interval is None:
        return f"Every check passed{_tell_state(overall)}."
    calm = any(check.code == SliceLoss.code and check.outcome == "passed" for check in checks)
    slices = ", and no slice is shown to be worse" if calm else ""
    return f"{_judge(overall, checks)}: {describe_move(overall)}{slices}."


def _tell_state(overall: MetricResult | None) -> str:
    """Return the overall metric as a clause, or nothing when it has no value."""
    if overall is None or overall.candidate is None:
        return ""
    if overall.interval is not None:
        return f": {describe_move(overall)}"
    return f": {overall.title} is {write_figure(overall.candidate)}"


def _judge(overall: MetricResult, checks: Sequence[CheckResult]) -> str:
    _, low, high = turn(overall)
    if low > 0:
        return "Better overall"
    if low == high == 0:
        return "No change overall"
    if high >= 0:
        return "No clear change overall"
    held = any(
        check.code == OverallLoss.code and check.metric == overall.metric and check.outcome == "passed"
        for check in checks
    )
    return (
        "Slightly worse overall, within what is tolerated"
        if held
        else "Worse overall, which no rule holds back"
    )
