"""Drift: where training rows and holdout differ, and how far the models' answers are apart."""

from __future__ import annotations

from functools import partial

import streamlit as st

from greenroom_pipeline.drift import Drift
from greenroom_pipeline.drifting import LEAST_EFFECT
from greenroom_pipeline.report import Report
from greenroom_portal.charts.drift import draw_drift
from greenroom_portal.panes.figures import show_drawing
from greenroom_portal.tables.drift import (
    HOW_TO,
    MEANING,
    choose_drawn,
    drift_frame,
    list_drifted,
    present_drift,
    tell_distances,
    tell_drift,
    tell_groups,
    title_drift,
)
from greenroom_portal.wording import escape


def show_drift(report: Report) -> None:
    """Show both folded, and work them out once they are opened."""
    fold = st.expander(
        title_drift(report.drift), icon=":material/trending_up:", key="drift", bind="query-params"
    )
    if fold.open:
        with fold:
            if report.drift is None:
                st.markdown(HOW_TO)
            else:
                _show_columns(report.drift)
            _show_distances(report)


def _show_columns(drift: Drift) -> None:
    told = [f"- **{escape(name)}**: {escape(change, longest=900)}" for name, change in list_drifted(drift)]
    st.markdown("\n".join([tell_drift(drift), *told]))
    st.caption(" ".join(filter(None, [MEANING, tell_groups(drift)])))
    frame = drift_frame(drift)
    alt = "Distance of training rows and holdout in each column, drifted ones first"
    with st.container(key="chart-drift"):
        show_drawing(partial(draw_drift, choose_drawn(frame), least=LEAST_EFFECT), alt_text=alt)
    st.dataframe(present_drift(frame), hide_index=True, alt=alt)
    hidden = (drift.tested or 0) - len(drift.columns)
    if hidden > 0:
        st.caption(f"The {hidden:,} columns that differ least are not listed.")


def _show_distances(report: Report) -> None:
    told = tell_distances(report.observations.distances) if report.observations.distances else []
    if told:
        st.markdown("**The two models' answers on the same rows**")
        st.markdown("\n".join(f"- {escape(sentence, longest=400)}" for sentence in told))
