"""GR202: how long an answer takes, against the champion."""

from __future__ import annotations

import pytest

from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.serving_latency import ServingLatency
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.observations import Latency, Observations
from greenroom_pipeline.report import CheckResult, Preview
from greenroom_pipeline.settings import GateTable, LatencyRule

AWAKE = Preview(slot="7", bento="flights:1", state="awake")


def measured(low: float, ratio: float, high: float) -> Latency:
    return Latency(candidate=0.004 * ratio, champion=0.004, ratio=ratio, interval=(low, high), calls=200)


def judge(
    latency: Latency | None,
    *,
    max_ratio: float = 1.2,
    preview: Preview | None = AWAKE,
    has_champion: bool = True,
) -> CheckResult:
    case = Case(Evaluation("binary", has_champion, ()), Observations(latency=latency), preview)
    (result,) = ServingLatency().run(GateTable(latency=LatencyRule(max_ratio=max_ratio)), case)
    return result


def test_without_a_rule_no_check_is_listed() -> None:
    """Latency is measured only where it is asked for."""
    assert ServingLatency().run(GateTable(), Case(Evaluation("binary", True, ()), preview=AWAKE)) == []


@pytest.mark.parametrize(
    ("latency", "outcome", "reason"),
    [
        pytest.param(
            measured(0.99, 1.03, 1.2),
            "passed",
            "An answer takes 4.120 ms, the champion's 4.000 ms: 1.030 times as long (0.990 to 1.200). "
            "More than 1.2 times as long is ruled out.",
            id="surely within",
        ),
        pytest.param(
            measured(1.21, 1.3, 1.4),
            "failed",
            "An answer takes 5.200 ms, the champion's 4.000 ms: 1.300 times as long (1.210 to 1.400), "
            "and at most 1.2 times are tolerated.",
            id="surely beyond",
        ),
        pytest.param(
            measured(1.1, 1.19, 1.3),
            "inconclusive",
            "Can't tell: an answer takes 4.760 ms, the champion's 4.000 ms: 1.190 times as long (1.100 to 1.300), "
            "and 1.2 times are tolerated; measure longer with more gate.latency.calls, or tolerate a larger ratio.",
            id="across",
        ),
    ],
)
def test_the_interval_decides(latency: Latency, outcome: str, reason: str) -> None:
    """Within, beyond or across the limit: the whole interval counts, and the sentence shows it."""
    result = judge(latency)

    assert (result.outcome, result.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("latency", "preview", "has_champion", "outcome", "said"),
    [
        (None, AWAKE, False, "not_applicable", "There is no champion yet"),
        (None, None, True, "failed", "preview did not come up"),
        (None, AWAKE.model_copy(update={"state": "failed"}), True, "failed", "preview did not come up"),
        (None, AWAKE, True, "inconclusive", "did not both answer"),
    ],
)
def test_what_was_not_measured_does_not_pass(
    latency: None, preview: Preview | None, has_champion: bool, outcome: str, said: str
) -> None:
    """No champion, no preview and no times are told apart."""
    result = judge(latency, preview=preview, has_champion=has_champion)

    assert result.outcome == outcome
    assert said in result.reason
