"""Try it: one row, a feature's range, or a file, asked of candidate and champion."""

import streamlit as st

st.title("Try it", anchor=False)
