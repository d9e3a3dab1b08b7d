"""GR108: whether the candidate's outcome is its own, or its seed's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from greenroom_pipeline.checks.check import Case, conclude_rule
from greenroom_pipeline.checks.overall_loss import judge_loss
from greenroom_pipeline.observations import Retraining
from greenroom_pipeline.report import CheckResult, Outcome
from greenroom_pipeline.retraining import restore_results
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.wording import choose_decimals, join_names, write_figure

_WORDS: dict[Outcome, str] = {"passed": "pass", "inconclusive": "leave it open", "failed": "fail"}


class RetrainingNoise:
    """Passes when every seed comes to the candidate's own outcome under `max_loss`."""

    code = "GR108"
    title = "Retraining noise"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        if not case.observed.retraining:
            return []
        of_metric = {each.metric: each for each in case.observed.retraining}
        return [
            self._judge(rule, case, of_metric.get(rule.metric), tolerance=rule.max_loss)
            for rule in gate.check
            if rule.max_loss is not None and rule.metric not in case.own
        ]

    def _judge(
        self, rule: GateRule, case: Case, found: Retraining | None, *, tolerance: float
    ) -> CheckResult:
        if found is None:
            title = case.evaluation.name_metric(rule.metric)
            reason = f"{title} cannot be judged: it is undefined for one of the seeds."
            return conclude_rule(self, rule, case, "failed", reason)
        if not case.evaluation.has_champion:
            reason = f"There is no champion yet to lose against. {_describe(found)}."
            return conclude_rule(self, rule, case, "not_applicable", reason)
        own = case.evaluation.find_overall(rule.metric)
        if own is None or len(found.intervals) < len(found.values):
            reason = f"{found.title} cannot be judged: it has no interval for one of the seeds."
            return conclude_rule(self, rule, case, "failed", reason)
        outcomes = [
            judge_loss(result, tolerance=tolerance, few=case.evaluation.few)[0]
            for result in restore_results(found, own.result)
        ]
        return conclude_rule(self, rule, case, *_conclude(found, outcomes))


def _conclude(found: Retraining, outcomes: Sequence[Outcome]) -> tuple[Outcome, str]:
    if len(set(outcomes)) == 1:
        if found.deviation == 0:
            return "passed", (
                f"{_describe(found)}. If training draws random numbers, let it read GREENROOM_SEED; "
                "if not, drop train.seeds."
            )
        return "passed", f"Another seed does not change the outcome. {_describe(found)}."
    many = Counter(outcomes)
    told = [f"{many[outcome]} {_say(outcome, many[outcome])}" for outcome in _WORDS if many[outcome]]
    return "inconclusive", (
        f"Can't tell: the outcome depends on the seed. Under max_loss, {join_names(told)}. {_describe(found)}. "
        "Make training steadier, for example by averaging several models, or tolerate a larger loss."
    )


def _say(outcome: Outcome, many: int) -> str:
    words = _WORDS[outcome]
    if many > 1:
        return words
    return {"pass": "passes", "leave it open": "leaves it open", "fail": "fails"}[words]


def _describe(found: Retraining) -> str:
    many, low, high = len(found.values), min(found.values), max(found.values)
    decimals = min(choose_decimals(*found.values, found.deviation), 6)
    if found.deviation == 0:
        return f"{found.title} is {write_figure(low, decimals=decimals)} with each of {many} seeds"
    lowest, highest = (write_figure(value, decimals=decimals) for value in (low, high))
    deviation = write_figure(found.deviation, decimals=decimals)
    return f"With {many} seeds {found.title} comes to between {lowest} and {highest} (standard deviation {deviation})"
