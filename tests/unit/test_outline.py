"""What every face says in words: a line's word, the slices that are named, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest

from greenroom_pipeline.outline import advise, is_judged, list_overall, list_slices, tell_slices
from greenroom_pipeline.report import (
    CheckResult,
    Holdout,
    MetricResult,
    ModelReference,
    Outcome,
    Report,
    Slice,
)
from greenroom_pipeline.settings import GateRule


def make_result(
    low: float, high: float, *, p_value: float = 0.5, slice: str = "", rows: int = 500, metric: str = "rmse"
) -> MetricResult:
    difference = (low + high) / 2
    return MetricResult(
        metric=metric,
        title=metric.upper(),
        slice=Slice(column="region", value=slice) if slice else None,
        candidate=10 + difference,
        champion=10,
        difference=difference,
        interval=(low, high),
        confidence=0.95,
        p_value=p_value,
        rows=rows,
        method="mean",
        higher_is_better=False,
    )


def make_report(
    metrics: Sequence[MetricResult], checks: Sequence[tuple[str, Outcome]] = (), *, champion: bool = True
) -> Report:
    model = ModelReference(name="m", digest="0", run_id=None, sha=None)
    outcomes: set[Outcome] = {outcome for _, outcome in checks}
    verdict: Literal["pass", "inconclusive", "fail"] = (
        "fail" if "failed" in outcomes else "inconclusive" if "inconclusive" in outcomes else "pass"
    )
    return Report(
        verdict=verdict,
        summary="",
        project="p",
        task="regression",
        candidate=model,
        champion=model if champion else None,
        holdout=Holdout(rows=500, digest="0"),
        metrics=list(metrics),
        checks=[
            CheckResult(code=code, title=code, outcome=outcome, reason="r", metric="rmse")
            for code, outcome in checks
        ],
    )


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(-2, -1, "better"), (1, 2, "worse"), (-1, 2, "no clear change"), (0, 0, "no change")],
)
def test_the_word_is_where_the_interval_lies(low: float, high: float, word: str) -> None:
    """An error that falls is better: the word follows the metric's direction, and the whole interval."""
    (line,) = list_overall(make_report([make_result(low, high)]))

    assert (line.word, line.best) == (word, "low")


def test_slices_are_worse_only_after_correction() -> None:
    """One slice of twenty at p = .02 is no news; one at p = .0001 is, and comes first."""
    calm = [make_result(-1, 1, slice=f"s{number}") for number in range(18)]
    lucky, worse = (
        make_result(0.1, 2, p_value=p_value, slice=name)
        for name, p_value in (("lucky", 0.02), ("south", 1e-4))
    )
    first, second, *_ = list_slices(make_report([make_result(-1, 1), lucky, *calm, worse]), min_rows=100)

    assert (first.name, first.word) == ("region south", "worse")
    assert (second.name, second.word) == ("region lucky", "no clear change")


def test_small_slices_are_left_out() -> None:
    """A slice that is too small to be tested is not shown as if it were."""
    report = make_report([make_result(-1, 1), make_result(1, 2, p_value=1e-9, slice="tiny", rows=99)])

    assert list_slices(report, min_rows=100) == []


@pytest.mark.parametrize(
    ("low", "high", "checks", "said"),
    [
        pytest.param(-2, -1, [("GR102", "passed")], "it can go on", id="passed"),
        pytest.param(
            1, 2, [("GR102", "failed")], "Keep the champion: improve the candidate's RMSE", id="worse"
        ),
        pytest.param(1, 2, [("GR101", "failed")], "until it keeps its bound", id="out of bounds"),
        pytest.param(1, 2, [("GR106", "failed")], "Mend what GR106 found", id="another check"),
        # h = 1 and d = .5: four times the rows are needed.
        pytest.param(-1, 1, [("GR102", "inconclusive")], "Label about 1,600 more rows", id="too few"),
        pytest.param(
            -2, -1, [("GR102", "passed"), ("GR103", "not_tested")], "none could be tested", id="untested"
        ),
        pytest.param(-1, 1, [], "pass the loss of RMSE that you tolerate: --max-loss X", id="no limit"),
    ],
)
def test_there_is_always_something_to_do(
    low: float, high: float, checks: list[tuple[str, Outcome]], said: str
) -> None:
    """Whatever the outcome, one sentence says what comes next."""
    rules = [GateRule(metric="rmse", max_loss=0.5)]

    assert said in " ".join(advise(make_report([make_result(low, high)], checks), rules, min_rows=100))


def test_the_slice_to_look_at_is_named() -> None:
    """A failure on slices leads to the slice, with its rows and its move."""
    metrics = [make_result(-1, 1), make_result(1, 2, p_value=1e-6, slice="south", rows=140)]
    rules = [GateRule(metric="rmse", max_loss_slices=0.5)]
    (advice,) = advise(make_report(metrics, [("GR103", "failed")]), rules, min_rows=100)

    assert advice.startswith("Look at region south, 140 rows, where RMSE rises from 10.00 to 11.50")


def test_a_harmed_slice_is_named_even_when_no_limit_is_about_it() -> None:
    """A pass overall does not hide that a slice is surely worse."""
    metrics = [make_result(-2, -1), make_result(1, 2, p_value=1e-6, slice="south", rows=140)]
    first, second = advise(make_report(metrics, [("GR102", "passed")]), [], min_rows=100)

    assert first.startswith("Look at region south")
    assert second.startswith("No rule holds the candidate back")


def test_not_applicable_is_no_verdict() -> None:
    """Rules that do not apply judge nothing."""
    report = make_report([make_result(-1, 1)], [("GR102", "not_applicable")], champion=False)

    assert not is_judged(report.checks)


def test_slices_that_move_are_named() -> None:
    """Who loses and who gains, surest first, by which metric, and from what to what; or that nobody does."""
    moved = [
        make_result(2, 4, slice="south", p_value=0.0001),
        make_result(-4, -2, slice="north", p_value=0.0001),
        make_result(-5, -3, slice="west", p_value=0.00001),
        make_result(-1, 1, slice="east"),
    ]

    assert tell_slices(make_report([make_result(-1, 1), *moved]), min_rows=100) == [
        "Gets worse by RMSE: region south (10.00 → 13.00).",
        "Gets better by RMSE: region west (10.00 → 6.00) and region north (10.00 → 7.00).",
    ]
    assert tell_slices(make_report([make_result(-1, 1), moved[-1]]), min_rows=100) == [
        "No slice is shown to get better or worse by RMSE, of 1."
    ]
    assert tell_slices(make_report([make_result(-1, 1)]), min_rows=100) == []
    assert tell_slices(make_report([make_result(-1, 1), *moved]), min_rows=10_000) == [
        "No slice can be tested by RMSE, of 4: each has fewer than 10,000 rows, or too few that differ. Whether someone"
        " loses by it is not known."
    ]
