"""GR102: the loss against the champion on the whole holdout."""

from __future__ import annotations

from greenroom_pipeline.checks.check import (
    Case,
    conclude_rule,
    count_further_rows,
    describe_move,
    explain_further_rows,
    explain_untestable,
    is_within,
    is_worse,
    name_further_rows,
    turn,
)
from greenroom_pipeline.report import CheckResult, MetricResult, Outcome
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.wording import write_limit


class OverallLoss:
    """Passes when a loss beyond `max_loss` is ruled out, fails when there is a loss, else cannot tell."""

    code = "GR102"
    title = "Loss against the champion"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        return [
            self._judge(rule, case, tolerance=rule.max_loss)
            for rule in gate.check
            if rule.max_loss is not None
        ]

    def _judge(self, rule: GateRule, case: Case, *, tolerance: float) -> CheckResult:
        if not case.evaluation.has_champion:
            reason = "There is no champion yet to lose against."
            return conclude_rule(self, rule, case, "not_applicable", reason)
        finding, few = case.evaluation.find_overall(rule.metric), case.evaluation.few
        if finding is None or finding.result.interval is None:
            if few is not None:
                return conclude_rule(self, rule, case, "inconclusive", f"Can't tell: {few}.")
            title = case.evaluation.name_metric(rule.metric)
            return conclude_rule(self, rule, case, "failed", explain_untestable(finding, title=title))
        outcome, reason = judge_loss(finding.result, tolerance=tolerance, few=few)
        return conclude_rule(self, rule, case, outcome, reason)


def judge_loss(result: MetricResult, *, tolerance: float, few: str | None) -> tuple[Outcome, str]:
    """Return what the interval decides, and why; *few* says why no interval can be trusted, if so."""
    if few is not None and result.interval != (0, 0):
        return "inconclusive", f"Can't tell: {few}."
    if is_within(result, tolerance=tolerance):
        return "passed", _explain_pass(result, tolerance=tolerance)
    if is_worse(result):
        return "failed", _explain_failure(result, tolerance=tolerance)
    return "inconclusive", _explain_doubt(result, tolerance=tolerance)


def count_missing_rows(result: MetricResult, *, tolerance: float) -> int | None:
    """Return how many more rows would settle an inconclusive result, if the difference stays as it is.

    The interval's half-width h shrinks with √n. It is settled when h is less than the distance from the
    difference to −m (passed) or from the difference to 0 (failed), whichever is nearer to being reached.
    None when no number would do.
    """
    difference, low, high = turn(result)
    distance = max(difference + tolerance, -difference)
    return count_further_rows(result.rows, half=(high - low) / 2, distance=distance)


def _explain_pass(result: MetricResult, *, tolerance: float) -> str:
    move = describe_move(result)
    if turn(result)[1] > 0:
        return f"Better: {move}."
    if turn(result)[1] == turn(result)[2]:
        return f"No change: {move}."
    return f"{move}. A loss of more than {write_limit(tolerance)} is ruled out."


def _explain_failure(result: MetricResult, *, tolerance: float) -> str:
    if turn(result)[2] < -tolerance:
        return f"Worse: {describe_move(result)}. That is more than the tolerated {write_limit(tolerance)}."
    return (
        f"Worse: {describe_move(result)}. "
        f"A loss of more than the tolerated {write_limit(tolerance)} cannot be ruled out."
    )


def _explain_doubt(result: MetricResult, *, tolerance: float) -> str:
    rows = count_missing_rows(result, tolerance=tolerance)
    settle = explain_further_rows(rows, which=name_further_rows(result))
    return f"Can't tell yet: {describe_move(result)}, and {settle}."
