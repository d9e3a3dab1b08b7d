"""Disagreements: the rows on which the models differ most, as JSON can hold them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from greenroom_pipeline.disagreements import find_disagreements
from greenroom_pipeline.predictions import Predictions, as_labels


def classify(scores: list[float]) -> Predictions:
    late = np.array(scores)
    return Predictions(as_labels(late > 0.5), np.column_stack([1 - late, late]), ("0", "1"))


def test_greatest_difference_comes_first() -> None:
    """Rows are ordered by how much probability moved; equal answers are left out."""
    found = find_disagreements(
        task="binary",
        target=[1, 0, 1, 1],
        features=pd.DataFrame({"x": [10, 11, 12, 13]}),
        candidate=classify([0.5, 0.1, 0.9, 0.6]),
        champion=classify([0.5, 0.9, 0.2, 0.7]),
    )

    assert [(one.row, one.target, one.features) for one in found] == [
        (1, "0", {"x": 11}),
        (2, "1", {"x": 12}),
        (3, "1", {"x": 13}),
    ]
    assert (found[0].candidate.prediction, found[0].champion.prediction) == ("0", "1")
    assert found[0].candidate.probability == pytest.approx(0.9)
    assert found[0].champion.probability == pytest.approx(0.1)


def test_numbers_differ_by_their_distance() -> None:
    """Regression orders rows by the distance of the answers, and has no probability."""
    found = find_disagreements(
        task="regression",
        target=[1.0, 2.0],
        features=pd.DataFrame({"x": ["a", "b"]}),
        candidate=Predictions(np.array([1.0, 9.0])),
        champion=Predictions(np.array([1.5, 2.0])),
    )

    assert [(one.row, one.candidate.prediction, one.target) for one in found] == [
        (1, 9.0, 2.0),
        (0, 1.0, 1.0),
    ]
    assert found[0].candidate.probability is None


def test_labels_alone_differ_or_not() -> None:
    """Without probabilities on both sides, only rows with different labels are listed."""
    found = find_disagreements(
        task="binary",
        target=["n", "y", "n"],
        features=pd.DataFrame(index=range(3)),
        candidate=Predictions(np.array(["n", "y", "y"])),
        champion=Predictions(np.array(["y", "y", "n"])),
    )

    assert [one.row for one in found] == [0, 2]


def test_at_most_fifty_rows() -> None:
    """However much two models differ, fifty rows are enough to look at."""
    target = np.arange(200.0)
    found = find_disagreements(
        task="regression",
        target=target,
        features=pd.DataFrame({"x": target}),
        candidate=Predictions(target),
        champion=Predictions(target * 2),
    )

    assert [one.row for one in found] == list(range(199, 149, -1))


def test_no_champion_no_disagreement() -> None:
    """There is nothing to differ from."""
    alone = Predictions(np.zeros(2))

    assert (
        find_disagreements(
            task="regression", target=[1.0, 2.0], features=pd.DataFrame(), candidate=alone, champion=None
        )
        == []
    )


def test_features_are_json() -> None:
    """Every kind of cell becomes a plain value; missing ones become null."""
    features = pd.DataFrame(
        {
            "integer": pd.Series([7], dtype="Int64"),
            "missing": pd.Series([None], dtype="Int64"),
            "nan": [np.nan],
            "infinite": [np.inf],
            "flag": [True],
            "day": pd.to_datetime(["2013-01-02"]),
            "no_day": [pd.NaT],
            "kind": pd.Series(["a"], dtype="category"),
            "list": [[1, np.nan]],
        }
    )
    (one,) = find_disagreements(
        task="regression",
        target=[1.0],
        features=features,
        candidate=Predictions(np.array([1.0])),
        champion=Predictions(np.array([2.0])),
    )

    assert json.loads(json.dumps(one.features, allow_nan=False)) == {
        "integer": 7,
        "missing": None,
        "nan": None,
        "infinite": "inf",
        "flag": True,
        "day": "2013-01-02T00:00:00",
        "no_day": None,
        "kind": "a",
        "list": [1, None],
    }
