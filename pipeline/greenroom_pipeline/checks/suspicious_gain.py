"""GR104: a gain that is too good to be true."""

from __future__ import annotations

from greenroom_pipeline.checks.check import (
    Case,
    conclude_rule,
    count_further_rows,
    describe_move,
    explain_further_rows,
    explain_untestable,
    name_further_rows,
    turn,
)
from greenroom_pipeline.report import CheckResult, MetricResult, Outcome
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.wording import write_limit


class SuspiciousGain:
    """Fails when a gain beyond `max_gain` is shown: so much more often comes from leakage than from skill."""

    code = "GR104"
    title = "Suspicious improvement"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        return [
            self._judge(rule, case, most=rule.max_gain) for rule in gate.check if rule.max_gain is not None
        ]

    def _judge(self, rule: GateRule, case: Case, *, most: float) -> CheckResult:
        if not case.evaluation.has_champion:
            return conclude_rule(self, rule, case, "not_applicable", "There is no champion yet to gain on.")
        finding, few = case.evaluation.find_overall(rule.metric), case.evaluation.few
        if few is not None:
            return conclude_rule(self, rule, case, "inconclusive", f"Can't tell: {few}.")
        if finding is None or finding.result.interval is None:
            title = case.evaluation.name_metric(rule.metric)
            return conclude_rule(self, rule, case, "failed", explain_untestable(finding, title=title))
        return conclude_rule(self, rule, case, *_judge_gain(finding.result, most=most))


def _judge_gain(result: MetricResult, *, most: float) -> tuple[Outcome, str]:
    gain, low, _ = turn(result)
    move, limit = describe_move(result), write_limit(most)
    if low > most:
        return "failed", (
            f"Too good to be true: {move}. A gain of more than {limit} is shown; look for the target, or rows "
            "of the holdout, among what training reads."
        )
    if gain > most:
        half = gain - low
        rows = count_further_rows(result.rows, half=half, distance=gain - most)
        settle = explain_further_rows(rows, which=name_further_rows(result))
        return "inconclusive", (
            f"Can't tell yet whether it is too good: {move}. More than {limit} would be, and {settle}."
        )
    return "passed", f"{move}. A gain of more than {limit} would be suspicious."
