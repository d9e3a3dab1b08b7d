"""GR104: a gain that is too good to be true."""

from __future__ import annotations

import pytest

from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.suspicious_gain import SuspiciousGain
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.settings import GateRule, GateTable
from tests.findings import judge, measured

RULE = GateRule(metric="roc_auc", max_gain=0.05)


@pytest.mark.parametrize(
    ("difference", "half", "outcome"),
    [
        pytest.param(-0.2, 0.01, "passed", id="a-loss-is-not-suspicious"),
        pytest.param(0.04, 0.03, "passed", id="believable"),
        pytest.param(0.06, 0.03, "inconclusive", id="perhaps"),
        pytest.param(0.2, 0.03, "failed", id="too-good"),
    ],
)
def test_a_shown_gain_beyond_the_limit_fails(difference: float, half: float, outcome: str) -> None:
    """Only a gain that the interval shows fails, and the sentence says where to look."""
    result = judge(SuspiciousGain(), RULE, measured(difference, half))

    assert result.outcome == outcome
    assert ("look for the target" in result.reason) == (outcome == "failed")


def test_a_gain_of_a_loss_metric_is_a_fall() -> None:
    """Where less is better, a great fall is what is too good."""
    rule = GateRule(metric="log_loss", max_gain=0.05)

    found = [judge(SuspiciousGain(), rule, measured(gain, metric="log_loss")) for gain in (-0.2, 0.2)]

    assert [each.outcome for each in found] == ["failed", "passed"]


def test_what_is_undefined_fails_closed() -> None:
    """A metric without a value never passes."""
    result = judge(SuspiciousGain(), RULE, measured(None, reason="why"))

    assert result.outcome == "failed"


def test_without_the_rule_nothing_is_listed() -> None:
    """A project that has not asked for the check does not see it."""
    evaluation = Evaluation("binary", has_champion=True, findings=(measured(0.4),))
    gate = GateTable(check=[GateRule(metric="roc_auc", min=0.5)])

    assert SuspiciousGain().run(gate, Case(evaluation)) == []
