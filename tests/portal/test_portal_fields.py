from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from greenroom_portal.fields import (
    Field,
    fits_number_input,
    missing_fields,
    read_fields,
    read_starts,
    to_json,
)
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
    assert fields[0].help == "Training rows: 80 to 4,983. The middle half: 500 to 1,400."
    assert fields[1].step == 0.1
    assert fields[2].options == ("UA", "HA")
    assert fields[4].help == "Free text. May be empty."


def test_form_starts_from_the_typical_row() -> None:
    """The typical row comes first, then the holdout's rows; a profile without rows still gives a form."""
    assert [start.label for start in read_starts(make_profile())][:2] == [
        "Typical row",
        "Holdout row, example 1",
    ]
    assert [start.row for start in read_starts({"features": []})] == [{}]


@pytest.mark.parametrize(
    ("kind", "integer", "value", "start", "expected"),
    [
        pytest.param("number", True, 870, 870, 870, id="integer"),
        pytest.param("number", False, 9, 9.0, 9.0, id="float"),
        pytest.param("number", True, "12345678901234567890", None, 12345678901234567890, id="large"),
        pytest.param("number", False, "x", None, None, id="no number"),
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
