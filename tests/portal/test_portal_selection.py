from __future__ import annotations

import math
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_portal.selection import LONGEST_ROW, Selection, address_row, decode_row, encode_row
from tests.portal.desk_in_memory import HOSTILE

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), SCALARS, max_size=8))
def test_a_row_comes_back_from_an_address(row: dict[str, Any]) -> None:
    """Whatever scalars a row holds, an address that was made of it and read again gives the same row."""
    address = urlencode(address_row(Selection("flight-delays", 7), row))

    parameters = parse_qs(address, keep_blank_values=True, strict_parsing=True)

    assert parameters["project"] == ["flight-delays"]
    assert parameters["pull"] == ["7"]
    assert decode_row(parameters["row"][0]) == row


def test_what_json_has_no_form_for_is_not_written() -> None:
    """A number that is not finite is null, lists are left out, and half a surrogate pair is replaced."""
    row = {
        "wind": math.nan,
        "gust": math.inf,
        "stops": ["JFK"],
        "note": "a\ud800b",
        "month": 3,
        HOSTILE: HOSTILE,
    }

    assert decode_row(encode_row(row)) == {
        "wind": None,
        "gust": None,
        "note": "a?b",
        "month": 3,
        HOSTILE: HOSTILE,
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("distance=3", id="no JSON"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param('{"distance": [1]}', id="a list in it"),
        pytest.param('{"distance": {"$gt": 0}}', id="an object in it"),
        pytest.param('{"distance": NaN}', id="NaN"),
        pytest.param('{"distance": 1e999}', id="infinite"),
        pytest.param('{"distance": ' + "1" * 5000 + "}", id="more digits than Python reads"),
        pytest.param('{"distance": ' + "9" * 400 + "}", id="more than a float holds"),
        pytest.param('{"note": "\\ud800"}', id="half a surrogate pair"),
        pytest.param("[" * 15_000, id="deep"),
        pytest.param('{"note": "' + "x" * LONGEST_ROW + '"}', id="long"),
    ],
)
def test_what_is_no_row_is_none(text: str) -> None:
    """An address that somebody wrote by hand, or with bad intent, selects no row and breaks nothing."""
    assert decode_row(text) is None
