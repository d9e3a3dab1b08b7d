"""The gate: from settings and an evaluation to checks and a verdict."""

from __future__ import annotations

import numpy as np
import pytest

from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.registry import PREDICTION_CHECKS
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.gate import apply_overrides, choose_metrics, decide, require_known_checks, run_gate
from greenroom_pipeline.metrics.registry import find_metric
from greenroom_pipeline.predictions import Predictions, as_labels
from greenroom_pipeline.report import CheckResult, Outcome, Override, Verdict
from greenroom_pipeline.settings import GateRule, GateTable
from greenroom_pipeline.slices import SliceColumn

ROWS = 4000
GATE = GateTable(
    check=[
        GateRule(metric="roc_auc", min=0.6, max_loss=0.005, max_loss_slices=0.02),
        GateRule(metric="log_loss", max_loss=0.01),
    ]
)


def answer(late: np.ndarray, rng: np.random.Generator, *, noise: np.ndarray) -> Predictions:
    scores = 1 / (1 + np.exp(-(2.0 * late - 1 + rng.normal(size=late.size) * noise)))
    return Predictions(as_labels(scores > 0.5), np.column_stack([1 - scores, scores]), ("0", "1"))


def evaluate_story(*, noise: float, noise_for_last: float | None = None) -> Evaluation:
    """A champion of noise 1.5 against a candidate of *noise*, with four equal slices."""
    rng = np.random.default_rng(17)
    late = rng.integers(0, 2, ROWS)
    carrier = np.arange(ROWS) % 4
    levels = np.where(carrier == 3, noise if noise_for_last is None else noise_for_last, noise)
    return evaluate(
        task="binary",
        target=late,
        champion=answer(late, rng, noise=np.full(ROWS, 1.5)),
        candidate=answer(late, rng, noise=levels),
        metrics=choose_metrics(GATE, task="binary"),
        slices=[SliceColumn("carrier", carrier.astype(np.int16), ("AA", "B6", "DL", "HA"))],
    )


def test_better_candidate_passes() -> None:
    """Better everywhere: every check passes."""
    checks = run_gate(GATE, Case(evaluate_story(noise=1.1)), PREDICTION_CHECKS)

    assert [check.outcome for check in checks] == ["passed"] * 4
    assert [check.code for check in checks] == ["GR101", "GR102", "GR102", "GR103"]
    assert decide(checks) == "pass"


def test_better_overall_and_worse_for_one_slice_fails() -> None:
    """A gain overall does not buy a loss on one declared slice."""
    checks = run_gate(GATE, Case(evaluate_story(noise=0.8, noise_for_last=2.6)), PREDICTION_CHECKS)

    assert [check.code for check in checks if check.outcome == "failed"] == ["GR103"]
    assert checks[-1].reason.startswith("Worse for carrier HA: ROC AUC falls from ")
    assert decide(checks) == "fail"


def test_worse_candidate_fails() -> None:
    """Clearly worse fails overall."""
    checks = run_gate(GATE, Case(evaluate_story(noise=2.2)), PREDICTION_CHECKS)

    assert "GR102" in [check.code for check in checks if check.outcome == "failed"]


def test_noise_is_not_a_failure() -> None:
    """A candidate of the same quality neither fails nor is called better."""
    assert decide(run_gate(GATE, Case(evaluate_story(noise=1.5)), PREDICTION_CHECKS)) in (
        "pass",
        "inconclusive",
    )


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([], "pass"),
        (["passed", "not_tested", "not_applicable"], "pass"),
        (["not_tested", "not_applicable"], "inconclusive"),
        (["passed", "inconclusive"], "inconclusive"),
        (["inconclusive", "failed", "passed"], "fail"),
    ],
)
def test_verdict_follows_from_outcomes(outcomes: list[Outcome], verdict: Verdict) -> None:
    """One failure fails, one doubt leaves it open, and what does not apply decides nothing."""
    checks = [CheckResult(code="GR101", title="t", outcome=outcome, reason="r") for outcome in outcomes]

    assert decide(checks) == verdict


def test_metrics_of_the_rules_come_first() -> None:
    """What the gate asks for leads the report, followed by the task's other metrics."""
    gate = GateTable(check=[GateRule(metric="f1", min=0.1), GateRule(metric="roc_auc", min=0.1)])

    assert [metric.name for metric in choose_metrics(gate, task="binary")] == [
        "f1",
        "roc_auc",
        "log_loss",
        "brier",
        "accuracy",
    ]


def test_rule_of_an_unknown_metric_is_refused() -> None:
    """A rule that could never be judged is an error of the settings, before and after evaluating."""
    gate = GateTable(check=[GateRule(metric="rmse", min=0.1)])

    with pytest.raises(SettingsError, match="'rmse' does not fit a binary task"):
        choose_metrics(gate, task="binary")
    with pytest.raises(SettingsError, match="'rmse' does not fit a binary task"):
        find_metric("rmse", task="binary")


def test_a_check_that_is_switched_off_says_why() -> None:
    """Its outcome is not applicable, with the reason that the settings give, and it cannot fail any more."""
    gate = GATE.model_copy(update={"off": {"GR102": "we know that this one is worse"}})
    checks = run_gate(gate, Case(evaluate_story(noise=2.2)), PREDICTION_CHECKS)
    off = [check for check in checks if check.code == "GR102"]

    assert [(check.outcome, check.reason) for check in off] == [
        ("not_applicable", "Switched off in greenroom.toml: we know that this one is worse")
    ]


def test_switching_off_an_unknown_check_is_refused() -> None:
    """A misspelt code would silently leave the check on."""
    with pytest.raises(SettingsError, match="no check 'GR1O2'; did you mean 'GR102'"):
        require_known_checks(GateTable(off={"GR1O2": "typo"}))


def test_an_override_keeps_the_outcome_and_does_not_count() -> None:
    """What was found stays as it is; only what failed or is open can be overridden, by code."""
    word = Override(reason="hotfix", by="Ana", at="2026-11-24T12:00:00+00:00")
    checks = [
        CheckResult(code=code, title="t", outcome=outcome, reason="r")
        for code, outcome in (("GR101", "passed"), ("GR102", "failed"), ("GR103", "inconclusive"))
    ]
    changed = apply_overrides(checks, {"GR101": word, "GR102": word})

    assert [check.outcome for check in changed] == ["passed", "failed", "inconclusive"]
    assert [check.override for check in changed] == [None, word, None]
    assert decide(changed) == "inconclusive"
