"""GR107: whether the candidate's probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from greenroom_pipeline.checks.check import (
    Case,
    conclude,
    count_further_rows,
    explain_further_rows,
    judge_most,
)
from greenroom_pipeline.observations import Calibration
from greenroom_pipeline.report import CheckResult, Outcome
from greenroom_pipeline.settings import CalibrationRule, GateTable
from greenroom_pipeline.wording import write_figure, write_limit, write_span

Judged = tuple[Outcome, str]
Bound = tuple[float, str]
"""A limit and its side: `at least` or `at most`."""


class Calibrated:
    """Passes when the intervals of slope and expected calibration error keep within their limits."""

    code = "GR107"
    title = "Calibration"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        if gate.calibration is None:
            return []
        return [conclude(self, *one) for one in _judge(gate.calibration, case)]


@dataclass(frozen=True)
class Figure:
    """One measure of calibration, of both models."""

    what: str
    value: float | None
    interval: tuple[float, float] | None
    champion: float | None


def _judge(rule: CalibrationRule, case: Case) -> Iterator[Judged]:
    if case.evaluation.task == "regression":
        yield "not_applicable", "Only probabilities can be calibrated, and these are numbers."
        return
    models = {each.model: each for each in case.observed.calibration}
    if "candidate" not in models:
        yield "failed", "Calibration cannot be judged: the candidate gives no probabilities."
        return
    error, slope = _choose_figures(models["candidate"], models.get("champion"))
    for figure, limit, side in (
        (error, rule.max_error, "at most"),
        (slope, rule.min_slope, "at least"),
        (slope, rule.max_slope, "at most"),
    ):
        if limit is not None:
            yield _judge_figure(figure, (limit, side), case)


def describe_calibration(candidate: Calibration, champion: Calibration | None) -> list[str]:
    """Say how far the candidate's probabilities mean what they say, as clauses; none where nothing is known."""
    return [
        _describe(figure, figure.value, figure.interval)
        for figure in _choose_figures(candidate, champion)
        if figure.value is not None and figure.interval is not None
    ]


def _choose_figures(candidate: Calibration, champion: Calibration | None) -> tuple[Figure, Figure]:
    return (
        Figure(
            "expected calibration error",
            candidate.error,
            candidate.error_interval,
            champion.error if champion else None,
        ),
        Figure(
            "calibration slope",
            candidate.slope,
            candidate.slope_interval,
            champion.slope if champion else None,
        ),
    )


def _judge_figure(figure: Figure, bound: Bound, case: Case) -> Judged:
    if figure.value is None or figure.interval is None:
        return "failed", f"The {figure.what} cannot be judged: it is undefined on these predictions."
    limit, side = bound
    sign = 1 if side == "at most" else -1
    low, high = sorted(sign * end for end in figure.interval)
    outcome = judge_most((low, high), most=sign * limit)
    if case.evaluation.few is not None:
        figures = _describe(figure, figure.value, figure.interval)
        return "inconclusive", f"Can't tell: {case.evaluation.few}. {figures}."
    return outcome, _explain(figure, figure.value, figure.interval, bound, outcome, rows=case.evaluation.rows)


def _describe(figure: Figure, value: float, interval: tuple[float, float]) -> str:
    beside = "" if figure.champion is None else f"; the champion's is {write_figure(figure.champion)}"
    return f"The {figure.what} is {write_figure(value)} ({write_span(interval)}{beside})"


def _explain(
    figure: Figure,
    value: float,
    interval: tuple[float, float],
    bound: Bound,
    outcome: Outcome,
    *,
    rows: int,
) -> str:
    figures, limit = _describe(figure, value, interval), f"{bound[1]} {write_limit(bound[0])}"
    if outcome == "passed":
        return f"{figures}. It must be {limit}."
    if outcome == "failed":
        return f"{figures}, but must be {limit}."
    half = (interval[1] - interval[0]) / 2
    further = count_further_rows(rows, half=half, distance=abs(value - bound[0]))
    return f"{figures}. Can't tell yet whether it is {limit}, and {explain_further_rows(further)}."
