"""One review: the verdict, why, the evidence, live answers, and the decision."""

from datetime import UTC, datetime

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import load_champion_digest, load_report, load_review
from greenroom_portal.panes.evidence import (
    show_changes,
    show_checks,
    show_curves,
    show_metrics,
    show_slices,
    show_timings,
)
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.panes.promotion import show_promotion
from greenroom_portal.panes.queries import show_queries
from greenroom_portal.panes.verdict import show_header, show_run, show_verdict
from greenroom_portal.router import REVIEWS
from greenroom_portal.selection import read_selection

st.page_link(REVIEWS, label="All reviews", icon=":material/arrow_back:")
selection = read_selection(st.query_params.to_dict())
if selection is None:
    st.error("This address names no review. Choose one from the list.", icon=":material/link_off:")
    st.stop()
try:
    review = load_review(selection.project, selection.pull)
    report = load_report(review)
    champion_digest = load_champion_digest(review.project)
except GreenroomError as error:
    show_problem("This review cannot be shown.", error)
    st.stop()

show_header(review, now=datetime.now(UTC))
if report is None:
    show_run(review)
    st.stop()

show_verdict(report, champion_digest=champion_digest)
show_promotion(review, report)
show_checks(report)
show_metrics(report)
show_changes(report)
show_slices(report)
show_curves(report)
show_queries(review, report)
show_timings(report)
