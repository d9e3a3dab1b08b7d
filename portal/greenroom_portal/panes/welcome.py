"""What somebody meets who has not been here before."""

from __future__ import annotations

import streamlit as st


def show_first_step() -> None:
    """Say how the first review comes about, where there is none."""
    with st.container(key="empty"):
        st.markdown("**No pull request has gone through the loop yet.** In your project's repository:")
        st.code("git switch -c my-change\n# change the model, commit\ngreenroom run", language="bash")
        st.markdown(
            "`greenroom run` trains the branch's model, compares it with production, and starts a preview. "
            "The review then shows up here."
        )
