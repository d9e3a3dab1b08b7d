"""One review: the verdict, what changes for whom, why, the evidence, and where it comes from."""

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import load_champion_digest, load_report, load_review
from greenroom_portal.panes.actions import show_actions
from greenroom_portal.panes.cases import show_cases
from greenroom_portal.panes.checks import show_checks
from greenroom_portal.panes.curves import show_curves
from greenroom_portal.panes.disagreements import show_disagreements
from greenroom_portal.panes.exploration import show_exploration
from greenroom_portal.panes.lineage import show_lineage
from greenroom_portal.panes.metrics import show_metrics, show_slices
from greenroom_portal.panes.movements import show_movements
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.panes.timeline import show_timeline
from greenroom_portal.panes.verdict import show_header, show_run, show_verdict
from greenroom_portal.panes.welcome import show_guide
from greenroom_portal.router import REVIEWS
from greenroom_portal.selection import read_selection

st.page_link(REVIEWS, label="All reviews", icon=":material/arrow_back:")
selection = read_selection(st.query_params.to_dict())
if selection is None:
    st.error("This address names no review. Choose one from all reviews.", icon=":material/link_off:")
    st.stop()
try:
    review = load_review(selection.project, selection.pull)
except GreenroomError as error:
    show_problem("This review cannot be shown.", error)
    st.stop()

show_header(review)
try:
    report, champion_digest = load_report(review), load_champion_digest(review.project)
except GreenroomError as error:
    show_problem("The report cannot be shown.", error)
    show_timeline(review)
    st.stop()
if report is None:
    show_run(review)
    show_timeline(review)
    st.stop()

show_verdict(report, champion_digest=champion_digest)
show_actions(review, report)
show_guide()
show_movements(report)
show_checks(report)
show_cases(review, report)
show_metrics(report)
show_slices(report)
show_curves(report)
show_disagreements(review, report)
show_exploration(review, report)
show_lineage(review, report)
show_timeline(review)
