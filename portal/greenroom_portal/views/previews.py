"""Previews: who is awake, and what they use."""

import streamlit as st

st.title("Previews", anchor=False)
