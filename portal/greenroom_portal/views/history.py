"""History: which model was production when, who let it in, and on what evidence."""

from datetime import UTC, datetime

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import load_history, load_project
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.panes.reigns import show_metric, show_nothing, show_now, show_reigns

st.title("History", anchor=False)
try:
    project = st.query_params.get("project") or load_project()
    reigns = load_history(project)
except GreenroomError as error:
    show_problem("The history cannot be read.", error)
    st.stop()

if not reigns:
    show_nothing()
    st.stop()

now = datetime.now(UTC)
show_now(reigns[0], now=now)
show_metric(reigns, now=now)
show_reigns(reigns, project=project)
