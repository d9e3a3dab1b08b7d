"""GR101: the candidate's own value against a fixed bound."""

from __future__ import annotations

from greenroom_pipeline.checks.check import Case, conclude_rule, explain_untestable
from greenroom_pipeline.report import CheckResult, MetricResult
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.wording import choose_decimals, write_figure, write_limit


class AbsoluteBound:
    """Passes when the candidate's own estimate, or its interval's end, is not beyond `min` or `max`."""

    code = "GR101"
    title = "Absolute bound"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        return [
            self._judge(rule, case, bound=bound, least=least)
            for rule in gate.check
            for bound, least in ((rule.min, True), (rule.max, False))
            if bound is not None
        ]

    def _judge(self, rule: GateRule, case: Case, *, bound: float, least: bool) -> CheckResult:
        finding = case.evaluation.find_overall(rule.metric)
        title = case.evaluation.name_metric(rule.metric)
        if finding is None or finding.result.candidate is None:
            reason = explain_untestable(finding, title=title)
            return conclude_rule(self, rule, case, "failed", reason)
        value, what = _choose_value(finding.result, strict=rule.strict, least=least)
        if value is None:
            reason = f"{title} cannot be judged strictly: there are too few rows or groups for its interval."
            return conclude_rule(self, rule, case, "failed", reason)
        kept = value >= bound if least else value <= bound
        reason = f"{title} is {_describe(value, what, bound, kept=kept, least=least)}."
        return conclude_rule(self, rule, case, "passed" if kept else "failed", reason)


def _choose_value(result: MetricResult, *, strict: bool, least: bool) -> tuple[float | None, str]:
    """Return the figure to hold against the bound, and what it is called."""
    if not strict:
        return result.candidate, ""
    if result.candidate_interval is None:
        return None, ""
    return (
        (result.candidate_interval[0], "surely above ")
        if least
        else (result.candidate_interval[1], "surely below ")
    )


def _describe(value: float, what: str, bound: float, *, kept: bool, least: bool) -> str:
    side = "at least" if least else "at most"
    decimals = min(choose_decimals(value, bound, value - bound), 6)
    figure, limit = write_figure(value, decimals=decimals), write_limit(bound)
    link = "; it must be" if kept else ", but must be"
    return f"{what}{figure}{link} {side} {limit}"
