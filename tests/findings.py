"""Findings made by hand, and checks run on them."""

from __future__ import annotations

from scipy.stats import norm

from greenroom_pipeline.checks.check import Case, Check
from greenroom_pipeline.evaluation import Evaluation, Finding
from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.report import CheckResult, MetricResult, Slice, Task
from greenroom_pipeline.settings import GateRule, GateTable


def measured(
    difference: float | None,
    half: float = 0.01,
    *,
    metric: str = "roc_auc",
    champion: float = 0.7,
    slice: str | None = None,
    rows: int = 1000,
    reason: str | None = None,
) -> Finding:
    """A finding whose interval is *difference* ± *half*; None makes an undefined one."""
    interval = None if difference is None else (difference - half, difference + half)
    z = abs(difference or 0) / half * 1.959964 if half else 0.0
    result = MetricResult(
        metric=metric,
        title=METRICS[metric].title,
        slice=None if slice is None else Slice(column="carrier", value=slice),
        candidate=None if difference is None else champion + difference,
        champion=champion,
        difference=difference,
        interval=interval,
        confidence=0.95,
        p_value=None if difference is None else float(2 * norm.sf(z)),
        rows=rows,
        method="DeLong",
        higher_is_better=METRICS[metric].higher_is_better,
    )
    return Finding(result, reason)


def judge(check: Check, rule: GateRule, *findings: Finding) -> CheckResult:
    """Run the check on one rule."""
    evaluation = Evaluation("binary", has_champion=True, findings=findings)
    (result,) = check.run(GateTable(check=[rule]), Case(evaluation))
    return result


def judge_observed(
    check: Check, gate: GateTable, observed: Observations, *, rows: int = 1000, task: Task = "binary"
) -> CheckResult:
    """Run the check on what was observed of two models on *rows* rows."""
    few = f"the holdout has {rows} rows" if rows < 100 else None
    evaluation = Evaluation(task, has_champion=True, findings=(measured(0.0, rows=rows),), few=few)
    (result,) = check.run(gate, Case(evaluation, observed))
    return result
