"""GR105: rows that the champion had right and the candidate has wrong."""

from __future__ import annotations

from bisect import bisect_left

from greenroom_pipeline.checks.check import (
    Case,
    conclude,
    explain_further_rows,
    judge_most,
)
from greenroom_pipeline.metrics.shares import wilson_interval
from greenroom_pipeline.observations import Flips
from greenroom_pipeline.report import CheckResult, Outcome
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import round_up, write_share
from greenroom_pipeline.words import Words, count_rows

MOST_ROWS = 2**40
_RARE = 0.05


class RowFlips:
    """Passes when a share of broken rows beyond `max_broken` is ruled out, fails when it is shown."""

    code = "GR105"
    title = "Rows that flip"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        if gate.flips is None:
            return []
        return [conclude(self, *_judge(case, most=gate.flips.max_broken))]


def _judge(case: Case, *, most: float) -> tuple[Outcome, str]:
    if not case.evaluation.has_champion:
        return "not_applicable", "There is no champion yet whose answers could flip."
    flips = case.observed.flips
    if flips is None:
        return "not_applicable", "Only answers that are right or wrong can flip, and these are numbers."
    told = _weigh(flips, case.words)
    if flips.broken_interval is None:
        return "failed", f"{told} All rows are of one group, so nothing more can be told."
    if case.evaluation.few is not None and flips.broken_interval != (0, 0):
        return "inconclusive", f"Can't tell: {case.evaluation.few}. {told}"
    if most == 0:
        return _judge_none(flips, case.words)
    outcome = judge_most(flips.broken_interval, most=most)
    further = _count_further(flips, flips.broken_interval, most=most, confidence=case.evaluation.confidence)
    return outcome, f"{told} {_explain(outcome, further, most=most)}"


def _judge_none(flips: Flips, words: Words) -> tuple[Outcome, str]:
    """Count, where no row may break: no interval of a share ever rules that out."""
    if flips.broken:
        return "failed", f"{describe_flips(flips, words)} None may break."
    return "passed", f"{describe_flips(flips, words)} None may break, and none does."


def describe_flips(flips: Flips, words: Words) -> str:
    """Say how many rows flip either way, in a sentence."""
    if not flips.broken and not flips.fixed:
        return "No row flips: both models are right on the same rows."
    return (
        f"Of {count_rows(words, flips.rows)}, {flips.broken:,} that the champion had right are now wrong "
        f"({write_share(flips.broken / flips.rows)}), and {flips.fixed:,} that it had wrong are now right."
    )


def _weigh(flips: Flips, words: Words) -> str:
    """Say how many flip, and whether chance would do that: whether as many break as are mended."""
    if flips.p_value is None or flips.broken == flips.fixed:
        return describe_flips(flips, words)
    chance = "would rarely" if flips.p_value < _RARE else "could well"
    return f"{describe_flips(flips, words)} Chance alone {chance} make them so unequal (p {_write_p(flips.p_value)})."


def _explain(outcome: Outcome, further: int | None, *, most: float) -> str:
    limit = write_share(most)
    if outcome == "passed":
        return f"More than {limit} broken is ruled out."
    if outcome == "failed":
        return f"That is more than the {limit} that may break."
    return f"Can't tell yet whether more than {limit} break, and {explain_further_rows(further)}."


def _count_further(
    flips: Flips, interval: tuple[float, float], *, most: float, confidence: float
) -> int | None:
    """Return how many more rows would settle it at the same share, by the interval that the check goes by.

    Rows of groups tell less than their number, by the ratio of the widths.
    """
    share = flips.broken / flips.rows
    if share == most:
        return None

    def settles(rows: int) -> bool:
        return judge_most(wilson_interval(round(share * rows), rows, confidence=confidence), most=most) != (
            "inconclusive"
        )

    low, high = wilson_interval(flips.broken, flips.rows, confidence=confidence)
    wider = ((interval[1] - interval[0]) / (high - low)) ** 2
    needed = 1
    while not settles(needed) and needed < MOST_ROWS:
        needed *= 2
    fewest = bisect_left(range(needed), True, lo=max(needed // 2, 1), key=settles)
    return round_up(max(fewest * wider - flips.rows, 1)) if needed < MOST_ROWS else None


def _write_p(p_value: float) -> str:
    return "< 0.0001" if p_value < 0.0001 else f"= {p_value:.2g}"
