"""What changes for whom, in people's words: who loses, who gains, and how many."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.report import Report
from greenroom_portal.tables.movements import tale_frame
from greenroom_portal.tales import Tale, choose_tales, find_tales
from greenroom_portal.telling import (
    Told,
    find_whole,
    tell_few,
    tell_sides,
    tell_surety,
    tell_tale,
    tell_whole,
)
from greenroom_portal.wording import escape

SHOWN_AT_FIRST = 3


def show_movements(report: Report) -> None:
    """Show what changes for whom, directly below the verdict; nothing without a champion to change from."""
    tales = find_tales(report) if report.champion else []
    if report.champion is None or not (tales or report.movements):
        return
    st.header("What changes for whom", anchor=False)
    with st.container(key="movements"):
        whole = find_whole(report)
        if whole is not None:
            st.markdown(_write(tell_whole(whole, report.words)))
        if tales:
            _show_tales(report, tales)
        else:
            st.caption(
                "No slices are declared under `[data]`, so nothing is known of who gains and who loses."
            )


def _show_tales(report: Report, tales: list[Tale]) -> None:
    with st.container(key="sides"):
        st.markdown(f"**{escape(tell_sides(tales, report.words), longest=600)}**")
    _show_side(report, choose_tales(tales, "worse"), title=":material/trending_down: Worse for")
    _show_side(report, choose_tales(tales, "better"), title=":material/trending_up: Better for")
    told = [tell_surety(report), tell_few(tales, report.words)]
    st.caption(escape(" ".join(each for each in told if each), longest=800))
    every = st.expander(
        f"All {len(tales):,} slices" if len(tales) > 1 else "The slice in figures",
        key="all-slices",
        on_change="rerun",
        bind="query-params",
    )
    if every.open:
        with every:
            st.dataframe(tale_frame(tales, report.words), hide_index=True, alt="What changes on each slice")


def _show_side(report: Report, tales: list[Tale], *, title: str) -> None:
    lines = [f"- {_write(tell_tale(tale, report.words))}" for tale in tales[:SHOWN_AT_FIRST]]
    if len(tales) > SHOWN_AT_FIRST:
        lines.append(f"- {len(tales) - SHOWN_AT_FIRST:,} more, in the table of all slices.")
    if lines:
        st.subheader(title, anchor=False)
        st.markdown("\n".join(lines))


def _write(told: Told) -> str:
    return f"**{escape(told.strong)}**{_go_on(told.rest)}"


def _go_on(text: str) -> str:
    """Escape text that goes on behind other text, with the space between them."""
    return f"{' ' if text.startswith(' ') else ''}{escape(text, longest=600)}"
