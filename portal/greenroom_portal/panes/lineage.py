"""Where the candidate comes from: code, data, drift, times and links."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report
from greenroom_portal.tables.timings import timing_frame
from greenroom_portal.wording import duration, escape


def show_lineage(_review: Review, report: Report) -> None:
    _show_timings(report)


def _show_timings(report: Report) -> None:
    if not report.timings:
        return
    total = sum(timing.seconds for timing in report.timings)
    with st.expander(f"Times per step: {duration(total)} in all", icon=":material/timer:"):
        st.table(timing_frame(report).map(escape), border="horizontal", hide_index=True, alt="Times per step")
