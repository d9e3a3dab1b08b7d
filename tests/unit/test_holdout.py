"""The holdout: what models are given of it, and what makes it unusable."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.holdout import Holdout, read_holdout
from greenroom_pipeline.settings import DataTable

FRAME = pd.DataFrame({"a": [1, 2], "b": [3, 4], "day": ["x", "y"], "late": ["yes", "no"], "notes": ["", ""]})


def read(folder: Path, frame: pd.DataFrame = FRAME) -> Holdout:
    frame.to_csv(folder / "holdout.csv", index=False)
    data = DataTable(holdout="holdout.csv", target="late", group="day", ignore=["notes"])
    return read_holdout(folder, data, task="binary")


def test_a_model_is_given_its_own_columns_in_its_order(tmp_path: Path) -> None:
    """A signature chooses the columns; without one, target, group and ignored columns are left out."""
    holdout = read(tmp_path)

    assert list(holdout.features(["b", "a"])) == ["b", "a"]
    assert list(holdout.features(None)) == ["a", "b"]
    assert (holdout.classes, holdout.positive) == (("no", "yes"), "yes")


@pytest.mark.parametrize(
    ("column", "said"),
    [
        pytest.param("late", "which is what it predicts; drop it in training", id="the target"),
        pytest.param("notes", "which is ignored", id="an ignored column"),
        pytest.param("aa", "which the holdout lacks; did you mean 'a'", id="a column that is not there"),
    ],
)
def test_a_model_that_takes_the_wrong_column_is_refused(column: str, said: str, tmp_path: Path) -> None:
    """The target among a model's inputs is leakage, and is named as such."""
    with pytest.raises(DataError, match=said):
        read(tmp_path).features(["a", column])


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        pytest.param(FRAME.iloc[:0], "has no rows", id="empty"),
        pytest.param(
            FRAME.assign(late="yes"), "all rows of the holdout are of the class 'yes'", id="one class"
        ),
        pytest.param(
            FRAME.assign(late=pd.Series(["yes", None])),
            "no value in 1 row, the first is row 1",
            id="no label",
        ),
        pytest.param(
            FRAME.drop(columns="day"), "data.group is 'day', which holdout.csv has no", id="no group"
        ),
    ],
)
def test_an_unusable_holdout_is_named(frame: pd.DataFrame, said: str, tmp_path: Path) -> None:
    """What is wrong with the file is told before anything is trained."""
    with pytest.raises(DataError, match=said):
        read(tmp_path, frame)
