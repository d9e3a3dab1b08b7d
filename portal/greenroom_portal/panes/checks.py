"""Every check with its outcome, its reason, and what to do; what needs attention first."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from greenroom_pipeline.checks.remedies import find_override, find_remedy
from greenroom_pipeline.report import CheckResult, Override, Report
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.tables.checks import count_outcomes, name_harmed, split_checks
from greenroom_portal.wording import escape, mark_outcome

SHOWN_UNFOLDED = 2


def show_checks(report: Report) -> None:
    st.header("Checks", anchor=False)
    if not report.checks:
        st.markdown("No check is declared: add `[[gate.check]]` tables to `greenroom.toml`.")
        return
    open_ones, settled = split_checks(report.checks)
    st.caption(f"{count_outcomes(report.checks)}.")
    _show_each(report, open_ones, key="open")
    if len(settled) <= SHOWN_UNFOLDED:
        _show_each(report, settled, key="settled")
        return
    folded = st.expander(
        f"Nothing to do: {count_outcomes(settled)}",
        key="settled-checks",
        bind="query-params",
        on_change="rerun",
    )
    if folded.open:
        with folded:
            _show_each(report, settled, key="settled")


def _show_each(report: Report, checks: Sequence[CheckResult], *, key: str) -> None:
    for place, check in enumerate(checks):
        with st.container(key=f"check-{key}-{place}", gap="xsmall"):
            _show_check(report, check)


def _show_check(report: Report, check: CheckResult) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        show_mark(mark_outcome(check.outcome))
        st.markdown(f"**{escape(check.title)}** · {escape(check.code)}", width="content")
    st.markdown(escape(check.reason, longest=1000))
    remedy = find_remedy(check, report.words, where=name_harmed(report, check))
    if remedy:
        st.markdown(f":material/arrow_forward: **What to do:** {escape(remedy, longest=600)}")
    command = find_override(check)
    if command:
        st.caption(
            f"If it must go in all the same: `{command}` lets this one commit through, with your reason."
        )
    if check.override is not None:
        _show_override(check.override)


def _show_override(word: Override) -> None:
    by, reason = escape(word.by, longest=80), escape(word.reason, longest=400)
    st.markdown(f":material/gavel: **Overridden** by {by} on {escape(word.at[:10])}: {reason}")
