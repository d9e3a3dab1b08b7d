"""What changes for whom, in people's words."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.changes import tell_changes
from greenroom_pipeline.report import Report
from greenroom_portal.wording import escape


def show_movements(report: Report) -> None:
    """What else changes between the models, a line each."""
    told = tell_changes(report.observations, report.words)
    if told:
        st.subheader("Answers", anchor=False)
        st.markdown("\n".join(f"- {escape(sentence, longest=400)}" for sentence in told))
