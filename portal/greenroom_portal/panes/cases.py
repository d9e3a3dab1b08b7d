"""Pinned cases, and which of them broke."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.cases import CaseResult
from greenroom_pipeline.checks.pinned_cases import tell_pins
from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report
from greenroom_portal.router import TRY_IT
from greenroom_portal.selection import Selection, address_review, encode_row
from greenroom_portal.tables.cases import case_frame, shorten_row
from greenroom_portal.wording import MISSING, escape

_MOST = 10
"""Broken cases that are shown open; the others are in a table."""


def show_cases(review: Review, report: Report) -> None:
    """Show nothing where no case is pinned and none was taken away."""
    taken = tell_pins(report.pins)
    if not report.cases and not taken:
        return
    st.header("Pinned cases", anchor=False)
    st.caption("Inputs that somebody wanted to stay right, whatever a new model improves.")
    if taken:
        st.warning(escape(taken, longest=600), icon=":material/playlist_remove:")
    broken = [case for case in report.cases if case.outcome == "broken"]
    for place, case in enumerate(broken[:_MOST]):
        _show_broken(review, case, key=f"broken-case-{place}")
    _fold(broken[_MOST:], "broke as well", icon=":material/cancel:", key="more-broken-cases")
    untested = [case for case in report.cases if case.outcome == "not_tested"]
    _fold(untested, "could not be judged", icon=":material/remove_circle:", key="untested-cases")
    met = [case for case in report.cases if case.outcome == "met"]
    _fold(met, "held" if len(met) == 1 else "hold", icon=":material/check_circle:", key="met-cases")


def _show_broken(review: Review, case: CaseResult, *, key: str) -> None:
    with st.container(border=True, key=key, gap="xsmall"):
        st.markdown(f":material/cancel: **Broken: {escape(case.name)}**")
        st.caption(escape(shorten_row(case.row), longest=600))
        st.markdown(
            f"Expected: **{escape(case.expected)}**  \n"
            f"The candidate: **{escape(case.answered, longest=400)}**  \n"
            f"Production: {escape(case.champion or MISSING, longest=400)}"
        )
        st.markdown(f"Pinned by {escape(case.by)}: {escape(case.reason, longest=500)}")
        address = address_review(Selection(project=review.project, pull=review.pull))
        st.page_link(
            TRY_IT,
            label="Try this row",
            icon=":material/play_arrow:",
            query_params={**address, "row": encode_row(case.row)},
        )


def _fold(cases: list[CaseResult], verb: str, *, icon: str, key: str) -> None:
    """Fold a table of cases away; it is made once it is opened."""
    if not cases:
        return
    label = f"{len(cases):,} {'case' if len(cases) == 1 else 'cases'} {verb}"
    pane = st.expander(label, icon=icon, key=key, on_change="rerun", bind="query-params")
    if pane.open:
        pane.dataframe(case_frame(cases), hide_index=True, alt=label)
