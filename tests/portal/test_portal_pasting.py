from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_pipeline.words import Words
from greenroom_portal.cells import CellError, match_fields, read_cell, read_value
from greenroom_portal.fields import Field, read_fields
from greenroom_portal.pasting import list_names, read_pasted
from tests.portal.desk_in_memory import HOSTILE, make_profile

FIELDS = read_fields(make_profile())
TYPED = {
    "distance": 2475,
    "wind": 31.5,
    "carrier": "HA",
    "weekend": True,
    "note": "a, b\n“c”",
    "scheduled": "2013-12-24T18:05:00",
}


def field(kind: Any, *, integer: bool = False, options: tuple[str, ...] = ()) -> Field:
    return Field(name="x", kind=kind, nullable=True, help="", integer=integer, options=options)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(TYPED), id="JSON"),
        pytest.param(json.dumps({"rows": [TYPED]}, indent=2), id="as curl sends it"),
        pytest.param(json.dumps([TYPED]), id="a list of one"),
        pytest.param(
            "distance,wind,carrier,weekend,note,scheduled\n"
            '2475,31.5,HA,true,"a, b\n“c”",2013-12-24 18:05:00\n',
            id="CSV",
        ),
        pytest.param(
            "Distance\twind\tcarrier\tWEEKEND\tnote\tscheduled\r\n"
            '2475\t31.5\tHA\tTRUE\t"a, b\n“c”"\t2013-12-24 18:05\r\n',
            id="spreadsheet",
        ),
        pytest.param(
            'distance;wind;carrier;weekend;note;scheduled\n2475;31.5;HA;yes;"a, b\n“c”";2013-12-24T18:05',
            id="semicolons",
        ),
    ],
)
def test_a_row_is_read_as_people_have_it(text: str) -> None:
    """JSON, CSV and cells of a spreadsheet give the same row, in the columns' own types."""
    pasted = read_pasted(text, FIELDS)

    assert pasted.problems == ()
    assert pasted.row == TYPED
    assert [type(value) for value in pasted.row.values()] == [type(value) for value in TYPED.values()]
    assert pasted.notes == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("", "Paste a JSON object, or a header line and a line of values.", id="nothing"),
        pytest.param(
            '{"distance": }', "This is not JSON: Expecting value: line 1 column 14 (char 13).", id="JSON"
        ),
        pytest.param(
            "[1]", 'Paste an object with a value for each column, such as {"column": 1}.', id="list"
        ),
        pytest.param("[" * 100_000, "This JSON is nested too deeply; paste one object.", id="deep"),
        pytest.param(
            "distance,wind", "Paste two lines: the columns' names, and below them the values.", id="line"
        ),
        pytest.param(
            "distance,wind\n1", "The first line names 2 columns, and the second has 1 values.", id="ragged"
        ),
        pytest.param("a,b\n1,2", "None of the pasted columns is one that the models take.", id="strange"),
        pytest.param("distance,Distance\n1,2", "distance is there twice; paste it once.", id="twice"),
        pytest.param(
            '{"distance": "far"}', "distance is 'far'; expected a whole number.", id="text for a number"
        ),
        pytest.param('{"distance": 1.5}', "distance is '1.5'; expected a whole number.", id="fraction"),
        pytest.param(
            "wind,distance\n3;5,1".replace(";", "_"),
            "wind is '3_5'; expected a number such as 3.5, with a point and without spaces.",
            id="number",
        ),
        pytest.param('{"weekend": "maybe"}', "weekend is 'maybe'; expected yes or no.", id="truth"),
        pytest.param(
            '{"scheduled": "Tuesday"}',
            "scheduled is 'Tuesday'; expected a time such as 2026-01-31T08:30:00.",
            id="time",
        ),
        pytest.param('{"note": [1]}', "note is '[1]'; expected a single value.", id="list for a text"),
        pytest.param('"', "This is no table: unexpected end of data.", id="open quote"),
        pytest.param("x" * 200_001, "That is longer than 200,000 characters; paste one row.", id="long"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(text: str, sentence: str) -> None:
    """The sentence says what is wrong, and in which column."""
    pasted = read_pasted(text, FIELDS)

    assert pasted.problems == (sentence,)


def test_what_is_left_out_is_told() -> None:
    """Columns that the models do not take, columns that are not pasted, and further rows are named."""
    pasted = read_pasted("id,distance\n7,100\n8,200", FIELDS)

    assert pasted.row == {"distance": 100}
    assert pasted.notes == (
        "Of 2 rows the first was taken.",
        "Not taken: id.",
        "As in the typical row: wind, carrier, weekend, note, scheduled.",
    )
    assert list_names([str(number) for number in range(10)]) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"


def test_columns_are_found_by_what_people_call_them() -> None:
    """A column's label from `[words]` is as good as its name, and its own name comes first."""
    fields = read_fields(make_profile(), Words(columns={"distance": "Way to go", "wind": "carrier"}))

    assert match_fields(["way to go ", "carrier", "gate"], fields) == [fields[0], fields[2], None]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        pytest.param("number", " 1e3 ", 1000.0, id="exponent"),
        pytest.param("number", "-0.5", -0.5, id="negative"),
        pytest.param("number", "NaN", None, id="missing number"),
        pytest.param("boolean", "0", False, id="zero for no"),
        pytest.param("category", "NA", "NA", id="NA is a category"),
        pytest.param("category", " UA", "UA", id="spaces around a known category"),
        pytest.param("text", "  ", None, id="empty text"),
        pytest.param("text", " kept ", " kept ", id="spaces in a text"),
        pytest.param("datetime", "2013-10-01T05:00+02:00", "2013-10-01T05:00:00+02:00", id="zone"),
    ],
)
def test_a_cell_becomes_its_columns_type(kind: str, text: str, value: Any) -> None:
    """What stands in a cell is read as the column means it."""
    given = read_cell(field(kind, options=("UA",)), text)

    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize("value", [1.0, 2, "3", "4.0"])
def test_whole_numbers_are_whole(value: Any) -> None:
    """A whole number stays one, however it is written."""
    assert type(read_value(field("number", integer=True), value)) is int


@pytest.mark.parametrize("text", ["1e400", "1_000", "١", "0x1f", "9" * 500, "inf"])
def test_what_only_a_programme_takes_for_a_number_is_refused(text: str) -> None:
    """Infinite, endless and programmers' numbers are no numbers here."""
    with pytest.raises(CellError, match="expected a number"):
        read_cell(field("number"), text)


@settings(max_examples=100, deadline=None)
@given(st.text() | st.text(alphabet='{}[],:;"\t\n0a').map(lambda text: text + HOSTILE))
def test_whatever_is_pasted_is_answered(text: str) -> None:
    """No text breaks the reader: it gives columns of the profile, or sentences."""
    pasted = read_pasted(text, FIELDS)

    assert pasted.problems or set(pasted.row) <= {each.name for each in FIELDS}
