"""The feature profile describes a holdout as forms, sentences and probes need it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from greenroom_pipeline.profile import FeatureProfile, profile_features


def flights(rows: int = 1000) -> pd.DataFrame:
    numbers = np.arange(rows)
    return pd.DataFrame(
        {
            "distance": numbers + 80,
            "wind": np.where(numbers % 10 == 0, np.nan, numbers / 4),
            "carrier": np.where(numbers % 4 == 0, "UA", "B6"),
            "weekend": numbers % 4 == 1,
            "note": [f"remark {number}" for number in numbers],
            "scheduled": pd.Timestamp("2013-10-01 05:00:00") + pd.to_timedelta(numbers, unit="h"),
            "delayed": numbers % 2,
        }
    )


def profile(frame: pd.DataFrame) -> dict[str, Any]:
    built = profile_features(frame, task="binary", target="delayed", classes=["0", "1"])
    content: dict[str, Any] = json.loads(built.model_dump_json(by_alias=True))
    return content


def feature(frame: pd.DataFrame, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in profile(frame)["features"] if item["name"] == name)
    return found


def test_head() -> None:
    """The profile says which task, target and classes it belongs to, and leaves the target out."""
    content = profile(flights())

    assert content["schema"] == 1
    assert (content["task"], content["target"], content["classes"]) == ("binary", "delayed", ["0", "1"])
    assert content["rows"] == 1000
    assert [item["name"] for item in content["features"]] == [
        "distance", "wind", "carrier", "weekend", "note", "scheduled",
    ]  # fmt: skip


def test_whole_numbers_stay_whole() -> None:
    """A whole-number column has whole bounds and quantiles."""
    distance = feature(flights(), "distance")

    assert distance == {
        "name": "distance", "kind": "number", "integer": True, "nullable": False,
        "minimum": 80, "maximum": 1079,
        "quantiles": {"0.05": 129, "0.25": 329, "0.5": 579, "0.75": 829, "0.95": 1029},
    }  # fmt: skip


def test_missing_numbers() -> None:
    """Missing and infinite numbers make a column nullable or are left out of its bounds."""
    frame = flights()
    frame.loc[1, "wind"] = np.inf
    wind = feature(frame, "wind")

    assert wind["nullable"] is True
    assert wind["integer"] is False
    assert (wind["minimum"], wind["maximum"]) == (0.5, 249.75)


def test_categories_by_frequency() -> None:
    """Categories come most frequent first, with their shares."""
    carrier = feature(flights(), "carrier")

    assert carrier["kind"] == "category"
    assert carrier["categories"] == [{"value": "B6", "share": 0.75}, {"value": "UA", "share": 0.25}]
    assert carrier["truncated"] is False


def test_many_categories_are_cut() -> None:
    """Beyond a hundred categories the list says that it is cut."""
    frame = flights().assign(carrier=[f"C{number % 150:03}" for number in range(1000)])
    carrier = feature(frame, "carrier")

    assert carrier["kind"] == "category"
    assert len(carrier["categories"]) == 100
    assert carrier["truncated"] is True


def test_text() -> None:
    """Mostly distinct strings are text."""
    assert feature(flights(), "note") == {"name": "note", "kind": "text", "nullable": False}


def test_few_rows_are_categories() -> None:
    """A hundred distinct strings or fewer are categories, however few rows there are."""
    assert feature(flights(100), "note")["kind"] == "category"


def test_booleans() -> None:
    """Truth values are boolean, also with missing ones among them."""
    frame = flights()
    assert feature(frame, "weekend") == {
        "name": "weekend", "kind": "boolean", "nullable": False, "share_true": 0.25,
    }  # fmt: skip

    frame["weekend"] = frame["weekend"].astype(object)
    frame.loc[0, "weekend"] = None
    weekend = feature(frame, "weekend")
    assert (weekend["kind"], weekend["nullable"]) == ("boolean", True)


def test_datetimes() -> None:
    """Times are given as ISO 8601."""
    scheduled = feature(flights(), "scheduled")

    assert scheduled["kind"] == "datetime"
    assert scheduled["minimum"] == "2013-10-01T05:00:00"
    assert scheduled["maximum"] == "2013-11-11T20:00:00"


def test_typical_row_is_for_people() -> None:
    """The typical row is of each column's own type, and its numbers have at most four digits, for a form."""
    frame = flights()
    typical = profile(frame)["typical"]

    assert typical["distance"] == 579
    assert isinstance(typical["distance"], int)
    assert typical["carrier"] == "B6"
    assert typical["weekend"] is False
    assert typical["wind"] == float(f"{typical['wind']:.4g}")
    assert frame["wind"].min() <= typical["wind"] <= frame["wind"].max()
    assert typical["scheduled"] == "2013-10-22T00:00:00"


def test_examples_are_spread_over_the_holdout() -> None:
    """Twenty actual rows, from the first to the last, with null for missing values."""
    examples = profile(flights())["examples"]

    assert len(examples) == 20
    assert (examples[0]["distance"], examples[-1]["distance"]) == (80, 1079)
    assert examples[0]["wind"] is None
    assert "delayed" not in examples[0]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_tiny_holdouts(rows: int) -> None:
    """A holdout with fewer rows than examples is shown whole."""
    content = profile(flights(rows))

    assert len(content["examples"]) == rows
    assert content["rows"] == rows


def test_column_without_values() -> None:
    """A column of missing values alone is described, and typically missing."""
    content = profile(flights().assign(wind=np.nan))

    assert content["features"][1]["minimum"] is None
    assert content["typical"]["wind"] is None


def test_round_trip() -> None:
    """The stored JSON reads back as the same profile."""
    built = profile_features(flights(), task="regression", target="delayed", classes=[])

    assert FeatureProfile.model_validate_json(built.model_dump_json(by_alias=True)) == built
