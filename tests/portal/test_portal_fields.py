from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from greenroom_pipeline.words import Words
from greenroom_portal.fields import (
    Field,
    fits_number_input,
    missing_fields,
    read_fields,
    tell_unusual,
    to_json,
)
from greenroom_portal.what_if import POINTS, vary
from tests.portal.desk_in_memory import make_profile

ZONED = "2013-10-01T05:00:00+02:00"
FIVE = datetime.fromisoformat("2013-10-01T05:00:00")


def field(kind: Any, *, integer: bool = False, nullable: bool = False) -> Field:
    return Field(name="x", kind=kind, nullable=nullable, help="", integer=integer)


def test_each_kind_of_feature_has_its_field() -> None:
    """Fields keep the profile's order, kinds, ranges and categories."""
    fields = read_fields(make_profile())

    assert [(one.name, one.kind) for one in fields] == [
        ("distance", "number"),
        ("wind", "number"),
        ("carrier", "category"),
        ("weekend", "boolean"),
        ("note", "text"),
        ("scheduled", "datetime"),
    ]
    assert fields[0].help == (
        "In the holdout: 80 to 4,983. Half of its rows: 500 to 1,400. Nine in ten of its rows: 200 to 2,500."
    )
    assert fields[1].step == 0.1
    assert fields[2].options == ("UA", "HA")
    assert fields[4].help == "Free text. May be empty."


def test_people_s_words_stand_in_the_form() -> None:
    """Columns have the names and units that the project gives them, and a mark where a value is needed."""
    words = Words(
        columns={"distance": "Way", "wind": "Wind speed"}, units={"distance": "miles", "wind": "mph"}
    )

    fields = read_fields(make_profile(), words)

    assert [each.caption for each in fields[:3]] == ["Way (miles) *", "Wind speed (mph)", "carrier *"]
    assert fields[0].help.startswith("In the holdout: 80 to 4,983 miles.")
    assert missing_fields(fields[:1], {}) == ["Way"]


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        pytest.param(0, 9000, "distance is 9,000; the holdout has 80 to 4,983.", id="above"),
        pytest.param(0, 79, "distance is 79; the holdout has 80 to 4,983.", id="below"),
        pytest.param(0, 4983, None, id="the end itself"),
        pytest.param(1, None, None, id="empty"),
        pytest.param(2, "ZZ", "carrier is ZZ, which no row of the holdout is.", id="category"),
        pytest.param(2, "HA", None, id="known category"),
        pytest.param(4, "anything", None, id="text"),
        pytest.param(
            5,
            "2014-02-01T00:00:00",
            "scheduled is 2014-02-01T00:00:00; the holdout has 2013-10-01T05:00:00 to 2013-12-31T23:59:00.",
            id="time",
        ),
        pytest.param(5, "2013-12-01T00:00:00+02:00", None, id="time with a zone"),
    ],
)
def test_what_the_holdout_does_not_have_is_said(place: int, value: Any, sentence: str | None) -> None:
    """A value outside the holdout's range or categories is told, and only such a one."""
    assert tell_unusual(read_fields(make_profile())[place], value) == sentence


@pytest.mark.parametrize(
    ("kind", "integer", "value", "start", "expected"),
    [
        pytest.param("number", True, 870, 870, 870, id="integer"),
        pytest.param("number", False, 9, 9.0, 9.0, id="float"),
        pytest.param("number", True, "12345678901234567890", None, 12345678901234567890, id="large"),
        pytest.param("number", False, "x", None, None, id="no number"),
        pytest.param("number", False, "nan", None, None, id="NaN"),
        pytest.param("number", False, "9" * 400, None, None, id="infinite"),
        pytest.param("number", True, "9" * 400, None, None, id="more than a float holds"),
        pytest.param("text", False, "", "a", None, id="empty text"),
        pytest.param("boolean", False, False, True, False, id="no"),
        pytest.param("datetime", False, FIVE, "2013-10-01T05:00:00", "2013-10-01T05:00:00", id="time"),
        pytest.param("datetime", False, FIVE, ZONED, ZONED, id="zone"),
    ],
)  # fmt: skip
def test_values_have_the_columns_own_type(
    kind: str, integer: bool, value: Any, start: Any, expected: Any
) -> None:
    """What the form holds is sent in the type that the model was trained on, and null when empty."""
    given = to_json(field(kind, integer=integer), value, start=start)

    assert given == expected
    assert type(given) is type(expected)


def test_only_needed_fields_are_missing() -> None:
    """An empty field is missing unless the column may be empty."""
    fields = [field("number"), Field("y", "text", nullable=True, help="")]

    assert missing_fields(fields, {"x": None, "y": None}) == ["x"]
    assert missing_fields(fields, {"x": 0, "y": None}) == []


@pytest.mark.parametrize(("value", "fits"), [(None, True), (2**53, False), (-1.5, True), ("1", False)])
def test_numbers_that_a_browser_would_round_are_typed_as_text(value: object, fits: bool) -> None:
    """A number input is used only for values that it holds exactly."""
    assert fits_number_input(value) is fits


@pytest.mark.parametrize(
    ("low", "high"),
    [(-1.7e308, 1.7e308), (0.0, 5e-324), (-(10**400), 10**400)],
    ids=["overflow", "underflow", "more than a float holds"],
)
def test_any_number_of_a_profile_makes_a_field(low: float, high: float) -> None:
    """A candidate's profile may hold any number; the form, and what it varies, can do with each."""
    feature = {
        "name": "x",
        "kind": "number",
        "nullable": True,
        "minimum": low,
        "maximum": high,
        "quantiles": {"0.05": low, "0.25": low, "0.75": high, "0.95": high},
    }
    (read,) = read_fields({"features": [feature]})

    assert read.step > 0
    assert len(vary(read, {"x": 1.0}).values) <= POINTS + 1
