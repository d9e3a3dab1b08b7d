"""Filters: what they are as SQL, and as text in an address."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_pipeline.errors import DataError
from greenroom_pipeline.filters import (
    Among,
    Between,
    Column,
    Filter,
    Value,
    decode_filters,
    encode_filters,
    write_condition,
)

EVIL = "x\"; DROP TABLE holdout; --' OR 1=1"
COLUMNS = (
    Column("carrier", "text"),
    Column("distance", "integer"),
    Column("wind", "number"),
    Column("scheduled", "time"),
    Column(EVIL, "text"),
    Column("tags", "other"),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES: st.SearchStrategy[Value] = st.one_of(
    TEXTS, st.booleans(), st.integers(-(2**100), 2**100), st.floats(allow_nan=False, allow_infinity=False)
)
ENDS = st.none() | VALUES
FILTERS: st.SearchStrategy[Filter] = st.builds(
    Among, TEXTS, st.lists(VALUES, max_size=5).map(tuple), st.booleans()
) | st.builds(Between, TEXTS, ENDS, ENDS, st.booleans())


def test_no_name_or_value_is_part_of_the_query() -> None:
    """Columns go by their places and values are bound, so that nothing that anybody wrote is SQL."""
    condition = write_condition([Among(EVIL, (EVIL,)), Between("distance", 1, 2)], COLUMNS, table="holdout")

    assert condition.values == (EVIL, 1, 2)
    assert set(condition.sql) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,?()<>="
    )
    assert "holdout.c4 IN (?)" in condition.sql


def test_without_filters_all_rows_are_chosen() -> None:
    """No filter is a condition that all rows meet; a filter of no value is one that none meets."""
    assert write_condition([], COLUMNS, table="holdout").sql == "true"
    assert write_condition([Among("carrier", ())], COLUMNS, table="holdout").sql == "false"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Among("carier", ("UA",)), "the holdout has no column 'carier'; did you mean 'carrier'?"),
        (
            Among("distance", ("80; DROP",)),
            "'80; DROP' is no value of column 'distance', which holds whole numbers",
        ),
        (Among("distance", (True,)), "True is no value of column 'distance', which holds whole numbers"),
        (Between("wind", float("nan"), None), "nan is no value of column 'wind', which holds numbers"),
        (
            Between("distance", 2**130, None),
            f"{2**130} is no value of column 'distance', which holds whole numbers",
        ),
        (Between("carrier", "A", "B"), "column 'carrier' has no order; choose among its values"),
        (
            Between("scheduled", "yesterday", None),
            "'yesterday' is no value of column 'scheduled', which holds times, such as 2013-01-31T14:30",
        ),
        (Among("tags", ("a",)), "column 'tags' holds no single value a row; filter by another one"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Filter, said: str) -> None:
    """A filter that fits no column is one sentence, and no query."""
    with pytest.raises(DataError, match=r".") as refusal:
        write_condition([wrong], COLUMNS, table="holdout")

    assert str(refusal.value) == said


@given(st.lists(FILTERS, max_size=4).map(tuple))
def test_an_address_carries_filters_exactly(filters: tuple[Filter, ...]) -> None:
    """What was encoded is decoded to the same, whole numbers beyond 2^53 included."""
    assert decode_filters(encode_filters(filters)) == filters


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '[{"column":"a"}]',
        '[{"column":1,"in":[]}]',
        '[{"column":"a","in":"b"}]',
        '[{"column":"a","in":[NaN]}]',
        '[{"column":"a","in":[[]]}]',
        '[{"column":"a","in":[null]}]',
        '[{"column":"a","from":1}]',
        '[{"column":"a","from":1,"to":{}}]',
        '[{"column":"a","in":[],"missing":"yes"}]',
        '[{"column":"a","in":[],"further":1}]',
        r'[{"column":"a","in":["\ud800"]}]',
        r'[{"column":"\udc00","in":[]}]',
        "[" * 100_000,
        json.dumps([{"column": "a", "in": list(range(200)), "missing": True}]),
        "[" + ",".join(['{"column":"a","in":[]}'] * 21) + "]",
    ],
)
def test_other_text_is_no_filters(text: str) -> None:
    """An address may say anything: what is not exactly filters is none."""
    assert decode_filters(text) is None
