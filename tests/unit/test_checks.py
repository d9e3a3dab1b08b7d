"""The checks: each outcome with its sentence, and how often they are wrong."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from greenroom_pipeline.checks.absolute_bound import AbsoluteBound
from greenroom_pipeline.checks.check import Case, anchor
from greenroom_pipeline.checks.overall_loss import OverallLoss, count_missing_rows
from greenroom_pipeline.checks.registry import ALL_CHECKS, PREDICTION_CHECKS
from greenroom_pipeline.checks.slice_loss import SliceLoss
from greenroom_pipeline.evaluation import Evaluation, Finding, evaluate
from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.predictions import Predictions
from greenroom_pipeline.settings import GateRule, GateTable
from tests.findings import judge, measured

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("rule", "outcome", "reason"),
    [
        (GateRule(metric="roc_auc", min=0.65), "passed", "ROC AUC is 0.700; it must be at least 0.65."),
        (GateRule(metric="roc_auc", min=0.7), "passed", "ROC AUC is 0.700; it must be at least 0.7."),
        (GateRule(metric="roc_auc", min=0.72), "failed", "ROC AUC is 0.700, but must be at least 0.72."),
        (GateRule(metric="roc_auc", max=0.6), "failed", "ROC AUC is 0.700, but must be at most 0.6."),
        (
            GateRule(metric="roc_auc", min=0.70004),
            "failed",
            "ROC AUC is 0.70000, but must be at least 0.70004.",
        ),
    ],
)
def test_absolute_bound(rule: GateRule, outcome: str, reason: str) -> None:
    """The candidate's own value is held against each bound, and the sentence shows both."""
    result = judge(AbsoluteBound(), rule, measured(0.0))

    assert (result.outcome, result.reason) == (outcome, reason)


def test_absolute_bounds_apply_without_a_champion() -> None:
    """With no champion the bound still decides, and both bounds of a rule have an outcome."""
    evaluation = Evaluation("binary", has_champion=False, findings=(measured(0.0),))
    gate = GateTable(
        check=[GateRule(metric="roc_auc", min=0.6, max=0.65, max_loss=0.01, max_loss_slices=0.1)]
    )
    outcomes = [result.outcome for check in PREDICTION_CHECKS for result in check.run(gate, Case(evaluation))]

    assert outcomes == ["passed", "failed", "not_applicable", "not_applicable"]


@pytest.mark.parametrize(
    ("difference", "half", "tolerance", "outcome", "reason"),
    [
        pytest.param(
            0.028,
            0.004,
            0.005,
            "passed",
            "Better: ROC AUC rises from 0.700 to 0.728 (+0.028 ± 0.004).",
            id="better",
        ),
        pytest.param(
            -0.001,
            0.003,
            0.005,
            "passed",
            "ROC AUC falls from 0.700 to 0.699 (−0.001 ± 0.003). A loss of more than 0.005 is ruled out.",
            id="tolerated",
        ),
        pytest.param(
            -0.03,
            0.01,
            0.005,
            "failed",
            "Worse: ROC AUC falls from 0.700 to 0.670 (−0.030 ± 0.010). "
            "That is more than the tolerated 0.005.",
            id="worse",
        ),
        pytest.param(
            -0.004,
            0.003,
            0.005,
            "failed",
            "Worse: ROC AUC falls from 0.700 to 0.696 (−0.004 ± 0.003). "
            "A loss of more than the tolerated 0.005 cannot be ruled out.",
            id="worse-by-how-much",
        ),
        pytest.param(
            0.001,
            0.02,
            0.009,
            "inconclusive",
            "Can't tell yet: ROC AUC rises from 0.700 to 0.701 (+0.001 ± 0.020), and about 3,100 more "
            "labelled rows would settle it if the difference stays as it is.",
            id="open",
        ),
        pytest.param(
            0.0,
            0.0,
            0.0,
            "passed",
            "No change: ROC AUC is 0.700 with either model, row for row.",
            id="identical-without-tolerance",
        ),
        pytest.param(
            0.0,
            0.01,
            0.0,
            "inconclusive",
            "Can't tell yet: ROC AUC stays at 0.700 (0.000 ± 0.010), and no number of further "
            "labelled rows would settle it while the difference stays as it is.",
            id="never",
        ),
    ],
)
def test_overall_loss(difference: float, half: float, tolerance: float, outcome: str, reason: str) -> None:
    """The interval decides: above −m passes, below 0 fails, anything else says how many rows are missing."""
    rule = GateRule(metric="roc_auc", max_loss=tolerance)
    result = judge(OverallLoss(), rule, measured(difference, half))

    assert (result.outcome, result.reason) == (outcome, reason)


def test_overall_loss_of_a_metric_where_less_is_better() -> None:
    """Direction is turned: a log loss that falls is better."""
    rule = GateRule(metric="log_loss", max_loss=0.001)

    assert judge(OverallLoss(), rule, measured(-0.02, metric="log_loss")).outcome == "passed"
    assert judge(OverallLoss(), rule, measured(0.02, metric="log_loss")).outcome == "failed"


@pytest.mark.parametrize(("difference", "half"), [(0.001, 0.02), (-0.008, 0.01), (0.004, 0.0141)])
def test_missing_rows_settle_it(difference: float, half: float) -> None:
    """With the rows that the reason asks for, the same difference is settled."""
    more = count_missing_rows(measured(difference, half, rows=1000).result, tolerance=0.009)
    assert more is not None
    shrunk = half * (1000 / (1000 + more)) ** 0.5
    rule = GateRule(metric="roc_auc", max_loss=0.009)

    assert judge(OverallLoss(), rule, measured(difference, half)).outcome == "inconclusive"
    assert judge(OverallLoss(), rule, measured(difference, shrunk)).outcome in ("passed", "failed")


@pytest.mark.parametrize("check", [AbsoluteBound(), OverallLoss(), SliceLoss()])
def test_undefined_fails_closed(check: AbsoluteBound | OverallLoss | SliceLoss) -> None:
    """What has no value, or was not evaluated, never passes, and says why."""
    rule = {
        "GR101": GateRule(metric="roc_auc", min=0.1),
        "GR102": GateRule(metric="roc_auc", max_loss=0.1),
        "GR103": GateRule(metric="roc_auc", max_loss_slices=0.1),
    }[check.code]
    nothing = measured(None, reason="it is undefined for the candidate: there is no oracle")
    slice = measured(0.1, slice="AA")
    undefined, absent = (
        judge(check, rule, nothing, slice),
        judge(check, rule, measured(0.1, metric="f1"), slice),
    )

    assert (undefined.outcome, absent.outcome) == ("failed", "failed")
    assert undefined.reason.endswith("undefined for the candidate: there is no oracle.")
    assert absent.reason == "ROC AUC cannot be judged: it was not evaluated."


SLICE_RULE = GateRule(metric="roc_auc", max_loss_slices=0.02)


def test_harmed_slice_fails_and_is_named() -> None:
    """One slice that is surely worse fails the rule, however good the others are, and is named first."""
    slices = [measured(0.02, slice=name) for name in ("AA", "B6", "DL")]
    harmed = [measured(-0.06, 0.02, slice="HA"), measured(-0.08, 0.03, slice="OO")]
    result = judge(SliceLoss(), SLICE_RULE, measured(0.02), *slices, *harmed)

    assert result.outcome == "failed"
    assert result.reason == (
        "Worse for carrier HA: ROC AUC falls from 0.700 to 0.640 (−0.060 ± 0.020). "
        "That loss is more than the tolerated 0.02. Also worse: carrier OO (−0.080)."
    )


def test_harm_is_corrected_for_many_slices() -> None:
    """A loss at z = 2.5 fails alone, and is within chance among forty slices."""
    harmed = measured(-0.04, 0.04 / 2.5 * 1.96, slice="HA")
    calm = [measured(0.001, 0.01, slice=f"S{number}") for number in range(40)]

    assert judge(SliceLoss(), SLICE_RULE, measured(0.0), harmed).outcome == "failed"
    assert judge(SliceLoss(), SLICE_RULE, measured(0.0), harmed, *calm).outcome == "passed"


def test_correction_spans_all_rules() -> None:
    """Every rule on slices adds to the number of tests that harm is corrected for."""
    harmed = measured(-0.04, 0.04 / 2.3 * 1.96, slice="HA")
    others = [measured(0.001, 0.01, metric=name, slice="HA") for name in ("f1", "accuracy")]
    overall = [measured(0.0, metric=name) for name in ("roc_auc", "f1", "accuracy")]
    rules = [GateRule(metric=name, max_loss_slices=0.02) for name in ("roc_auc", "f1", "accuracy")]
    evaluation = Evaluation("binary", has_champion=True, findings=(*overall, harmed, *others))

    assert SliceLoss().run(GateTable(check=rules[:1]), Case(evaluation))[0].outcome == "failed"
    outcomes = [one.outcome for one in SliceLoss().run(GateTable(check=rules), Case(evaluation))]
    assert outcomes == ["inconclusive", "passed", "passed"]


def test_sure_but_tolerated_loss_on_a_slice_passes() -> None:
    """A slice that is surely worse, by surely less than is tolerated, passes."""
    assert (
        judge(SliceLoss(), SLICE_RULE, measured(0.0), measured(-0.01, 0.005, slice="AA")).outcome == "passed"
    )


def test_wide_slices_pass_and_are_named() -> None:
    """Slices too small to rule a loss out are listed; they alone do not hold a candidate back."""
    wide = measured(-0.01, 0.05, slice="HA")
    result = judge(SliceLoss(), SLICE_RULE, measured(0.0), measured(0.0, slice="AA"), wide)

    assert result.outcome == "passed"
    assert (
        "Too few rows to rule out a loss of more than 0.02: carrier HA; for carrier HA, about "
        in result.reason
    )


def test_nothing_but_wide_slices_is_inconclusive() -> None:
    """When no slice has rows enough to tell, passing would mean nothing."""
    wide = [measured(-0.01, 0.05, slice=name) for name in ("AA", "HA")]

    assert judge(SliceLoss(), SLICE_RULE, measured(0.0), *wide).outcome == "inconclusive"


def test_small_slices_are_not_tested() -> None:
    """Small slices are named with what they lack; when all are small the rule is not tested."""
    small = measured(-0.3, slice="HA", reason="it has 12 rows, fewer than 100")
    beside = judge(SliceLoss(), SLICE_RULE, measured(0.0), measured(0.0, slice="AA"), small)
    alone = judge(SliceLoss(), SLICE_RULE, measured(0.0), small)

    assert beside.outcome == "passed"
    assert beside.reason.endswith("Not tested: carrier HA; of carrier HA, it has 12 rows, fewer than 100.")
    assert alone.outcome == "not_tested"


def test_no_slices_declared_is_not_applicable() -> None:
    """A rule on slices without slices is shown as not applicable."""
    assert judge(SliceLoss(), SLICE_RULE, measured(0.0)).outcome == "not_applicable"


def test_pass_rate_at_the_tolerated_loss() -> None:
    """A candidate worse by exactly −m passes in at most 2.5 % of 2,000 holdouts, give or take chance."""
    rng = np.random.default_rng(41)
    gate = GateTable(check=[GateRule(metric="mae", max_loss=0.1)])
    passed = 0
    for _ in range(2000):
        errors = np.abs(rng.normal(3, 1, 200))
        drawn = evaluate(
            task="regression",
            target=np.zeros(200),
            candidate=Predictions(errors + 0.1 + rng.normal(0, 0.4, 200)),
            champion=Predictions(errors),
            metrics=["mae"],
        )
        passed += OverallLoss().run(gate, Case(drawn))[0].outcome == "passed"

    # Three standard errors of a share of 2.5 % over 2,000 draws.
    assert 0.010 <= passed / 2000 <= 0.025 + 0.0105


def test_good_model_is_rarely_blocked_by_twenty_slices() -> None:
    """A candidate as good as the champion on 20 slices fails in at most 2.5 % of holdouts."""
    rng = np.random.default_rng(43)
    gate = GateTable(check=[GateRule(metric="roc_auc", max_loss_slices=0.0)])
    failed = 0
    for _ in range(1000):
        slices = [
            measured(float(z) * 0.01, 0.0196, slice=str(place)) for place, z in enumerate(rng.normal(size=20))
        ]
        evaluation = Evaluation("binary", has_champion=True, findings=(measured(0.0), *slices))
        failed += SliceLoss().run(gate, Case(evaluation))[0].outcome == "failed"

    assert failed / 1000 <= 0.025 + 0.015


def test_every_check_is_documented() -> None:
    """Each code has its heading in docs/checks.md, in order, and no heading lacks its check."""
    headings = re.findall(
        r"^## (GR\d+): (.+)$", (DOCS / "checks.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )

    assert headings == sorted((check.code, check.title) for check in ALL_CHECKS)
    assert anchor(AbsoluteBound()) == "checks.md#gr101-absolute-bound"


def test_every_metric_is_documented() -> None:
    """Each metric has its heading and its line in docs/metrics.md, and no heading lacks its metric."""
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")

    assert re.findall(r"^## `(\w+)`: (.+)$", text, flags=re.MULTILINE) == [
        (metric.name, metric.title) for metric in METRICS.values()
    ]
    for metric in METRICS.values():
        assert metric.docs in text


def test_by_group_it_takes_new_groups() -> None:
    """More rows of the same days would tell little, so the sentence asks for others."""
    finding = measured(0.001, 0.02)
    grouped = finding.result.model_copy(update={"method": "DeLong, summed by group"})
    result = judge(OverallLoss(), GateRule(metric="roc_auc", max_loss=0.009), Finding(grouped))

    assert "about 3,100 more labelled rows of new groups would settle it" in result.reason
