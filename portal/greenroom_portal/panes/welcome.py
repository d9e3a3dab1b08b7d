"""What somebody meets who has not been here before."""

from __future__ import annotations

import streamlit as st

from greenroom_portal.guide import ADDRESS, COOKIE, READ

_DONE = "guide-read"
_STEPS = """
1. **The verdict** above says whether the candidate may go to production, and why. *Inconclusive* means that there
   are too few labelled rows to tell.
2. **For whom it is worse** stands below: better overall may still be worse for some. A difference counts once its
   whole interval lies on one side; the rest may be luck.
3. **Try it** asks the candidate and production the same question, side by side. You can break nothing.
"""


def show_guide() -> None:
    """Say in three steps how to read a review, until somebody has read it; one line, until it is opened."""
    if st.session_state.get(_DONE):
        # The picture brings the cookie, for the next visit.
        st.html(f'<img src="{ADDRESS}" alt="" width="1" height="1">')
        return
    if st.context.cookies.get(COOKIE) == READ:
        return
    with st.expander("Your first review? Read it in three steps", icon=":material/school:", key="guide"):
        st.markdown(_STEPS)
        st.button("Got it", key="guide-done", icon=":material/check:", on_click=_note)


def _note() -> None:
    st.session_state[_DONE] = True


def show_first_step() -> None:
    """Say how the first review comes about, where there is none."""
    with st.container(key="empty"):
        st.markdown("**No pull request has gone through the loop yet.** In your project's repository:")
        st.code("git switch -c my-change\n# change the model, commit\ngreenroom run", language=None)
        st.markdown(
            "`greenroom run` trains the branch's model, compares it with production, and starts a preview. "
            "The review then shows up here."
        )
