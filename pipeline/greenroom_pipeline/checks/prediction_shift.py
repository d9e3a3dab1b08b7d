"""GR106: how much the answers shift on the whole."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.checks.check import (
    Case,
    conclude,
    count_further_rows,
    explain_further_rows,
    judge_most,
)
from greenroom_pipeline.observations import Shift
from greenroom_pipeline.report import CheckResult, Outcome
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import choose_decimals, name_class, write_change, write_figure, write_limit
from greenroom_pipeline.words import Words

_WORST: dict[Outcome, int] = {"failed": 0, "inconclusive": 1, "passed": 2}


class PredictionShift:
    """Passes when a shift beyond `max_shift` either way is ruled out for every class, fails when one is shown."""

    code = "GR106"
    title = "Prediction shift"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        if gate.shift is None:
            return []
        outcome, reason = _judge(case, most=gate.shift.max_shift)
        return [conclude(self, outcome, reason)]


def _judge(case: Case, *, most: float) -> tuple[Outcome, str]:
    if not case.evaluation.has_champion:
        return "not_applicable", "There is no champion yet whose answers could shift."
    shifts = case.observed.shifts
    if not shifts or any(shift.interval is None for shift in shifts):
        return "failed", "The shift cannot be judged: there are too few rows or groups for its interval."
    rows = case.evaluation.rows
    outcome, shift = _choose_worst(shifts, most=most)
    if case.evaluation.few is not None and shift.interval != (0, 0):
        return "inconclusive", f"Can't tell: {case.evaluation.few}. {describe_shift(shift, case.words)}."
    return outcome, f"{describe_shift(shift, case.words)}. {_explain(shift, outcome, most=most, rows=rows)}"


def _choose_worst(shifts: Sequence[Shift], *, most: float) -> tuple[Outcome, Shift]:
    judged = [(judge_most(_size(shift), most=most), shift) for shift in shifts]
    return min(judged, key=lambda each: (_WORST[each[0]], -abs(each[1].difference)))


def _size(shift: Shift) -> tuple[float, float]:
    """Return the interval of the shift's size, whichever way it goes."""
    assert shift.interval is not None
    low, high = shift.interval
    return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def describe_shift(shift: Shift, words: Words) -> str:
    """Say how far the mean answer moves, as a clause; the shift must have an interval."""
    assert shift.interval is not None
    label = name_class(words.classes.get(shift.label or "", shift.label))
    what = {
        "probability": f"The mean probability of {label}",
        "share": f"The share of {words.rows} predicted as {label}",
        "number": "The mean prediction",
    }[shift.of]
    decimals = min(choose_decimals(shift.candidate, shift.champion, shift.difference), 6)
    before, after = (write_figure(each, decimals=decimals) for each in (shift.champion, shift.candidate))
    change = write_change(shift.difference, shift.interval, decimals=decimals)
    return f"{what} moves from {before} to {after} ({change})"


def _explain(shift: Shift, outcome: Outcome, *, most: float, rows: int) -> str:
    limit = write_limit(most)
    if outcome == "passed":
        return f"A shift of more than {limit} is ruled out."
    if outcome == "failed":
        return f"That is more than {limit}: the candidate says something else on the whole."
    assert shift.interval is not None
    half = (shift.interval[1] - shift.interval[0]) / 2
    further = count_further_rows(rows, half=half, distance=abs(most - abs(shift.difference)))
    return f"Can't tell yet whether it is more than {limit}, and {explain_further_rows(further)}."
