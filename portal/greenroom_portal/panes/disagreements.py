"""The holdout rows on which the two models differ most."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.report import Report
from greenroom_portal.data import load_differences, load_rows
from greenroom_portal.panes.exploration import NOT_HERE
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.panes.row_filters import ask_filters
from greenroom_portal.router import TRY_IT
from greenroom_portal.selection import Selection, address_row
from greenroom_portal.tables.differences import (
    Differing,
    difference_frame,
    name_kept,
    tell_difference,
    tell_features,
    tell_report_tally,
    tell_tally,
)
from greenroom_portal.wording import escape

PARAMETER = "differ"
AT_FIRST = 5


@st.fragment
def show_disagreements(review: Review, report: Report) -> None:
    """Show how many rows flip; the rows themselves once the pane is opened."""
    if report.champion is None:
        return
    st.header("Where the models disagree", anchor=False)
    tally = tell_report_tally(report)
    if tally is not None:
        st.markdown(
            f"**{tally.fixed:,} fixed**, which only the candidate has right · "
            f"**{tally.broken:,} broken**, which only the champion has right · "
            f"of {tally.rows:,} {escape(report.words.rows)}"
        )
    pane = st.expander(
        "The rows that differ most",
        expanded=PARAMETER in st.query_params,
        icon=":material/difference:",
        key="differ-pane",
        on_change="rerun",
        bind="query-params",
    )
    if not pane.open:
        return
    with pane:
        try:
            _show_chosen(review, report)
        except GreenroomError as error:
            show_problem("These rows cannot be shown.", error)


def _show_chosen(review: Review, report: Report) -> None:
    if load_rows(review) is None:
        _show_rows(review, report, report.disagreements)
        st.info(f"These are the rows in the report. {NOT_HERE}", icon=":material/folder_off:")
        return
    filters = ask_filters(review, report, parameter=PARAMETER)
    names = name_kept(report.task)
    # No segments: the chosen one's text would be in the primary colour, too faint on a dark page.
    kept = st.radio(
        "Rows",
        list(names),
        horizontal=True,
        format_func=names.__getitem__,
        key="kept",
        bind="query-params",
    )
    with st.spinner("Looking through the holdout…"):
        found = load_differences(review, filters, kept=kept or "all")
    st.markdown(escape(tell_tally(found.tally, report.words, task=report.task), longest=400))
    _show_rows(review, report, found.rows)


def _show_rows(review: Review, report: Report, rows: Sequence[Differing]) -> None:
    if not rows:
        st.markdown("No such row: both models answer alike.")
        return
    shown = f"differ-shown-{review.project}-{review.pull}"
    many = int(st.session_state.get(shown, AT_FIRST))
    for place, row in enumerate(rows[:many]):
        _show_row(review, report, row, place=place)
    if len(rows) > many:
        more = {shown: len(rows)}
        st.button(f"Show all {len(rows)}", key="differ-more", on_click=st.session_state.update, args=(more,))
    with st.expander("The same as a table"):
        table = difference_frame(rows, report.words)
        st.dataframe(table, hide_index=True, alt="Rows on which the models differ most, with both answers")


def _show_row(review: Review, report: Report, row: Differing, *, place: int) -> None:
    words = report.words
    with st.container(border=True, gap="xsmall", key=f"differ-{place}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(tell_difference(row, words), width="content")
            st.page_link(
                TRY_IT,
                label=f"Try row {row.row:,}",
                icon=":material/play_arrow:",
                query_params=address_row(Selection(review.project, review.pull), row.features),
            )
        st.caption(escape(tell_features(row, words), longest=1_000))
