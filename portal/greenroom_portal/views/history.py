"""History: which model was production when."""

import streamlit as st

st.title("History", anchor=False)
