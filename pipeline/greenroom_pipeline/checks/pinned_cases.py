"""GR203: every pinned case is answered as its expectation says."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.cases import CaseResult, Pins
from greenroom_pipeline.checks.check import Case, conclude
from greenroom_pipeline.report import CheckResult, Outcome
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.wording import count, join_names


class PinnedCases:
    """Passes when no case broke and all were asked; says nothing where none is pinned and none was taken away."""

    code = "GR203"
    title = "Pinned cases hold"

    def run(self, gate: GateTable, case: Case) -> list[CheckResult]:
        taken = tell_pins(case.pins)
        if not case.pinned:
            return [conclude(self, "not_applicable", f"No case is pinned here. {taken}")] if taken else []
        outcome, reason = _judge(gate, case)
        return [conclude(self, outcome, f"{reason} {taken}".strip())]


def _judge(gate: GateTable, case: Case) -> tuple[Outcome, str]:
    broken = [each for each in case.pinned if each.outcome == "broken"]
    untested = [each for each in case.pinned if each.outcome == "not_tested"]
    if broken:
        reason = _tell_broken(broken, of=len(case.pinned))
        return ("failed", reason) if gate.cases.on_broken == "fail" else ("inconclusive", reason)
    if untested:
        return _judge_untested(case, untested)
    many = len(case.pinned)
    return "passed", "The pinned case holds." if many == 1 else f"All {many:,} pinned cases hold."


def _judge_untested(case: Case, untested: Sequence[CaseResult]) -> tuple[Outcome, str]:
    preview, all_of_them = case.preview, len(untested) == len(case.pinned)
    many = f"{len(untested):,} of {count(len(case.pinned), 'pinned case')}"
    if preview is not None and preview.state == "failed":
        return "not_tested", "The pinned cases were not asked: the candidate's preview did not come up."
    if preview is not None and preview.state == "stopped" and all_of_them:
        return "inconclusive", f"Can't tell: {many} were not asked, since no preview was started; run again."
    if case.evaluation.has_champion:
        return "inconclusive", (
            f"Can't tell: {many} could not be held against production, which gave no answer to “{untested[0].name}”;"
            " see its log, and run again."
        )
    waiting = f"without a champion, {many} cannot be judged yet"
    if all_of_them:
        return "not_applicable", f"{waiting[:1].upper()}{waiting[1:]}."
    return "passed", f"No pinned case broke; {waiting}."


def _tell_broken(broken: Sequence[CaseResult], *, of: int) -> str:
    first = broken[0]
    which = "The only pinned case" if of == 1 else f"{len(broken):,} of {of:,} pinned cases"
    verb = "breaks" if len(broken) == 1 else "break"
    name = f"“{first.name}”" if len(broken) == 1 else f"the first is “{first.name}”"
    return f"{which} {verb}, {name}: expected {first.expected}, answered {first.answered.removesuffix('.')}."


def tell_pins(pins: Pins | None) -> str:
    """Say which of the base branch's cases are gone or are others here; nothing where all are as they were."""
    if pins is None:
        return ""
    said = []
    if pins.taken:
        said.append(f"takes {count(len(pins.taken), 'pinned case')} away ({_name(pins.taken)})")
    if pins.changed:
        said.append(f"changes {count(len(pins.changed), 'pinned case')} ({_name(pins.changed)})")
    return f"This pull request {' and '.join(said)}." if said else ""


def _name(names: Sequence[str]) -> str:
    return join_names([f"“{name}”" for name in names], most=5)
