"""Try it: one row, a feature's range, or a file, asked of candidate and champion."""

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import load_profile, load_report, load_review
from greenroom_portal.panes.batch import show_batch
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.panes.queries import show_queries
from greenroom_portal.panes.readiness import show_readiness
from greenroom_portal.router import REVIEW, REVIEWS
from greenroom_portal.selection import address_review, read_selection
from greenroom_portal.wording import escape, short_sha

selection = read_selection(st.query_params.to_dict())
if selection is None:
    st.page_link(REVIEWS, label="All reviews", icon=":material/arrow_back:")
    st.error("This address names no review. Choose one from the list.", icon=":material/link_off:")
    st.stop()
st.page_link(
    REVIEW, label="Back to the review", icon=":material/arrow_back:", query_params=address_review(selection)
)
st.title("Try it", anchor=False)
try:
    review = load_review(selection.project, selection.pull)
    report = load_report(review)
except GreenroomError as error:
    show_problem("There is nothing to try here.", error)
    st.stop()

st.caption(
    f"{escape(review.title)} · {escape(review.project)} · #{review.pull} by {escape(review.author)} · "
    f"commit {escape(short_sha(review.sha))}"
)
show_readiness(review)
if report is None:
    st.info(
        "The run of this commit has no report yet; the review says how far it is.", icon=":material/sync:"
    )
    st.stop()
try:
    profile = load_profile(review)
except GreenroomError as error:
    show_problem("There is no form to fill in.", error)
    st.stop()
show_queries(review, report, profile)
show_batch(review, report, profile)
