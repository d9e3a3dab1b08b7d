"""GR103: the loss against the champion on each declared slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom_pipeline.checks.check import (
    Case,
    conclude_rule,
    describe_move,
    explain_further_rows,
    explain_untestable,
    is_within,
    is_worse,
    name_further_rows,
    name_rows,
    name_slice,
    one_sided_harm,
    turn,
)
from greenroom_pipeline.checks.overall_loss import count_missing_rows
from greenroom_pipeline.evaluation import Finding
from greenroom_pipeline.metrics.comparison import adjust_holm
from greenroom_pipeline.report import CheckResult, MetricResult, Outcome
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.wording import join_names, write_figure, write_limit
from greenroom_pipeline.words import Words

MOST_NAMED = 3


@dataclass(frozen=True)
class Harm:
    """One slice under one rule, and how surely it is harmed among all that are tested."""

    result: MetricResult
    p_value: float
    """One-sided, of no harm."""
    corrected: float
    """The same, corrected by Holm."""


class SliceLoss:
    """Fails when a slice is shown to be worse and a loss beyond `max_loss_slices` is possible there."""

    code = "GR103"
    title = "Loss on slices"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        rules = [rule for rule in gate.check if rule.max_loss_slices is not None]
        found = [case.evaluation.find_slices(rule.metric) for rule in rules]
        harms = _correct([_choose_tested(findings) for findings in found])
        return [
            conclude_rule(self, rule, case, *_judge(rule, case, findings=findings, harms=of_rule))
            for rule, findings, of_rule in zip(rules, found, harms, strict=True)
        ]


def _judge(
    rule: GateRule, case: Case, *, findings: Sequence[Finding], harms: Sequence[Harm]
) -> tuple[Outcome, str]:
    tolerance = rule.max_loss_slices or 0.0
    if not case.evaluation.has_champion:
        return "not_applicable", "There is no champion yet to lose against."
    if not findings:
        return "not_applicable", "No slices are declared in [data]."
    overall = case.evaluation.find_overall(rule.metric)
    if overall is None or overall.result.interval is None:
        return "failed", explain_untestable(overall, title=case.evaluation.name_metric(rule.metric))
    words, untested = case.words, _explain_untested(findings, case.words)
    if not harms:
        return "not_tested", f"No slice could be tested. {untested}"
    worse = _choose_worse(harms, tolerance=tolerance)
    if worse:
        return "failed", f"{_explain_worse(worse, words, tolerance=tolerance)} {untested}".strip()
    open_ones = [harm.result for harm in harms if not is_within(harm.result, tolerance=tolerance)]
    settled = len(open_ones) < len(harms)
    reason = f"{_explain_calm(harms, open_ones, words, tolerance=tolerance)} {untested}".strip()
    return "passed" if settled else "inconclusive", reason


def _choose_tested(findings: Sequence[Finding]) -> list[MetricResult]:
    return [one.result for one in findings if one.reason is None and one.result.interval is not None]


def _correct(tested: Sequence[Sequence[MetricResult]]) -> list[list[Harm]]:
    """Correct over all slices of all rules at once: every one of them could block the candidate."""
    corrected = iter(adjust_holm([one_sided_harm(result) for results in tested for result in results]))
    return [
        [Harm(result, one_sided_harm(result), float(next(corrected))) for result in results]
        for results in tested
    ]


def _choose_worse(harms: Sequence[Harm], *, tolerance: float) -> list[MetricResult]:
    """Return the slices that fail, surest first: the overall rule, with harm corrected for many tests."""
    failing = [
        harm
        for harm in harms
        if is_worse(harm.result)
        and not is_within(harm.result, tolerance=tolerance)
        and harm.corrected <= (1 - harm.result.confidence) / 2
    ]
    return [harm.result for harm in sorted(failing, key=lambda harm: (harm.p_value, turn(harm.result)[0]))]


def _explain_worse(worse: Sequence[MetricResult], words: Words, *, tolerance: float) -> str:
    first, *others = worse
    limit = write_limit(tolerance)
    proven = turn(first)[2] < -tolerance
    size = f"more than the tolerated {limit}" if proven else f"possibly more than the tolerated {limit}"
    reason = f"Worse for {name_rows(first, words)}: {describe_move(first)}. That loss is {size}."
    if others:
        names = [f"{name_slice(one, words)} ({write_figure(one.difference or 0.0)})" for one in others]
        reason += f" Also worse: {join_names(names, most=MOST_NAMED)}."
    return reason


def _explain_calm(
    harms: Sequence[Harm], open_ones: Sequence[MetricResult], words: Words, *, tolerance: float
) -> str:
    lowest = min(harms, key=lambda harm: harm.p_value).result
    reason = (
        f"No slice is shown to be worse, of {len(harms):,} tested. "
        f"The least favourable is {name_slice(lowest, words)}: {describe_move(lowest)}."
    )
    if not open_ones:
        return f"{reason} A loss of more than {write_limit(tolerance)} is ruled out on each of them."
    names = join_names([name_slice(result, words) for result in open_ones], most=MOST_NAMED)
    rows = count_missing_rows(open_ones[0], tolerance=tolerance)
    further = explain_further_rows(rows, which=name_further_rows(open_ones[0]))
    settle = f"for {name_rows(open_ones[0], words)}, {further}"
    return (
        f"{reason} Too few rows to rule out a loss of more than {write_limit(tolerance)}: {names}; {settle}."
    )


def _explain_untested(findings: Sequence[Finding], words: Words) -> str:
    """Name the slices that could not be tested, with the reason of the first."""
    untested = [one for one in findings if one.reason is not None]
    if not untested:
        return ""
    names = join_names([name_slice(one.result, words) for one in untested], most=MOST_NAMED)
    return f"Not tested: {names}; of {name_slice(untested[0].result, words)}, {untested[0].reason}."
