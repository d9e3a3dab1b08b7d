"""What can be done with a candidate: try it, and let it into production."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import Report
from greenroom_portal.panes.promotion import show_promoted, show_promotion
from greenroom_portal.panes.trying import show_way_to_try


def show_actions(review: Review, report: Report) -> None:
    show_promoted(review)
    with st.container(horizontal=True, vertical_alignment="center", key="actions"):
        show_way_to_try(review)
        show_promotion(review, report)
