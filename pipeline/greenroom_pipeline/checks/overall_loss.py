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
    turn,
)
from greenroom_pipeline.report import CheckResult, MetricResult, Outcome
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.wording import count, write_limit


class OverallLoss:
    """Passes when a loss beyond `max_loss` is ruled out, fails when there is a loss, else cannot tell."""

    code = "GR102"
    title = "Loss against the champion"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        return [
            self._judge(rule, case, tolerance=rule.max_loss, min_rows=gate.min_rows)
            for rule in gate.check
            if rule.max_loss is not None
        ]

    def _judge(self, rule: GateRule, case: Case, *, tolerance: float, min_rows: int) -> CheckResult:
        if not case.evaluation.has_champion:
            reason = "There is no champion yet to lose against."
            return conclude_rule(self, rule, case, "not_applicable", reason)
        finding = case.evaluation.find_overall(rule.metric)
        if finding is None or finding.result.interval is None:
            title = case.evaluation.name_metric(rule.metric)
            return conclude_rule(self, rule, case, "failed", explain_untestable(finding, title=title))
        outcome, reason = judge_loss(finding.result, tolerance=tolerance, min_rows=min_rows)
        return conclude_rule(self, rule, case, outcome, reason)


def judge_loss(result: MetricResult, *, tolerance: float, min_rows: int) -> tuple[Outcome, str]:
    """Return what the interval decides, and why."""
    if result.rows < min_rows and result.interval != (0, 0):
        return "inconclusive", _explain_few(result, needed=min_rows)
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


def _explain_few(result: MetricResult, *, needed: int) -> str:
    rows = count(result.rows, "row")
    return f"Can't tell: the holdout has {rows}; intervals can be trusted from {needed} rows (gate.min_rows)."


def _explain_failure(result: MetricResult, *, tolerance: float) -> str:
    if turn(result)[2] < -tolerance:
        return f"Worse: {describe_move(result)}. That is more than the tolerated {write_limit(tolerance)}."
    return (
        f"Worse: {describe_move(result)}. "
        f"A loss of more than the tolerated {write_limit(tolerance)} cannot be ruled out."
    )


def _explain_doubt(result: MetricResult, *, tolerance: float) -> str:
    rows = count_missing_rows(result, tolerance=tolerance)
    settle = explain_further_rows(rows)
    return f"Can't tell yet: {describe_move(result)}, and {settle}."
