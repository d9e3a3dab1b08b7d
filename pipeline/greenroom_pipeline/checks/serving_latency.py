"""GR202: how long the candidate takes to answer, against the champion."""

from __future__ import annotations

from greenroom_pipeline.checks.check import Case, conclude, judge_most
from greenroom_pipeline.observations import Latency
from greenroom_pipeline.report import CheckResult, Outcome
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import choose_decimals, write_figure, write_limit


class ServingLatency:
    """Passes when an answer surely takes no more than `max_ratio` times the champion's, fails when surely more."""

    code = "GR202"
    title = "Serving latency"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        if gate.latency is None:
            return []
        outcome, reason = _judge(case, limit=gate.latency.max_ratio)
        return [conclude(self, outcome, reason)]


def _judge(case: Case, *, limit: float) -> tuple[Outcome, str]:
    if not case.evaluation.has_champion:
        return "not_applicable", "There is no champion yet to be slower than."
    if case.preview is None or case.preview.state == "failed":
        return "failed", "Latency cannot be judged: the candidate's preview did not come up."
    found = case.observed.latency
    if found is None:
        return "inconclusive", (
            "Can't tell: candidate and production did not both answer the holdout's rows, so their times could "
            "not be compared; see their logs, and run again."
        )
    outcome = judge_most(found.interval, most=limit)
    if outcome == "passed":
        return "passed", f"An {_describe(found)}. More than {write_limit(limit)} times as long is ruled out."
    if outcome == "failed":
        return "failed", f"An {_describe(found)}, and at most {write_limit(limit)} times are tolerated."
    return "inconclusive", (
        f"Can't tell: an {_describe(found)}, and {write_limit(limit)} times are tolerated; "
        "measure longer with more gate.latency.calls, or tolerate a larger ratio."
    )


def _describe(found: Latency) -> str:
    ours, theirs = (f"{write_figure(1000 * each)} ms" for each in (found.candidate, found.champion))
    decimals = min(choose_decimals(found.ratio, found.interval[1] - found.interval[0]), 3)
    ratio, low, high = (write_figure(each, decimals=decimals) for each in (found.ratio, *found.interval))
    return f"answer takes {ours}, the champion's {theirs}: {ratio} times as long ({low} to {high})"
