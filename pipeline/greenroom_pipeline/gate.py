"""The gate: all checks on what was found, and the verdict that follows from their outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from greenroom_pipeline.checks.check import Case, Check
from greenroom_pipeline.checks.registry import ALL_CHECKS
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.metrics.metric import Metric
from greenroom_pipeline.metrics.registry import STANDARD, find_metric
from greenroom_pipeline.report import CheckResult, Override, Task, Verdict
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import suggest_name


def choose_metrics(gate: GateTable, *, task: Task, own: Mapping[str, Metric] | None = None) -> list[Metric]:
    """Return the metrics to evaluate: those that the gate's rules name, the task's standard ones, and *own*.

    Raises `SettingsError` for a rule whose metric is unknown or does not fit the task, so it also serves to
    look the gate over before anything is trained.
    """
    named = [find_metric(rule.metric, task=task, own=own) for rule in gate.check]
    chosen = (*named, *STANDARD[task], *(own or {}).values())
    return list({metric.name: metric for metric in chosen}.values())


def require_known_checks(gate: GateTable) -> None:
    """Raise `SettingsError` when [gate.off] names a check that there is not."""
    codes = [check.code for check in ALL_CHECKS]
    for code in gate.off:
        if code not in codes:
            raise SettingsError(f"gate.off: there is no check {code!r}; {suggest_name(code, codes)}")


def run_gate(gate: GateTable, case: Case, checks: Sequence[Check]) -> list[CheckResult]:
    """Return the outcome of every rule of *checks*; one that nothing can be said about fails, with its reason."""
    return [result for check in checks for result in _run(check, gate, case)]


def _run(check: Check, gate: GateTable, case: Case) -> list[CheckResult]:
    if check.code in gate.off:
        reason = f"Switched off in greenroom.toml: {gate.off[check.code]}"
        return [CheckResult(code=check.code, title=check.title, outcome="not_applicable", reason=reason)]
    return check.run(gate, case)


def apply_overrides(checks: Sequence[CheckResult], overrides: Mapping[str, Override]) -> list[CheckResult]:
    """Mark the failed and inconclusive checks that someone has overridden, by code."""
    return [
        check.model_copy(update={"override": overrides[check.code]})
        if check.code in overrides and check.outcome in ("failed", "inconclusive")
        else check
        for check in checks
    ]


def decide(checks: Sequence[CheckResult]) -> Verdict:
    """Return the verdict: one failed check fails it, one inconclusive check leaves it open.

    So does it when rules were to be tested and none could be. A check that is overridden keeps its outcome,
    and does not count.
    """
    outcomes = {check.outcome for check in checks if check.override is None}
    if "failed" in outcomes:
        return "fail"
    untested = "not_tested" in outcomes and "passed" not in outcomes
    return "inconclusive" if untested or "inconclusive" in outcomes else "pass"
