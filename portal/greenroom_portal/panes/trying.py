"""The way from a review to *Try it*."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_portal.router import TRY_IT
from greenroom_portal.selection import Selection, address_review


def show_way_to_try(review: Review) -> None:
    with st.container(key="to-try-it", width="content"):
        st.page_link(
            TRY_IT,
            label="Try it: ask both models",
            icon=":material/play_arrow:",
            query_params=address_review(Selection(review.project, review.pull)),
        )
