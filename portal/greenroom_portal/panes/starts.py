"""What the form of *Try it* begins with: a row of the profile, the holdout or the address, or one that is pasted."""

from __future__ import annotations

from typing import Any

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.report import Report
from greenroom_portal.data import load_random_row
from greenroom_portal.fields import Field
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.pasting import read_pasted
from greenroom_portal.selection import decode_row
from greenroom_portal.starts import Start, list_starts, name_arrival
from greenroom_portal.wording import escape

MOST_KEPT = 20


def review_key(what: str, review: Review) -> str:
    """Name what the session remembers of a review."""
    return f"{what}-{review.project}-{review.pull}"


def read_arrival(review: Review) -> dict[str, Any] | None:
    """Return the row that the address came with; a new one is begun with, and asked about at once where it can be."""
    text, seen = st.query_params.get("row", ""), review_key("row-seen", review)
    arrived, memory = decode_row(text) if text else None, st.session_state
    # Whoever comes back from another page begins anew.
    if text and (text != memory.get(seen) or review_key("start", review) not in memory):
        memory[seen] = text
        memory[review_key("arrived", review)] = arrived
        if arrived is not None:
            memory[review_key("start", review)] = name_arrival(arrived)
            memory[review_key("ask-at-once", review)] = True
    kept: dict[str, Any] | None = memory.get(review_key("arrived", review))
    return kept


def keep_address(review: Review, text: str) -> None:
    """Put the row that was asked about into the address, without arriving there again."""
    st.session_state[review_key("row-seen", review)] = text
    st.query_params["row"] = text


def choose_start(review: Review, report: Report, profile: dict[str, Any], fields: list[Field]) -> Start:
    """Ask what to begin with."""
    arrived = read_arrival(review)
    if arrived is None and "row" in st.query_params and not st.session_state.get(review_key("start", review)):
        st.warning("This address holds no row that can be read; the form begins with the typical one.")
    kept: list[Start] = st.session_state.setdefault(review_key("kept", review), [])
    starts = {start.name: start for start in list_starts(profile, report, arrived=arrived, kept=kept)}
    with st.container(horizontal=True, vertical_alignment="bottom", key="start-from"):
        name = st.selectbox(
            "Start from",
            list(starts),
            format_func=lambda each: starts[each].label,
            key=review_key("start", review),
            width=340,
        )
        st.button(
            "A random row", icon=":material/casino:", key="start-random", on_click=_draw_row, args=(review,)
        )
        with st.popover("Paste a row", icon=":material/content_paste:", key="start-paste"):
            _ask_pasted(review, profile, fields)
    _show_notes(review)
    return starts[name]


def _keep(review: Review, label: str, row: dict[str, Any]) -> None:
    """Offer the row among those to begin with, and begin with it."""
    key = review_key("kept", review)
    kept: list[Start] = st.session_state.get(key, [])
    count = 1 + max((int(each.name.rpartition("-")[2]) for each in kept), default=0)
    start = Start(f"kept-{count}", f"{label} {count}", row)
    st.session_state[key] = [start, *kept][:MOST_KEPT]
    st.session_state[review_key("start", review)] = start.name
    st.session_state.pop(review_key("paste-notes", review), None)


def _draw_row(review: Review) -> None:
    try:
        row = load_random_row(review)
    except GreenroomError as error:
        show_problem("No row can be drawn.", error)
        return
    if row is not None:
        _keep(review, "Random holdout row,", row)


def _ask_pasted(review: Review, profile: dict[str, Any], fields: list[Field]) -> None:
    key = review_key("pasted", review)
    st.text_area(
        "A JSON object, or a header line and a line of values from a CSV file or a spreadsheet",
        key=key,
        height=140,
    )
    st.button(
        "Fill the form",
        key="paste-row",
        type="primary",
        on_click=_take_pasted,
        args=(review, profile, fields),
    )
    for problem in st.session_state.get(review_key("paste-problems", review), ()):
        st.error(escape(problem, longest=400), icon=":material/edit:")


def _take_pasted(review: Review, profile: dict[str, Any], fields: list[Field]) -> None:
    pasted = read_pasted(st.session_state.get(review_key("pasted", review), ""), fields)
    st.session_state[review_key("paste-problems", review)] = pasted.problems
    if not pasted.problems:
        _keep(review, "Pasted row,", {**profile.get("typical", {}), **pasted.row})
        st.session_state[review_key("paste-notes", review)] = pasted.notes


def _show_notes(review: Review) -> None:
    for note in st.session_state.get(review_key("paste-notes", review), ()):
        st.caption(escape(note, longest=600))
