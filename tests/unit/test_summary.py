"""The summary: one plain sentence for each way that a review can end."""

from __future__ import annotations

import pytest

from greenroom_pipeline.metrics.registry import METRICS
from greenroom_pipeline.report import CheckResult, MetricResult, Outcome, Override, Slice
from greenroom_pipeline.summary import summarize

OUTCOMES: tuple[Outcome, Outcome] = ("passed", "failed")


def measured(
    difference: float | None, half: float = 0.004, *, metric: str = "roc_auc", slice: Slice | None = None
) -> MetricResult:
    return MetricResult(
        metric=metric,
        title=METRICS[metric].title,
        slice=slice,
        candidate=0.703 + (difference or 0),
        champion=None if difference is None else 0.703,
        difference=difference,
        interval=None if difference is None else (difference - half, difference + half),
        confidence=0.95,
        p_value=None,
        rows=100,
        method="DeLong",
        higher_is_better=METRICS[metric].higher_is_better,
    )


def check(code: str, outcome: Outcome, reason: str = "It is so.") -> CheckResult:
    return CheckResult(code=code, title="t", outcome=outcome, reason=reason, metric="roc_auc")


@pytest.mark.parametrize(
    ("difference", "half", "expected"),
    [
        (0.028, 0.004, "Better overall: ROC AUC rises from 0.703 to 0.731 (+0.028 ± 0.004)"),
        (0.001, 0.004, "No clear change overall: ROC AUC rises from 0.703 to 0.704 (+0.001 ± 0.004)"),
        (0.0, 0.0, "No change overall: ROC AUC is 0.703 with either model, row for row"),
        (
            -0.01,
            0.004,
            "Slightly worse overall, within what is tolerated: "
            "ROC AUC falls from 0.703 to 0.693 (−0.010 ± 0.004)",
        ),
    ],
)
def test_pass_says_what_changed(difference: float, half: float, expected: str) -> None:
    """A pass names the change overall, and slices when they were looked at."""
    metrics = [measured(difference, half)]

    assert summarize("pass", [check("GR102", "passed")], metrics) == f"{expected}."
    assert (
        summarize("pass", [check("GR102", "passed"), check("GR103", "passed")], metrics)
        == f"{expected}, and no slice is shown to be worse."
    )


@pytest.mark.parametrize(
    ("difference", "end"),
    [
        (0.02, "although better overall"),
        (-0.02, "and worse overall"),
        (0.001, "with no clear change overall"),
    ],
)
def test_failure_on_a_slice_names_it(difference: float, end: str) -> None:
    """A failed slice is named with its figures, and what is true overall follows."""
    reason = "Worse for city St. Louis: ROC AUC falls from 0.7 to 0.6 (−0.1 ± 0.02). More. Also worse: x."
    found = summarize(
        "fail", [check("GR102", "passed"), check("GR103", "failed", reason)], [measured(difference)]
    )

    assert found == f"Worse for city St. Louis: ROC AUC falls from 0.7 to 0.6 (−0.1 ± 0.02), {end}."


def test_failure_overall_is_its_first_sentence() -> None:
    """Any other failure is told by its own reason."""
    reason = "ROC AUC is 0.681, but must be at least 0.7."

    assert summarize("fail", [check("GR101", "failed", reason)], [measured(0.1)]) == reason


def test_inconclusive_says_what_would_settle_it() -> None:
    """An open verdict repeats how many rows are missing."""
    reason = "Can't tell yet: ROC AUC …, and about 2,900 more labelled rows would settle it."
    slices = summarize("inconclusive", [check("GR103", "inconclusive")], [measured(0.1)])

    assert summarize("inconclusive", [check("GR102", "inconclusive", reason)], [measured(0.1)]) == reason
    assert slices.startswith("Can't tell yet: no slice has enough rows")


def test_first_model_of_a_project() -> None:
    """Without a champion the sentence says so, with the candidate's own value."""
    checks = [check("GR101", "passed"), check("GR102", "not_applicable")]

    assert summarize("pass", checks, [measured(None)]) == (
        "No champion yet: ROC AUC is 0.703, and every check that applies passed."
    )


def test_no_rules() -> None:
    """A gate without rules is no endorsement, and the sentence says so."""
    assert summarize("pass", [], [measured(0.028)]) == (
        "No rule is set under [gate], so nothing was checked: "
        "ROC AUC rises from 0.703 to 0.731 (+0.028 ± 0.004)."
    )
    assert summarize("pass", [], []) == "No rule is set under [gate], so nothing was checked."


def test_preview_alone_is_no_rule() -> None:
    """A preview that answers was not asked for by a rule; one that does not is said plainly."""
    answers, silent = (check("GR201", outcome, "The Bento x:1 … Its log …") for outcome in OUTCOMES)

    assert summarize("pass", [answers], [measured(0.028)]).startswith("No rule is set under [gate]")
    assert summarize("fail", [silent], [measured(0.028)]) == (
        "The candidate's preview did not start or did not answer, so it could not serve."
    )


def test_slices_are_not_mistaken_for_the_whole() -> None:
    """The sentence speaks of the first metric on all rows."""
    part = measured(-0.5, slice=Slice(column="a", value="b"))

    assert "+0.028" in summarize("pass", [check("GR102", "passed")], [part, measured(0.028)])


def test_an_override_is_told_first() -> None:
    """Who let a failed check through, and why, stands before what the gate says without it."""
    word = Override(reason="Hotfix for the outage.", by="Ana", at="2026-11-24T12:00:00+00:00")
    failed = check("GR102", "failed").model_copy(update={"override": word})
    told = summarize("pass", [failed, check("GR103", "passed")], [measured(-0.02)])

    assert told.startswith(
        "Ana overrode GR102: Hotfix for the outage. Worse overall, which no rule holds back"
    )
