"""The gate: all checks on an evaluation, and the verdict that follows from their outcomes."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.checks.registry import CHECKS
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.metrics.registry import find_metric, metrics_for
from greenroom_pipeline.report import CheckResult, Task, Verdict
from greenroom_pipeline.settings import GateTable


def choose_metrics(gate: GateTable, *, task: Task) -> list[str]:
    """Return the metrics to evaluate: those that the gate's rules name, then the task's others.

    Raises `SettingsError` for a rule whose metric is unknown or does not fit the task, so it also serves to
    look the gate over before anything is trained.
    """
    named = [find_metric(rule.metric, task=task) for rule in gate.check]
    return list(dict.fromkeys(metric.name for metric in (*named, *metrics_for(task))))


def run_gate(gate: GateTable, evaluation: Evaluation) -> list[CheckResult]:
    """Return the outcome of every rule; a rule that nothing can be said about fails, with its reason."""
    for rule in gate.check:
        find_metric(rule.metric, task=evaluation.task)
    return [result for check in CHECKS for result in check.run(gate, evaluation)]


def decide(checks: Sequence[CheckResult]) -> Verdict:
    """Return the verdict: one failed check fails it, one inconclusive check leaves it open."""
    outcomes = {check.outcome for check in checks}
    if "failed" in outcomes:
        return "fail"
    return "inconclusive" if "inconclusive" in outcomes else "pass"
