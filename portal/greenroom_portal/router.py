"""The pages and their addresses."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

VIEWS = Path(__file__).parent / "views"
SCRIPT = VIEWS / "app.py"
# A file of our own: visitors' browsers would fetch a named icon from a server on the internet.
ICON = Path(__file__).parent / "icon.svg"
REVIEWS = VIEWS / "reviews.py"
REVIEW = VIEWS / "review.py"
TRY_IT = VIEWS / "tryit.py"
PREVIEWS = VIEWS / "previews.py"
HISTORY = VIEWS / "history.py"
# Titles wrap on a telephone; Streamlit would cut them off without a sign.
WRAPPED_LINKS = "<style>[data-testid=stPageLink] * { white-space: normal; overflow: visible; }</style>"


def route() -> None:
    """Run the page that the address names."""
    st.set_page_config(page_title="Greenroom", page_icon=ICON, layout="wide")
    st.html(WRAPPED_LINKS)
    pages = [
        st.Page(REVIEWS, title="Reviews", icon=":material/rule:", default=True),
        st.Page(REVIEW, title="Review", icon=":material/rate_review:", url_path="review"),
        st.Page(TRY_IT, title="Try it", icon=":material/play_arrow:", url_path="try"),
        st.Page(PREVIEWS, title="Previews", icon=":material/memory:", url_path="previews"),
        st.Page(HISTORY, title="History", icon=":material/history:", url_path="history"),
    ]
    st.navigation(pages, position="hidden").run()
