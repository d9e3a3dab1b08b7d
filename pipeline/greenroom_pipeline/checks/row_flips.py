"""GR105: rows that the champion had right and the candidate has wrong."""

from __future__ import annotations

from greenroom_pipeline.checks.check import (
    Case,
    conclude,
    count_further_rows,
    explain_further_rows,
    judge_most,
)
from greenroom_pipeline.observations import Flips
from greenroom_pipeline.report import CheckResult, Outcome
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import count, write_share


class RowFlips:
    """Passes when a share of broken rows beyond `max_broken` is ruled out, fails when it is shown."""

    code = "GR105"
    title = "Rows that flip"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        if gate.flips is None:
            return []
        outcome, reason = _judge(case, most=gate.flips.max_broken, min_rows=gate.min_rows)
        return [conclude(self, outcome, reason)]


def _judge(case: Case, *, most: float, min_rows: int) -> tuple[Outcome, str]:
    if not case.evaluation.has_champion:
        return "not_applicable", "There is no champion yet whose answers could flip."
    flips = case.observed.flips
    if flips is None:
        return "not_applicable", "Only answers that are right or wrong can flip, and these are numbers."
    if flips.broken_interval is None:
        return "failed", f"{describe_flips(flips)} All rows are of one group, so nothing more can be told."
    outcome = judge_most(flips.broken_interval, most=most)
    if flips.rows < min_rows:
        few = f"{count(flips.rows, 'row')} are too few to trust an interval (gate.min_rows is {min_rows})"
        return "inconclusive", f"{describe_flips(flips)} {few}."
    return outcome, f"{describe_flips(flips)} {_explain(flips, flips.broken_interval, outcome, most=most)}"


def describe_flips(flips: Flips) -> str:
    """Say how many rows flip either way, in a sentence."""
    if not flips.broken and not flips.fixed:
        return "No row flips: both models are right on the same rows."
    test = "" if flips.p_value is None else f" (p of no difference {_write_p(flips.p_value)})"
    return (
        f"Of {count(flips.rows, 'row')}, {flips.broken:,} that the champion had right are now wrong "
        f"({write_share(flips.broken / flips.rows)}), and {flips.fixed:,} that it had wrong are now right{test}."
    )


def _explain(flips: Flips, interval: tuple[float, float], outcome: Outcome, *, most: float) -> str:
    limit = write_share(most)
    if outcome == "passed":
        return f"More than {limit} broken is ruled out."
    if outcome == "failed":
        return f"That is more than the {limit} that may break."
    low, high = interval
    distance = abs(most - flips.broken / flips.rows)
    rows = count_further_rows(flips.rows, half=(high - low) / 2, distance=distance)
    return f"Can't tell yet whether more than {limit} break, and {explain_further_rows(rows)}."


def _write_p(p_value: float) -> str:
    return "below 0.0001" if p_value < 0.0001 else f"{p_value:.2g}"
