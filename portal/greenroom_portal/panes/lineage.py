"""Where the candidate comes from: code and data since the champion, drift, times and links."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report
from greenroom_pipeline.since import CommitLine, Since
from greenroom_portal.links import address_commit, read_link
from greenroom_portal.panes.drift import show_drift
from greenroom_portal.tables.lineage import (
    change_frame,
    list_columns,
    row_frame,
    tell_absence,
    tell_more,
    tell_since,
    tell_unknown,
)
from greenroom_portal.tables.timings import tell_compute, timing_frame
from greenroom_portal.wording import escape, short_sha


def show_lineage(review: Review, report: Report) -> None:
    if report.lineage is None and not report.timings:
        return
    st.header("Where it comes from", anchor=False)
    _show_links(review)
    if report.lineage is not None:
        _show_since(review, report, report.lineage.since)
    show_drift(report)
    _show_compute(report)


def _show_links(review: Review) -> None:
    pull, run = read_link(review.link), read_link(review.run_link)
    if pull is None and run is None:
        return
    with st.container(horizontal=True, key="links"):
        if pull is not None:
            st.link_button(
                f"Pull request #{review.pull}", pull, icon=":material/open_in_new:", type="tertiary"
            )
        if run is not None:
            st.link_button("Run in MLflow", run, icon=":material/open_in_new:", type="tertiary")


def _show_since(review: Review, report: Report, since: Since | None) -> None:
    if since is None:
        st.markdown(tell_absence(report))
        return
    st.markdown(tell_since(since, inputs=report.observations.inputs))
    fold = st.expander(
        "Code and data since production", icon=":material/commit:", key="since", bind="query-params"
    )
    if fold.open:
        with fold:
            _show_code(review, since)
            _show_changes(report, since)


def _show_code(review: Review, since: Since) -> None:
    for sentence in tell_unknown(since):
        st.info(sentence, icon=":material/help:")
    if since.commits:
        lines = [_write_commit(review, commit) for commit in since.commits]
        _show_list("Commits", lines, tell_more(len(since.commits), since.commit_count))
    if since.files:
        lines = [escape(name) for name in since.files]
        _show_list("Files that training reads", lines, tell_more(len(since.files), since.file_count))


def _write_commit(review: Review, commit: CommitLine) -> str:
    page, sha = address_commit(review.link, commit.sha), escape(short_sha(commit.sha))
    return f"{f'[{sha}]({page})' if page else sha} {escape(commit.subject)} · {escape(commit.author)}"


def _show_list(title: str, lines: Sequence[str], more: str | None) -> None:
    st.markdown(f"**{title}**")
    st.markdown("\n".join(f"- {line}" for line in [*lines, *([more] if more else [])]))


def _show_changes(report: Report, since: Since) -> None:
    inputs = report.observations.inputs
    columns = [] if inputs is None else list_columns(inputs)
    _show_table("Parameters", change_frame(since.parameters, first="Parameter"), since.parameter_count)
    _show_table("Dependencies", change_frame(since.dependencies, first="Package"), since.dependency_count)
    _show_table("Columns that the model takes", change_frame(columns, first="Column"), len(columns))
    _show_table("Rows", row_frame(since), None)
    if since.same_holdout is False:
        st.caption("The holdout is another one than that by which the model in production was let in.")


def _show_table(title: str, frame: pd.DataFrame, many: int | None) -> None:
    if frame.empty:
        return
    st.markdown(f"**{title}**")
    st.table(frame.map(escape), border="horizontal", hide_index=True, alt=f"{title}, in production and now")
    more = tell_more(len(frame), many)
    if more:
        st.caption(more)


def _show_compute(report: Report) -> None:
    if not report.timings:
        return
    fold = st.expander(tell_compute(report), icon=":material/timer:", key="compute", bind="query-params")
    if fold.open:
        with fold:
            st.table(
                timing_frame(report).map(escape), border="horizontal", hide_index=True, alt="Times per step"
            )
            st.caption(
                "This is what the candidate costs: time of one machine. What was found ready had been made before and "
                "was not made again. Greenroom knows no prices yet."
            )
