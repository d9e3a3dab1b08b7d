"""GR301: rows of the holdout that training has seen."""

from __future__ import annotations

import pytest

from greenroom_pipeline.checks.check import Case
from greenroom_pipeline.checks.leakage import Leakage
from greenroom_pipeline.evaluation import Evaluation
from greenroom_pipeline.observations import Observations, Overlap
from greenroom_pipeline.report import CheckResult
from greenroom_pipeline.settings import GateTable, LeakageRule


def judge(overlap: Overlap | None, *, max_share: float = 0.0) -> CheckResult:
    gate = GateTable(leakage=LeakageRule(max_share=max_share))
    case = Case(Evaluation("binary", True, ()), Observations(overlap=overlap))
    (result,) = Leakage().run(gate, case)
    return result


def overlap(identical: int, ids: int | None = None, columns: list[str] | None = None) -> Overlap:
    names = ["age", "bmi"] if columns is None else columns
    return Overlap(train_rows=5000, rows=1000, columns=names, identical=identical, ids=ids)


@pytest.mark.parametrize(
    ("found", "max_share", "reason"),
    [
        (
            overlap(0),
            0.0,
            "None of the holdout's 1,000 rows is among the 5,000 training rows, compared by age and bmi.",
        ),
        (
            overlap(0, 0),
            0.0,
            "None of the holdout's 1,000 rows is among the 5,000 training rows, compared by age and bmi. "
            "No id of the holdout is among the training rows'.",
        ),
        (
            overlap(10),
            0.01,
            "10 of the holdout's 1,000 rows are among the 5,000 training rows, compared by age and bmi; "
            "1 % are tolerated.",
        ),
        (overlap(0, 0, []), 0.0, "No id of the holdout is among the training rows'."),
    ],
)
def test_data_that_is_kept_apart_passes(found: Overlap, max_share: float, reason: str) -> None:
    """No shared row, no shared id, or no more rows than are tolerated."""
    result = judge(found, max_share=max_share)

    assert (result.outcome, result.reason) == ("passed", reason)


@pytest.mark.parametrize(
    ("found", "max_share", "said"),
    [
        (overlap(1), 0.0, "1 of the holdout's 1,000 rows (0.1 %) is in the training rows too. "),
        (
            overlap(11),
            0.01,
            "11 of the holdout's 1,000 rows (1.1 %) are in the training rows too, where 1 % are tolerated. ",
        ),
        (overlap(0, 1), 0.5, "1 id of the holdout is among the training rows'. "),
        (
            overlap(12, 7),
            0.0,
            "12 of the holdout's 1,000 rows (1.2 %) are in the training rows too, "
            "and 7 ids of the holdout are among the training rows'. ",
        ),
    ],
)
def test_rows_and_ids_in_both_fail(found: Overlap, max_share: float, said: str) -> None:
    """More rows than are tolerated fail, any shared id fails, and the reason counts and says what to do."""
    result = judge(found, max_share=max_share)

    assert result.outcome == "failed"
    assert result.reason.startswith(said)
    assert result.reason.endswith("take these rows out of the training files, and train again.")


def test_unknown_training_rows_are_not_applicable() -> None:
    """Without the files there is nothing to look at, and the reason names the setting."""
    result = judge(None)

    assert result.outcome == "not_applicable"
    assert "train under [data]" in result.reason
