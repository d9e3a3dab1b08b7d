"""The form of *Try it*: every feature of a row, in groups and with a filter where there are many."""

from __future__ import annotations

from typing import Any

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_portal.fields import Field, missing_fields, tell_unusual, to_json
from greenroom_portal.panes.inputs import ask_field
from greenroom_portal.panes.starts import review_key
from greenroom_portal.starts import Start
from greenroom_portal.wording import escape

_COLUMNS = 3
# More than these need a filter, and groups of which one is open.
FEW = 18


def ask_row(review: Review, fields: list[Field], start: Start, typical: dict[str, Any]) -> dict[str, Any]:
    """Ask for every field, filled from *start*, and return the row; say what no row of the holdout is like."""
    key = f"{review_key('field', review)}-{review.sha}-{start.name}"
    row: dict[str, Any] = st.session_state.setdefault(
        f"row-{key}", {field.name: start.row.get(field.name) for field in fields}
    )
    places = {field.name: place for place, field in enumerate(fields)}
    for group in _choose_groups(review, fields, row, typical):
        _ask_fields(group, row, start, key=key, places=places)
    st.caption("\\* needed")
    for field in fields:
        unusual = tell_unusual(field, row[field.name])
        if unusual:
            st.warning(
                f"{escape(unusual, longest=300)} Both models answer, and neither has been measured there.",
                icon=":material/straighten:",
            )
    return dict(row)


def _ask_fields(
    fields: list[Field], row: dict[str, Any], start: Start, *, key: str, places: dict[str, int]
) -> None:
    """Ask across then down, so that the order of reading is the order of the columns; write into *row*."""
    for line in range(0, len(fields), _COLUMNS):
        columns = st.columns(_COLUMNS)
        for column, field in zip(columns, fields[line : line + _COLUMNS], strict=False):
            first = start.row.get(field.name)
            with column:
                given = ask_field(field, first, key=f"{key}-{places[field.name]}")
            row[field.name] = to_json(field, given, start=first)


def _choose_groups(
    review: Review, fields: list[Field], row: dict[str, Any], typical: dict[str, Any]
) -> list[list[Field]]:
    """Return the fields to show: all where they are few, else those that are looked for, or one group of them."""
    if len(fields) <= FEW:
        return [fields]
    with st.container(horizontal=True, vertical_alignment="bottom", key="field-filter"):
        sought = st.text_input(
            "Find a column", key=review_key("sought", review), placeholder=f"among {len(fields)}", width=260
        )
        groups = [fields[first : first + FEW] for first in range(0, len(fields), FEW)]
        place = st.selectbox(
            "Columns",
            range(len(groups)),
            format_func=lambda each: _name_group(groups[each]),
            key=review_key("group", review),
            disabled=bool(sought),
            width=340,
        )
        differs = st.toggle("Only what differs from the typical row", key=review_key("differs", review))
    if sought:
        wanted = sought.strip().casefold()
        found = [each for each in fields if wanted in f"{each.name} {each.title}".casefold()]
    else:
        found = fields if differs else groups[place]
    shown = [each for each in found if not differs or row[each.name] != typical.get(each.name)]
    if not shown:
        st.info("No column is both looked for and shown; clear the filter.", icon=":material/filter_alt_off:")
    missing = [name for name in missing_fields(fields, row) if name not in {each.title for each in shown}]
    if missing:
        st.caption(f"Empty and not shown: {escape(', '.join(missing), longest=300)}")
    return [shown]


def _name_group(group: list[Field]) -> str:
    return f"{group[0].title} to {group[-1].title}"
