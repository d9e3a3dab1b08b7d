"""Every check with its outcome, its reason, and what to do."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.report import Override, Report
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.wording import escape, mark_outcome


def show_checks(report: Report) -> None:
    st.subheader("Checks", anchor=False)
    if not report.checks:
        st.markdown("No check is declared: add `[[gate.check]]` tables to `greenroom.toml`.")
    for place, check in enumerate(report.checks):
        with st.container(key=f"check-{place}", gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                show_mark(mark_outcome(check.outcome))
                st.markdown(f"**{escape(check.title)}** · {escape(check.code)}", width="content")
            st.markdown(escape(check.reason, longest=1000))
            if check.override is not None:
                _show_override(check.override)


def _show_override(word: Override) -> None:
    by, reason = escape(word.by, longest=80), escape(word.reason, longest=400)
    st.markdown(f":material/gavel: **Overridden** by {by} on {escape(word.at[:10])}: {reason}")
