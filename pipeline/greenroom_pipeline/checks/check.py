"""What a check is, and the sentences that all checks share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from greenroom_pipeline.evaluation import Evaluation, Finding
from greenroom_pipeline.observations import Observations
from greenroom_pipeline.report import CheckResult, MetricResult, Outcome, Preview
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.wording import choose_decimals, count, round_up, write_change, write_figure
from greenroom_pipeline.words import Words, call_slice, call_slice_rows


@dataclass(frozen=True)
class Case:
    """All that the checks look at."""

    evaluation: Evaluation
    observed: Observations = field(default_factory=Observations)
    preview: Preview | None = None
    own: frozenset[str] = frozenset()
    """The project's own metrics, which are measured of the candidate and the champion alone."""
    foreign: str = ""
    """Why a fork's evidence is not comparable here, as a clause; empty for everything else."""
    words: Words = field(default_factory=Words)


class Check(Protocol):
    """One kind of rule; `docs/checks.md` describes each under its code."""

    code: str
    title: str

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        """Return an outcome for each rule of the gate that asks for this check."""
        ...


def anchor(check: Check) -> str:
    """Return where the docs describe the check, as GitHub links headings."""
    return f"checks.md#{check.code.lower()}-{check.title.lower().replace(' ', '-')}"


def conclude(check: Check, outcome: Outcome, reason: str) -> CheckResult:
    return CheckResult(code=check.code, title=check.title, outcome=outcome, reason=reason)


def conclude_rule(check: Check, rule: GateRule, case: Case, outcome: Outcome, reason: str) -> CheckResult:
    """Return the outcome of a rule about one metric."""
    title = f"{check.title}: {case.evaluation.name_metric(rule.metric)}"
    return CheckResult(code=check.code, title=title, outcome=outcome, reason=reason, metric=rule.metric)


def explain_untestable(finding: Finding | None, *, title: str) -> str:
    """Say why a rule about the whole holdout cannot be judged."""
    reason = "it was not evaluated" if finding is None else finding.reason
    return f"{title} cannot be judged: {reason}."


def name_slice(result: MetricResult, words: Words) -> str:
    """Return the slice in words, for a table or a list."""
    assert result.slice is not None
    return call_slice(words, result.slice.column, result.slice.value)


def name_rows(result: MetricResult, words: Words) -> str:
    """Return the slice's rows in words, for a sentence: the slice alone where rows have no name."""
    assert result.slice is not None
    return call_slice_rows(words, result.slice.column, result.slice.value)


def turn(result: MetricResult) -> tuple[float, float, float]:
    """Return the difference and its interval's ends, turned so that more is better."""
    assert result.difference is not None
    assert result.interval is not None
    low, high = result.interval
    return (result.difference, low, high) if result.higher_is_better else (-result.difference, -high, -low)


def is_within(result: MetricResult, *, tolerance: float) -> bool:
    """Whether a loss beyond *tolerance* is ruled out."""
    _, low, high = turn(result)
    return low > -tolerance or low == high >= -tolerance


def one_sided_harm(result: MetricResult) -> float:
    """Return the one-sided p of no harm: the lower, the less favourable."""
    assert result.p_value is not None
    return result.p_value / 2 if turn(result)[0] < 0 else 1 - result.p_value / 2


def judge_most(interval: tuple[float, float], *, most: float) -> Outcome:
    """Return what an interval says of a value that may be *most* at most."""
    low, high = interval
    if high <= most:
        return "passed"
    return "failed" if low > most else "inconclusive"


def count_further_rows(rows: int, *, half: float, distance: float) -> int | None:
    """Return how many more rows would settle it, if the value stays as it is; None when no number would do.

    An interval's half-width *half* shrinks with √n; it is settled when that is less than the *distance* from
    the value to the limit.
    """
    if distance <= 0:
        return None
    needed = rows * (half / distance) ** 2
    # One more, since the interval must end beyond the limit and not on it.
    return round_up(max(needed - rows, 0) + 1)


def name_further_rows(result: MetricResult) -> str:
    """Return which rows would settle it: by group, more rows of the same groups would tell little."""
    return " of new groups" if result.method.endswith("by group") else ""


def explain_further_rows(rows: int | None, *, which: str = "") -> str:
    """Say what would settle an inconclusive check, as a clause."""
    if rows is None:
        return "no number of further labelled rows would settle it while the difference stays as it is"
    return f"about {count(rows, 'more labelled row')}{which} would settle it if the difference stays as it is"


def is_worse(result: MetricResult) -> bool:
    """Whether the interval leaves no room for being as good as the champion."""
    return turn(result)[2] < 0


def describe_move(result: MetricResult) -> str:
    """Say how the metric moves from champion to candidate, such as
    `ROC AUC rises from 0.703 to 0.731 (+0.028 ± 0.004)`.
    """
    assert result.candidate is not None
    assert result.champion is not None
    assert result.difference is not None
    assert result.interval is not None
    title = result.title
    half = (result.interval[1] - result.interval[0]) / 2
    decimals = min(choose_decimals(result.candidate, result.champion, half), 6)
    before = write_figure(result.champion, decimals=decimals)
    if result.difference == 0 and half == 0:
        return f"{title} is {before} with either model, row for row"
    change = write_change(result.difference, result.interval, decimals=decimals)
    if result.difference == 0:
        return f"{title} stays at {before} ({change})"
    verb = "rises" if result.difference > 0 else "falls"
    after = write_figure(result.candidate, decimals=decimals)
    return f"{title} {verb} from {before} to {after} ({change})"
