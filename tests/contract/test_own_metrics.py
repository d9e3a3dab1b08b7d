"""A project's own metrics: run in the model's environment, compared by the engine, refused in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

from greenroom_pipeline.errors import ScoringError, SettingsError
from greenroom_pipeline.evaluation import Evaluation, evaluate
from greenroom_pipeline.holdout import Holdout
from greenroom_pipeline.own_metrics import define_metrics, measure_own
from greenroom_pipeline.predictions import Predictions, as_labels
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.settings import DataTable, MetricTable, ProjectTable, Settings, SliceRule, TrainTable
from greenroom_pipeline.slices import cut_slices
from greenroom_services.environments import Environment

ROWS = 400
Measure = Callable[..., Evaluation]
FUNCTIONS = """
    import numpy as np

    def cost(target, prediction):
        return np.where(target == prediction, 0.0, np.where(target == 1, 5.0, 1.0))

    def squares(target, probability):
        return (probability - target) ** 2

    def mean_cost(target, prediction):
        return cost(target, prediction).mean()

    def far(target, prediction, rows, weight):
        return (rows["distance"].to_numpy() > 50) * (target != prediction) * weight

    def strange(target, colour):
        return 0.0

    def nothing(target):
        return np.full(len(target), np.nan)

    def short(target):
        return [1.0, 2.0]

    def ranking(target, probability):
        if len(set(target)) < 2:
            raise ValueError("one class only")
        return (probability[target == 1].mean() > probability[target == 0].mean()) * 1.0

    def never(target):
        return float("nan")

    def broken(target):
        raise RuntimeError("out of cheese")
"""


@pytest.fixture
def measure(tmp_path: Path, environment: Environment) -> Measure:
    """Evaluate two models by functions of a repository that is a folder here."""
    (tmp_path / "costs.py").write_text(dedent(FUNCTIONS))
    random = np.random.default_rng(5)
    target = random.integers(0, 2, ROWS)
    frame = pd.DataFrame(
        {"late": target, "distance": np.arange(ROWS) % 100, "day": np.arange(ROWS) // 8, "year": 2013}
    )
    scores = [np.clip(0.3 * target + random.normal(0.35, noise, ROWS), 0, 1) for noise in (0.2, 0.3)]

    def evaluate_by(
        functions: Sequence[str], *, champion: bool = True, group: str | None = None
    ) -> Evaluation:
        data = DataTable(holdout="h.csv", target="late", group=group, slices=[SliceRule(column="part")])
        settings = Settings(
            project=ProjectTable(name="flights", task="binary"),
            train=TrainTable(command="true"),
            data=data,
            metric=[MetricTable(name=each.rpartition(":")[2], function=each) for each in functions],
        )
        parted = frame.assign(part=np.where(frame["distance"] < 20, "near", "far"))
        parted.loc[0, "part"] = "alone"
        slices = cut_slices(parted, data.slices)
        models = [
            Predictions(as_labels(each > 0.5), np.column_stack([1 - each, each]), ("0", "1"))
            for each in scores
        ]
        holdout = Holdout(frame, "digest", data, ("0", "1"))
        own = measure_own(
            settings,
            repository=Repository(tmp_path),
            environment=environment,
            holdout=holdout,
            candidate=models[0],
            champion=models[1] if champion else None,
            slices=slices,
            seed=3,
            scratch=tmp_path,
        )
        return evaluate(
            task="binary",
            target=holdout.target,
            candidate=models[0],
            champion=models[1] if champion else None,
            metrics=["brier", "error", *define_metrics(settings).values()],
            own=own,
            slices=slices,
            groups=holdout.groups,
        )

    return evaluate_by


def test_a_loss_by_row_is_compared_like_any_mean(measure: Measure) -> None:
    """The project's own squared error is the Brier score to the last digit, overall and by slice, by group too."""
    for group in (None, "day"):
        found = measure(["costs:squares"], group=group)
        ours, built_in = (
            [one.result for one in found.findings if one.result.metric == name]
            for name in ("squares", "brier")
        )

        assert [each.slice for each in ours] == [each.slice for each in built_in]
        for mine, theirs in zip(ours, built_in, strict=True):
            assert mine.difference == pytest.approx(theirs.difference, abs=1e-12)
            assert mine.interval == pytest.approx(theirs.interval, abs=1e-12)
            assert mine.p_value == pytest.approx(theirs.p_value, abs=1e-12)


def test_one_number_is_drawn_anew_like_the_mean_that_it_is(measure: Measure) -> None:
    """A function that returns one number gets the bootstrap's interval, near that of the same loss by row."""
    found = measure(["costs:cost", "costs:mean_cost"])
    by_row, at_once = (found.find_overall(name) for name in ("cost", "mean_cost"))

    assert by_row is not None
    assert at_once is not None
    assert at_once.result.method == "paired bootstrap"
    assert at_once.result.difference == pytest.approx(by_row.result.difference)
    assert at_once.result.interval == pytest.approx(by_row.result.interval, abs=0.04)
    again = measure(["costs:mean_cost"]).find_overall("mean_cost")
    assert again == at_once
    for first, second in zip(found.find_slices("cost"), found.find_slices("mean_cost"), strict=True):
        assert second.result.candidate == pytest.approx(first.result.candidate)


def test_rows_and_weights_are_given_by_name(measure: Measure) -> None:
    """A function sees the features that the model takes, and a weight of 1 where none is declared."""
    far = measure(["costs:far"], champion=False).find_overall("far")

    assert far is not None
    assert far.result.candidate is not None
    assert 0 < far.result.candidate < 0.5
    assert (far.result.champion, far.result.difference) == (None, None)


def test_one_number_may_be_undefined_on_a_slice(measure: Measure) -> None:
    """A slice of one row has no ranking: there the metric has no value, and the run goes on."""
    found = measure(["costs:ranking"]).find_slices("ranking")
    values = {one.result.slice.value: one.result.candidate for one in found if one.result.slice}

    assert values["alone"] is None
    assert values["far"] is not None


def test_one_group_decides_nothing(measure: Measure) -> None:
    """All rows of one group tell no spread: there is a difference, and no interval."""
    found = measure(["costs:mean_cost"], group="year").find_overall("mean_cost")

    assert found is not None
    assert found.result.difference is not None
    assert found.result.interval is None


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        ("costs:strange", "costs:strange wants 'colour', but a metric is given target, prediction"),
        ("costs:absent", "costs has no function 'absent'"),
        ("prices:cost", "No module named 'prices'; keep its module in the repository"),
        ("costs:nothing", "the metric 'nothing' returned nan in row 0"),
        ("costs:short", r"the metric 'short' returned \(2,\) for 400 rows"),
        ("costs:never", "the metric 'never' returned nan"),
        ("costs:broken", "RuntimeError: out of cheese"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(measure: Measure, function: str, complaint: str) -> None:
    """The line says which metric, what is wrong, and what to do; no verdict comes of it."""
    with pytest.raises(ScoringError, match=complaint) as refused:
        measure([function])

    assert "\n" not in str(refused.value)


def test_the_repository_is_left_as_it_was(measure: Measure, tmp_path: Path) -> None:
    """Importing the project's functions leaves no bytecode, no table and no result behind."""
    before = sorted(tmp_path.iterdir())
    measure(["costs:cost"])

    assert sorted(tmp_path.iterdir()) == before


def test_a_taken_name_is_refused() -> None:
    """An own metric cannot pass for a built-in one."""
    settings = Settings(
        project=ProjectTable(name="flights", task="binary"),
        train=TrainTable(command="true"),
        data=DataTable(holdout="h.csv", target="late"),
        metric=[MetricTable(name="roc_auc", function="costs:cost")],
    )

    with pytest.raises(SettingsError, match="'roc_auc' is taken"):
        define_metrics(settings)
