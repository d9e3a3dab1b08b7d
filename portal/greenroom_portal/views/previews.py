"""Previews: who is awake, what they use, and what can be done with them."""

import streamlit as st

from greenroom_pipeline.errors import GreenroomError
from greenroom_portal.data import load_project
from greenroom_portal.panes.previews import show_previews
from greenroom_portal.panes.problems import show_problem

st.title("Previews", anchor=False)
st.caption(
    "A preview is a candidate's model, running for people to try. One that nobody asks sleeps, "
    "takes no memory, and wakes for the next question."
)
try:
    project = load_project()
except GreenroomError as error:
    show_problem("The previews cannot be shown.", error)
    st.stop()
show_previews(project)
