"""GR203: pinned cases hold."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom_pipeline.cases import CaseResult, Pins
from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.pinned_cases import PinnedCases
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.gate import apply_overrides, decide, run_gate
from greenroom_pipeline.report import CheckResult, Override, Preview
from greenroom_pipeline.settings import CasesRule, GateTable
from tests.pinned import result

MET, BROKEN, UNTESTED = result("met", "met"), result("broken"), result("open", "not_tested")
AWAKE = Preview(slot="1", bento="a:1", state="awake")


def judge(
    *pinned: CaseResult,
    champion: bool = True,
    state: str = "awake",
    pins: Pins | None = None,
    gate: GateTable | None = None,
) -> list[CheckResult]:
    preview = Preview.model_validate(AWAKE.model_dump() | {"state": state})
    case = Case(Evaluation("binary", champion, ()), preview=preview, pinned=pinned, pins=pins)
    return run_gate(gate or GateTable(), case, [PinnedCases()])


def test_without_cases_it_says_nothing() -> None:
    """Nothing pinned, and nothing taken away: the check is absent."""
    assert judge() == []
    assert judge(pins=Pins(taken=[])) == []


@pytest.mark.parametrize(
    ("cases", "others", "outcome", "reason"),
    [
        ([MET], {}, "passed", "The pinned case holds."),
        ([MET] * 3, {}, "passed", "All 3 pinned cases hold."),
        (
            [BROKEN],
            {},
            "failed",
            "The only pinned case breaks, “broken”: expected answers late, answered on time.",
        ),
        (
            [BROKEN, BROKEN, MET],
            {},
            "failed",
            "2 of 3 pinned cases break, the first is “broken”: expected answers late, answered on time.",
        ),
        (
            [UNTESTED, MET],
            {},
            "inconclusive",
            "Can't tell: 1 of 2 pinned cases could not be held against production",
        ),
        ([BROKEN, UNTESTED], {}, "failed", "1 of 2 pinned cases breaks"),
        (
            [UNTESTED],
            {"champion": False},
            "not_applicable",
            "Without a champion, 1 of 1 pinned case cannot be judged",
        ),
        ([UNTESTED, MET], {"champion": False}, "passed", "No pinned case broke; without a champion, 1 of 2"),
        ([UNTESTED], {"state": "failed"}, "not_tested", "the candidate's preview did not come up"),
        ([UNTESTED], {"state": "stopped", "champion": False}, "inconclusive", "since no preview was started"),
    ],
)
def test_outcomes(cases: list[CaseResult], others: dict[str, Any], outcome: str, reason: str) -> None:
    """A broken case fails; one that was not judged lets nobody through, unless no champion could judge it."""
    (found,) = judge(*cases, **others)

    assert found.outcome == outcome
    assert reason in found.reason


def test_a_broken_case_may_leave_it_open() -> None:
    """By on_broken = "warn" people decide: the verdict is open."""
    found = judge(BROKEN, gate=GateTable(cases=CasesRule(on_broken="warn")))

    assert decide(found) == "inconclusive"
    assert decide(judge(BROKEN)) == "fail"


def test_it_is_overridden_and_switched_off_like_others() -> None:
    """A word counts for this commit, and [gate.off] for all."""
    word = Override(reason="the case was wrong", by="Grace", at="2026-01-01T00:00:00+00:00")
    (off,) = judge(BROKEN, gate=GateTable(off={"GR203": "not yet"}))

    assert decide(apply_overrides(judge(BROKEN), {"GR203": word})) == "pass"
    assert (off.outcome, off.reason) == ("not_applicable", "Switched off in greenroom.toml: not yet")


def test_cases_that_are_taken_away_are_named() -> None:
    """Whatever the outcome, also where none is left."""
    pins = Pins(taken=["old", "odd"], changed=["weaker"])
    (passed,), (left,) = judge(MET, pins=pins), judge(pins=pins)
    says = (
        "This pull request takes 2 pinned cases away (“old” and “odd”) and changes 1 pinned case (“weaker”)."
    )

    assert passed.reason == f"The pinned case holds. {says}"
    assert (left.outcome, left.reason) == ("not_applicable", f"No case is pinned here. {says}")
