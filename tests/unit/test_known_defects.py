"""What other gates are known to get wrong, each held here for ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom_pipeline.answers import observe_answers
from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.registry import PREDICTION_CHECKS
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.evaluation import evaluate
from greenroom_pipeline.gate import decide, run_gate
from greenroom_pipeline.metrics.comparison import adjust_benjamini_hochberg, adjust_holm
from greenroom_pipeline.predictions import Predictions, as_labels
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import CalibrationRule, FlipRule, GateRule, GateTable, ShiftRule

ROWS = 2000
ALL_RULES = GateTable(
    check=[GateRule(metric="roc_auc", min=0.1, max_loss=0.5, max_loss_slices=0.5, max_gain=0.9)],
    flips=FlipRule(max_broken=1),
    shift=ShiftRule(max_shift=1),
    calibration=CalibrationRule(max_error=1),
)
Numbers = NDArray[np.float64]


def classify(scores: Numbers) -> Predictions:
    return Predictions(as_labels(scores > 0.5), np.column_stack([1 - scores, scores]), ("0", "1"))


def draw(seed: int, *, rows: int = ROWS, noise: float = 0.3) -> tuple[NDArray[Any], Numbers, Numbers]:
    """Return the truth, and two models of one quality."""
    random = np.random.default_rng(seed)
    target = random.integers(0, 2, rows)
    first, second = (np.clip(0.2 * target + 0.4 + random.normal(0, noise, rows), 0.01, 0.99) for _ in "ab")
    return target, first, second


def judge(
    gate: GateTable, target: NDArray[Any], candidate: Numbers, champion: Numbers | None
) -> list[CheckResult]:
    models: dict[str, Any] = {
        "task": "binary",
        "target": target,
        "candidate": classify(candidate),
        "champion": None if champion is None else classify(champion),
    }
    evaluation = evaluate(metrics=[rule.metric for rule in gate.check], **models)
    return run_gate(gate, Case(evaluation, observe_answers(**models)), PREDICTION_CHECKS)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["candidate", "champion"])
def test_a_score_that_is_no_number_never_passes(wrong: float, side: str) -> None:
    """NaN compares as false, so elsewhere a candidate or a champion of NaN has passed; here neither is judged."""
    target, candidate, champion = draw(1)
    (candidate if side == "candidate" else champion)[7] = wrong

    with pytest.raises(GreenroomError, match=f"the {side} gives NaN or infinite probabilities in 1 row"):
        judge(ALL_RULES, target, candidate, champion)


def test_an_undefined_metric_fails_closed() -> None:
    """A metric without a value on these rows fails its rules, for either model."""
    gate = GateTable(check=[GateRule(metric="precision", min=0.0, max_loss=1.0)])
    target, candidate, _ = draw(1)
    never = np.full(ROWS, 0.1)

    for ours, theirs in ((never, candidate), (candidate, never)):
        outcomes = {check.code: check.outcome for check in judge(gate, target, ours, theirs)}
        assert outcomes["GR102"] == "failed"


def test_a_tolerated_loss_can_be_expressed() -> None:
    """A known small loss passes where it is tolerated, in one line of settings, and fails where it is not."""
    target, champion, _ = draw(2, rows=100_000)
    candidate = np.where(np.arange(100_000) % 100 == 0, 1 - champion, champion)
    tolerant, strict = (
        judge(GateTable(check=[GateRule(metric="accuracy", max_loss=loss)]), target, candidate, champion)
        for loss in (0.02, 0.0)
    )

    assert tolerant[0].outcome == "passed"
    assert strict[0].outcome == "failed"


def test_an_equally_good_model_is_not_rejected() -> None:
    """With nothing tolerated an equal candidate fails in no more than 2.5 % of holdouts, not in half of them."""
    gate = GateTable(check=[GateRule(metric="roc_auc", max_loss=0)])
    failed = sum(judge(gate, *draw(seed, rows=500))[0].outcome == "failed" for seed in range(600))

    # Three standard errors of a share of 2.5 % in 600.
    assert failed / 600 <= 0.025 + 3 * (0.025 * 0.975 / 600) ** 0.5


def test_without_a_champion_the_rules_are_seen() -> None:
    """Rules about a change do not vanish: each is listed as not applicable, and absolute bounds still hold."""
    target, candidate, _ = draw(3)
    outcomes = {check.code: check.outcome for check in judge(ALL_RULES, target, candidate, None)}

    assert outcomes == {
        "GR101": "passed",
        **dict.fromkeys(["GR102", "GR103", "GR104", "GR105", "GR106"], "not_applicable"),
        "GR107": "passed",
    }


def test_a_large_improvement_does_not_fail() -> None:
    """A two-sided test would fail it; only a limit that someone has set does."""
    target, _, champion = draw(4)
    candidate = np.clip(champion * 0.2 + 0.75 * target, 0.01, 0.99)
    gate = GateTable(check=[GateRule(metric="roc_auc", max_loss=0, max_loss_slices=0)])

    assert decide(judge(gate, target, candidate, champion)) == "pass"
    assert (
        decide(
            judge(
                ALL_RULES.model_copy(update={"check": [GateRule(metric="roc_auc", max_gain=0.1)]}),
                target,
                candidate,
                champion,
            )
        )
        == "fail"
    )


def test_ten_rows_raise_no_alarm() -> None:
    """Two models of one quality on ten rows: elsewhere three in four such pairs alarm, here none decides."""
    gate = GateTable(flips=FlipRule(max_broken=0.1), shift=ShiftRule(max_shift=0.05))
    found = []
    for seed in range(100):
        target, candidate, champion = draw(seed, rows=10)
        if len(set(target)) == 2:
            found += [check.outcome for check in judge(gate, target, candidate, champion)]

    assert set(found) == {"inconclusive"}


def test_corrections_for_many_tests_are_right() -> None:
    """Ranks are ranks: of 15 published p-values Benjamini–Hochberg rejects four and Holm three, in any order."""
    p_values = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
        *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1),
    ]
    order = np.random.default_rng(0).permutation(15)
    shuffled = [p_values[place] for place in order]

    assert (adjust_benjamini_hochberg(shuffled) <= 0.05).sum() == 4
    assert (adjust_holm(shuffled) <= 0.05).sum() == 3
    five = adjust_benjamini_hochberg([0.04, 0.01, 0.02, 0.5, 0.9])
    assert (five <= 0.05).tolist() == [False, True, True, False, False]


def test_the_same_rows_never_give_another_verdict() -> None:
    """The gate draws no lots of its own: the same evidence gives the same document, to the last digit."""
    gate = GateTable(
        check=[GateRule(metric="average_precision", max_loss=0.01)],
        calibration=CalibrationRule(max_error=0.1),
    )
    case = draw(5)

    assert judge(gate, *case) == judge(gate, *case)
