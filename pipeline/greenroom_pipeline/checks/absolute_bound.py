"""GR101: the candidate's own value against a fixed bound."""

from __future__ import annotations

from greenroom_pipeline.checks.check import conclude, explain_untestable
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.wording import choose_decimals, write_figure, write_limit


class AbsoluteBound:
    """Passes when the candidate's own estimate is not beyond `min` or `max`."""

    code = "GR101"
    title = "Absolute bound"

    def run(self, gate: GateTable, evaluation: Evaluation) -> list[CheckResult]:
        return [
            self._judge(rule, evaluation, bound=bound, least=least)
            for rule in gate.check
            for bound, least in ((rule.min, True), (rule.max, False))
            if bound is not None
        ]

    def _judge(self, rule: GateRule, evaluation: Evaluation, *, bound: float, least: bool) -> CheckResult:
        finding = evaluation.find_overall(rule.metric)
        if finding is None or finding.result.candidate is None:
            return conclude(self, rule, "failed", explain_untestable(finding, metric=rule.metric))
        value = finding.result.candidate
        kept = value >= bound if least else value <= bound
        side = "at least" if least else "at most"
        decimals = min(choose_decimals(value, bound, value - bound), 6)
        figure, limit = write_figure(value, decimals=decimals), write_limit(bound)
        link = "; it must be" if kept else ", but must be"
        reason = f"{METRICS[rule.metric].title} is {figure}{link} {side} {limit}."
        return conclude(self, rule, "passed" if kept else "failed", reason)
