"""Judging a pinned case by what both models answer, and saying in words what was expected and what came."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from greenroom_pipeline.cases import CaseResult, Expectation, PinnedCase
from greenroom_pipeline.wording import MINUS, plain
from greenroom_pipeline.words import Words

Outcome = Literal["met", "broken", "not_tested"]
ROUNDING = 1e-6
"""What two machines may differ by in a probability, or in a number relative to its size."""
MOST_CHARACTERS = 300


@dataclass(frozen=True)
class Given:
    """What one model answered to the case's row, or why it did not."""

    prediction: object = None
    probabilities: Mapping[str, float | None] | None = None
    error: str = ""

    def name(self) -> str | None:
        """Return the answer as the name of a class; None where it is no answer."""
        if self.error or self.prediction is None:
            return None
        if not isinstance(self.prediction, float):
            return str(self.prediction)
        if not math.isfinite(self.prediction):
            return None
        # JSON's writers differ in how they write a class that is a whole number.
        return f"{self.prediction:.0f}" if self.prediction.is_integer() else str(self.prediction)

    def number(self) -> float | None:
        """Return the answer as a finite number; None where it is none."""
        return None if self.error else _finite(self.prediction)

    def probability(self, label: str) -> float | None:
        found = None if self.error else _finite((self.probabilities or {}).get(label))
        return found if found is not None and 0 <= found <= 1 + ROUNDING else None


def judge_case(
    case: PinnedCase, candidate: Given, champion: Given | None, *, words: Words | None = None
) -> CaseResult:
    """Return what became of the case; *champion* is None where there is none, or it was not asked.

    An answer that is missing, no number or not finite meets nothing.
    """
    names = words or Words()
    return CaseResult(
        name=case.name,
        row=case.row,
        expected=tell_expectation(case.expect, names),
        outcome=judge(case.expect, candidate, champion),
        answered=tell_answer(case.expect, candidate, names),
        champion=None if champion is None else tell_answer(case.expect, champion, names),
        reason=case.reason,
        by=case.by,
    )


def leave_untested(case: PinnedCase, why: str, *, words: Words | None = None) -> CaseResult:
    """Return the result of a case that the candidate was not asked, because of *why*."""
    return CaseResult(
        name=case.name,
        row=case.row,
        expected=tell_expectation(case.expect, words or Words()),
        outcome="not_tested",
        answered=_cut(why),
        reason=case.reason,
        by=case.by,
    )


def judge(expect: Expectation, candidate: Given, champion: Given | None) -> Outcome:
    if candidate.error:
        return "broken"
    if expect.kind == "no_worse":
        return _judge_no_worse(expect, candidate, champion)
    return "met" if _is_met(expect, candidate) else "broken"


def _is_met(expect: Expectation, candidate: Given) -> bool:
    if expect.kind == "class":
        return candidate.name() == expect.label
    if expect.kind == "probability":
        assert expect.label is not None
        assert expect.at_least is not None
        found = candidate.probability(expect.label)
        return found is not None and found >= expect.at_least - ROUNDING
    number = candidate.number()
    return (
        number is not None
        and (expect.low is None or number >= expect.low)
        and (expect.high is None or number <= expect.high)
    )


def _judge_no_worse(expect: Expectation, candidate: Given, champion: Given | None) -> Outcome:
    """Without the champion's answer there is nothing to be worse than."""
    if not _has_answered(expect, candidate):
        return "broken"
    if champion is None or not _has_answered(expect, champion):
        return "not_tested"
    close = _is_as_close if expect.value is not None else _is_as_sure
    return "met" if close(expect, candidate, champion) else "broken"


def _has_answered(expect: Expectation, given: Given) -> bool:
    return (given.name() if expect.value is None else given.number()) is not None


def _is_as_close(expect: Expectation, candidate: Given, champion: Given) -> bool:
    ours, theirs, value = candidate.number(), champion.number(), expect.value
    assert ours is not None
    assert theirs is not None
    assert value is not None
    slack = ROUNDING * max(abs(value), abs(theirs))
    return abs(ours - value) <= abs(theirs - value) + slack


def _is_as_sure(expect: Expectation, candidate: Given, champion: Given) -> bool:
    """Compare probabilities; where the champion gives none there is only right and wrong."""
    assert expect.label is not None
    ours, theirs = candidate.probability(expect.label), champion.probability(expect.label)
    if theirs is None:
        return candidate.name() == expect.label or champion.name() != expect.label
    return ours is not None and ours >= theirs - ROUNDING


def tell_expectation(expect: Expectation, words: Words | None = None) -> str:
    """Say what is expected, such as `answers late` or `between 3 and 5`."""
    label = _name(expect.label or "", words or Words())
    match expect.kind:
        case "class":
            return f"answers {label}"
        case "probability":
            assert expect.at_least is not None
            return f"probability of {label} at least {_percent(expect.at_least)}"
        case "range":
            return _tell_range(expect.low, expect.high)
        case "no_worse" if expect.value is not None:
            return f"no farther from {_figure(expect.value)} than production"
        case _:
            return f"no worse than production on {label}"


def _tell_range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"between {_figure(low)} and {_figure(high)}"
    return f"at least {_figure(low)}" if low is not None else f"at most {_figure(high or 0.0)}"


def tell_answer(expect: Expectation, given: Given, words: Words | None = None) -> str:
    """Say what a model answered, as far as the expectation is about it."""
    names = words or Words()
    if given.error:
        return _cut(given.error)
    number = given.number()
    if expect.label is None:
        return _figure(number) if number is not None else f"{_cut(str(given.prediction))}, which is no number"
    answered = _name(given.name() or "nothing", names)
    if expect.kind == "class":
        return answered
    probability = given.probability(expect.label)
    if probability is None:
        return f"{answered}, without a probability of {_name(expect.label, names)}"
    return f"{answered}, probability of {_name(expect.label, names)} {_percent(probability)}"


def _name(label: str, words: Words) -> str:
    return _cut(words.classes.get(label, label))


def _percent(share: float) -> str:
    """Return a share with as many digits as tell it from a limit that is not far from it."""
    return f"{100 * share:.5g} %"


def _figure(number: float) -> str:
    return f"{number:,.6g}".replace("-", MINUS) if abs(number) < 1e15 else f"{number:.6g}"


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _cut(text: str) -> str:
    line = " ".join(plain(text).split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"
